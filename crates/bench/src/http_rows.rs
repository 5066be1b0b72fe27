//! The rows over HTTP: logins beside a bare handler, and what must be durable before its answer.

use crate::effort::Effort;
use crate::engine_rows::BARE_TWO;
use crate::event;
use crate::folder::Folder;
use crate::load::{Connection, Load, Make};
use crate::server::{Installation, Process, Server};
use crate::stats::{Round, Rounds};
use crate::story::{self, UserSession};
use crate::table::Table;
use anyhow::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Connections, each with one request under way.
pub(crate) const CLIENTS: [usize; 3] = [1, 16, 64];
/// The connections of the promised rate.
const PROMISED_AT: usize = 16;
/// Of what the bare handler and the bare run predict together, this much must be reached.
const PREDICTED_AT_LEAST: f64 = 0.7;

/// The row that says what nothing but decoding, running and answering would reach.
const PREDICTED: &str = "predicted: 1 / (1 / bare handler + 1 / bare runs), 16 clients";

/// A key that no other request of this process has.
pub(crate) fn fresh_key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("bench-{:016}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Logins in these sessions, each with a fresh factor.
pub(crate) fn logins_of(user_sessions: &[UserSession]) -> Make {
    let bodies: Vec<String> = user_sessions
        .iter()
        .map(|user_session| event::login(&user_session.user, Some(&user_session.session)))
        .collect();
    Arc::new(move |connection, _| {
        let body = bodies.get(connection % bodies.len().max(1)).map(String::as_str).unwrap_or_default();
        event::post("/v1/logins", Some(&fresh_key()), body)
    })
}

/// User sessions that have a fresh factor.
pub(crate) fn user_sessions(server: &Server, prefix: &str, count: usize) -> Result<Vec<UserSession>> {
    let user_sessions: Vec<UserSession> = (0..count).map(|number| UserSession::new(prefix, number)).collect();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut connection = Connection::open(server.process.address).await?;
        for user_session in &user_sessions {
            story::complete(server, &mut connection, user_session).await?;
        }
        anyhow::Ok(())
    })?;
    Ok(user_sessions)
}

/// `POST /v1/logins` of a login that continues with a fresh factor, beside the bare handler.
pub(crate) fn logins(folder: &Folder, effort: &Effort, clients: &[usize], table: &mut Table) -> Result<()> {
    let bare = Process::own(&["bare-http".as_ref()])?;
    let start = |log_level: &'static str| -> Result<(Server, Load)> {
        let installation = Installation { log_level, ..Installation::default() };
        let server = Server::start(folder, &folder.server(&format!("logins-{log_level}"))?, &installation)?;
        let make = logins_of(&user_sessions(&server, "login", 64)?);
        let load = Load { address: server.process.address, make, expect: "\"continue\"" };
        Ok((server, load))
    };
    let (info, warn) = (start("info")?, start("warn")?);
    let bare_load = Load { address: bare.address, ..info.1.clone() };
    let steps = [step(folder, "bare", &bare_load)?, step(folder, "pipeline", &bare_load)?];
    for &clients in clients {
        let mut subjects = vec![(&bare_load, &bare), (&info.1, &info.0.process), (&warn.1, &warn.0.process)];
        if clients == PROMISED_AT {
            subjects.extend(steps.iter().map(|(process, load)| (load, process)));
        }
        let rounds = interleaved(effort, &subjects, clients)?;
        let [bare, info, warn, steps @ ..] = rounds.as_slice() else { continue };
        let names = ["bare axum handler", "POST /v1/logins", "POST /v1/logins, --log-level warn"];
        let [bare_name, info_name, warn_name] = names.map(|name| format!("{name}, {clients} clients"));
        table.rate(&bare_name, bare.rate(), None);
        table.rate(&info_name, info.rate(), Some(&bare_name));
        table.rate(&warn_name, warn.rate(), Some(&bare_name));
        let [bare_latency, info_latency] = [&bare_name, &info_name].map(|name| format!("  latency of {name}"));
        table.latency(&bare_latency, bare, None);
        table.latency(&info_latency, info, Some(&bare_latency));
        let [bare_used, info_used, warn_used] =
            [&bare_name, &info_name, &warn_name].map(|name| format!("  processor time of {name}"));
        table.processor(&bare_used, bare, None);
        table.processor(&info_used, info, Some(&bare_used));
        table.processor(&warn_used, warn, Some(&bare_used));
        if clients == PROMISED_AT {
            predict(table, bare, [("default log", info), ("--log-level warn", warn)]);
        }
        for (name, rounds) in STEPS.into_iter().zip(steps) {
            let name = format!("{name}, {clients} clients");
            table.rate(&name, rounds.rate(), table.median(PREDICTED).map(|_| PREDICTED));
            table.processor(&format!("  processor time of {name}"), rounds, Some(&bare_used));
        }
    }
    Ok(())
}

