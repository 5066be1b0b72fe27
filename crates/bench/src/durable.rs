//! The rows of what must be durable before its answer: suspensions and records of factors, beside what the disk itself allows.

use crate::contenders;
use crate::effort::Effort;
use crate::event::{self, KEY};
use crate::folder::Folder;
use crate::load::{Connection, Load, Make};
use crate::login_rows::connections_text;
use crate::logins_load::Template;
use crate::minimal::Step;
use crate::processor_time::ProcessorTime;
use crate::report::{Bound, Report, Row, progress};
use crate::server::{Installation, Process, Server};
use crate::stats::{Round, Rounds};
use crate::story::{self, UserSession};
use anyhow::Result;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connections, each with one request under way.
const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// The connections of the promised rate.
const PROMISED_AT: usize = 64;
/// Of what the disk allows in groups, this much must be reached.
const OF_THE_DISK: f64 = 0.5;
/// Bytes that the disk's own rows append for each record: about what a suspended login is in the store.
const RECORD: usize = 1024;

/// Suspensions and factor records, in turn with the disk alone and with the minimal server that syncs each record.
pub(crate) fn measure(folder: &Folder, effort: &Effort, report: &mut Report) -> Result<()> {
    progress("durable: starting ours, and the minimal server that syncs each record");
    let server = Server::start(folder, &folder.server("durable")?, &Installation::default())?;
    let steps: Vec<Step> = Step::LOGIN.into_iter().chain([Step::Sync]).collect();
    let minimal = contenders::minimal(folder, &steps)?;
    let disk = folder.server("disk")?.join("appended");
    for connections in CONNECTIONS {
        progress(&format!("durable: {connections} connections"));
        let mut rounds = [const { Rounds(Vec::new()) }; 4];
        for round in 0..effort.rounds {
            let [on_disk, minimal_rounds, suspends, records] = &mut rounds;
            on_disk.0.push(append_and_sync(&disk, connections, effort.round)?);
            minimal_rounds.0.push(measured(&minimal.process, || minimal.load.run_for(connections, effort.round))?);
            suspends.0.push(measured(&server.process, || {
                suspensions(&server, &format!("s{connections}-{round}"), connections, effort)
            })?);
            records.0.push(factors(&server, &format!("f{connections}-{round}"), connections, effort)?);
        }
        add(report, connections, &rounds);
    }
    Ok(())
}

fn add(report: &mut Report, connections: usize, [disk, minimal, suspends, records]: &[Rounds; 4]) {
    let rate = |round: &Round| round.rate;
    report.section(&format!("Durable before the answer, {}", connections_text(connections)));
    report.row(Row::of(format!("the disk alone: append {connections} of 1 KiB, fdatasync"), disk));
    let name = "minimal server, each answer after its record's fdatasync";
    report.row(Row::of(name, minimal).against(minimal.ratio(disk, rate), "of the disk alone"));
    for (name, rounds) in [("suspensions", suspends), ("factor records", records)] {
        let of_disk = rounds.ratio(disk, rate);
        let row = Row::of(name, rounds).against(of_disk, "of the disk alone");
        report.row(row.against(rounds.ratio(minimal, rate), "of the minimal server"));
        if connections == PROMISED_AT {
            let what =
                format!("{name} at {connections} connections, of what the disk's append and sync allow in groups");
            report.promise(what, of_disk, Bound::AtLeast(OF_THE_DISK));
        }
    }
}

/// Groups of records, appended and synced one group after the other: each record counts, with the latency of its group.
fn append_and_sync(path: &Path, group: usize, lasts: Duration) -> Result<Round> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let records = vec![b'r'; RECORD * group];
    let (began, mut latencies) = (Instant::now(), Vec::new());
    while began.elapsed() < lasts {
        let group_began = Instant::now();
        file.write_all(&records)?;
        file.sync_data()?;
        latencies.extend(std::iter::repeat_n(group_began.elapsed(), group));
    }
    let round = Round::new(latencies, began.elapsed());
    // The next round appends to an empty file again.
    file.set_len(0)?;
    Ok(round)
}

/// A round with its processor time.
fn measured(process: &Process, ask: impl FnOnce() -> Result<Round>) -> Result<Round> {
    let (before, own) = (process.processor_time()?, ProcessorTime::of("self")?);
    let mut round = ask()?;
    round.used(process.processor_time()?.since(&before), ProcessorTime::of("self")?.since(&own));
    Ok(round)
}

/// Logins without a factor: each is redirected, and its state stored.
fn suspensions(server: &Server, prefix: &str, connections: usize, effort: &Effort) -> Result<Round> {
    let prefix = prefix.to_owned();
    let make: Make = Arc::new(move |connection, count, request| {
        // A user has few suspended logins at a time, so each login is another user's.
        let user = format!("{prefix}-{connection}-{count}");
        Template::login(KEY, &event::login(&user, Some(&user))).write(request);
    });
    Load { address: server.process.address, make, expect: "\"redirect\"" }.run_for(connections, effort.round)
}

/// Suspended logins, made beforehand, are completed: each records a factor.
fn factors(server: &Server, prefix: &str, connections: usize, effort: &Effort) -> Result<Round> {
    let each = (effort.records / connections).max(1);
    let prepared: Vec<Vec<u8>> =
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let mut connection = Connection::open(server.process.address).await?;
            let mut prepared = Vec::new();
            for number in 0..each * connections {
                prepared.push(story::suspended(server, &mut connection, &UserSession::new(prefix, number)).await?);
            }
            anyhow::Ok(prepared)
        })?;
    let make: Make = Arc::new(move |connection, turn, request| {
        let at = usize::try_from(turn).unwrap_or(usize::MAX).saturating_mul(connections).saturating_add(connection);
        request.extend_from_slice(prepared.get(at).map(Vec::as_slice).unwrap_or_default());
    });
    let load = Load { address: server.process.address, make, expect: "\"continue\"" };
    measured(&server.process, || load.run_times(connections, each * connections))
}