/// What lies between the bare handler and the server.
const STEPS: [&str; 2] =
    ["bare axum handler that runs the bare loop once", "bare axum handler that runs our pipeline once"];

/// A handler that runs the action as well, by the bare loop or by the pipeline.
fn step(folder: &Folder, run: &str, bare: &Load) -> Result<(Process, Load)> {
    let component = folder.plugin("custom-factor")?;
    let arguments = ["bare-http".as_ref(), "--run".as_ref(), run.as_ref(), component.as_os_str()];
    let process = Process::own(&arguments)?;
    let load = Load { address: process.address, ..bare.clone() };
    Ok((process, load))
}

fn predict(table: &mut Table, bare: &Rounds, subjects: [(&str, &Rounds); 2]) {
    let Some(runs) = table.median(BARE_TWO) else { return };
    let predicted = 1.0 / (1.0 / bare.rate() + 1.0 / runs);
    table.rate(PREDICTED, predicted, None);
    for (what, rounds) in subjects {
        table.rate(&format!("POST /v1/logins against the prediction, {what}"), rounds.rate(), Some(PREDICTED));
        let ratio = rounds.rate() / predicted;
        let what = format!("login against the prediction, {what}");
        table.target(&what, ratio, ratio >= PREDICTED_AT_LEAST, "at least 0.7");
    }
}

/// The rounds of some subjects, which take turns.
pub(crate) fn interleaved(effort: &Effort, subjects: &[(&Load, &Process)], clients: usize) -> Result<Vec<Rounds>> {
    let mut rounds = vec![Rounds::default(); subjects.len()];
    for (load, _) in subjects {
        load.run_for(clients, effort.round / 2)?;
    }
    for _ in 0..effort.rounds {
        for ((load, process), rounds) in subjects.iter().zip(&mut rounds) {
            let before = process.processor_time()?;
            let mut round = load.run_for(clients, effort.round)?;
            round.used(process.processor_time()?.saturating_sub(before));
            rounds.0.push(round);
        }
    }
    Ok(rounds)
}

/// What is durable before the answer: suspensions and records of factors.
pub(crate) fn durable(folder: &Folder, effort: &Effort, table: &mut Table) -> Result<()> {
    let installation = Installation { log_level: "info", ..Installation::default() };
    let server = Server::start(folder, &folder.server("durable")?, &installation)?;
    for clients in CLIENTS {
        let (mut suspends, mut records) = (Rounds::default(), Rounds::default());
        for round in 0..effort.rounds {
            suspends.0.push(suspensions(&server, &format!("s{clients}-{round}"), clients, effort)?);
            records.0.push(factors(&server, &format!("f{clients}-{round}"), clients, effort)?);
        }
        table.rate(&format!("suspensions, durable, {clients} clients"), suspends.rate(), None);
        table.latency(&format!("  latency of suspensions, {clients} clients"), &suspends, None);
        table.rate(&format!("factor records, durable, {clients} clients"), records.rate(), None);
        table.latency(&format!("  latency of factor records, {clients} clients"), &records, None);
    }
    Ok(())
}

/// Logins without a factor: each is redirected, and its state stored.
fn suspensions(server: &Server, prefix: &str, clients: usize, effort: &Effort) -> Result<Round> {
    let prefix = prefix.to_owned();
    let make: Make = Arc::new(move |connection, count| {
        let user = format!("{prefix}-{connection}-{count}");
        event::post("/v1/logins", Some(&fresh_key()), &event::login(&user, Some(&user)))
    });
    Load { address: server.process.address, make, expect: "\"redirect\"" }.run_for(clients, effort.round)
}

/// Suspended logins, made beforehand, are completed: each records a factor.
fn factors(server: &Server, prefix: &str, clients: usize, effort: &Effort) -> Result<Round> {
    let each = effort.records / clients;
    let prepared: Vec<Vec<u8>> =
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let mut connection = Connection::open(server.process.address).await?;
            let mut prepared = Vec::new();
            for number in 0..each * clients {
                prepared.push(story::suspended(server, &mut connection, &UserSession::new(prefix, number)).await?);
            }
            anyhow::Ok(prepared)
        })?;
    let make: Make = Arc::new(move |connection, count| {
        let at = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(clients).saturating_add(connection);
        prepared.get(at).cloned().unwrap_or_default()
    });
    Load { address: server.process.address, make, expect: "\"continue\"" }.run_times(clients, each * clients)
}
