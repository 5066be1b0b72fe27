//! The rows of a login: beside a bare handler, runs alone and the minimal server; at fixed rates; and step by step.

use crate::contenders::{self, Contender};
use crate::effort::Effort;
use crate::folder::Folder;
use crate::load::Load;
use crate::minimal::Step;
use crate::open_loop::OpenLoop;
use crate::report::{Bound, Report, Row, progress};
use crate::rounds::{Subject, closed_loop, in_turn};
use crate::stats::{Round, Rounds};
use anyhow::Result;
use std::time::Duration;

/// The connections of the promised rate, and of the steps.
const PROMISED_AT: usize = 16;
/// Of what bare handler and runs predict together, and of the minimal server's rate, this much must be reached.
const OF_THE_PREDICTION: f64 = 0.7;
const OF_THE_MINIMAL: f64 = 0.75;
/// Processor time of a login, and the median latency at one connection, as multiples of the bare handler's.
const OF_THE_BARE: f64 = 2.2;
/// Connections of the load at fixed rates.
const OPEN: usize = 64;
/// The fixed rates, as parts of what ours makes at most at as many connections.
const PARTS: [f64; 3] = [0.25, 0.5, 0.75];

pub(crate) const BARE: &str = "bare axum handler";
const OURS: &str = "POST /v1/logins";
const MINIMAL: &str = "minimal server";

/// Logins in closed loops.
pub(crate) fn closed(folder: &Folder, effort: &Effort, connections: &[usize], report: &mut Report) -> Result<()> {
    progress("logins: starting a bare handler, a bare loop, the minimal server, and two of ours");
    let bare = contenders::bare_handler()?;
    let runs = contenders::runs(folder)?;
    let minimal = contenders::minimal(folder, &Step::LOGIN)?;
    let (info, warn) = (contenders::ours(folder, "info")?, contenders::ours(folder, "warn")?);
    for &connections in connections {
        progress(&format!("logins: {connections} connections"));
        let subjects = [bare.subject(), Subject::Runs(&runs), minimal.subject(), info.subject(), warn.subject()];
        let rounds = in_turn(effort.rounds, effort.round, &subjects, &closed_loop(connections))?;
        let [bare, runs, minimal, info, warn] = rounds.as_slice() else { continue };
        let rows = Closed { connections, bare, runs, minimal, info, warn };
        rows.report(report);
    }
    Ok(())
}

/// The rounds of one number of connections.
struct Closed<'r> {
    connections: usize,
    bare: &'r Rounds,
    runs: &'r Rounds,
    minimal: &'r Rounds,
    info: &'r Rounds,
    warn: &'r Rounds,
}

impl Closed<'_> {
    fn report(&self, report: &mut Report) {
        let Self { connections, bare, runs, minimal, info, warn } = self;
        let predicted = bare.together(runs);
        let rate = |round: &Round| round.rate;
        let ours = |name: &str, rounds: &Rounds| {
            Row::of(name, rounds)
                .against(rounds.ratio(&predicted, rate), "of the prediction")
                .against(rounds.ratio(minimal, rate), "of the minimal server")
                .against(rounds.ratio(bare, |round| round.processor), "times the bare handler's processor time")
        };
        report.section(&format!("Logins, {}", connections_text(*connections)));
        report.row(Row::of(BARE, bare));
        report.row(Row::rate("bare wasmtime loop, a thread for each processor", runs.rate()));
        report.row(Row::rate("predicted: 1 / (1 / bare handler + 1 / bare loop)", predicted.rate()));
        report.row(
            Row::of(MINIMAL, minimal)
                .against(minimal.ratio(&predicted, rate), "of the prediction")
                .against(minimal.ratio(bare, |round| round.processor), "times the bare handler's processor time"),
        );
        report.row(ours(OURS, info));
        report.row(ours("POST /v1/logins, --log-level warn", warn));
        if *connections == PROMISED_AT {
            let what = |of: &str| format!("logins at {connections} connections, {of}");
            report.promise(what("of the prediction"), info.ratio(&predicted, rate), Bound::AtLeast(OF_THE_PREDICTION));
            report.promise(what("of the minimal server"), info.ratio(minimal, rate), Bound::AtLeast(OF_THE_MINIMAL));
            let used = info.ratio(bare, |round| round.processor);
            report.promise(
                what("processor time as a multiple of the bare handler's"),
                used,
                Bound::AtMost(OF_THE_BARE),
            );
        }
        if *connections == 1 {
            let ratio = info.ratio(bare, Round::p50);
            report.promise(
                "login at one connection, p50 as a multiple of the bare handler's",
                ratio,
                Bound::AtMost(OF_THE_BARE),
            );
        }
    }
}

pub(crate) fn connections_text(connections: usize) -> String {
    if connections == 1 { "one connection".to_owned() } else { format!("{connections} connections") }
}

/// Logins at fixed rates, whether or not a server keeps up.
pub(crate) fn open(folder: &Folder, effort: &Effort, report: &mut Report) -> Result<()> {
    progress("fixed rates: looking for the most that ours makes");
    let contenders = [
        (BARE, contenders::bare_handler()?),
        (MINIMAL, contenders::minimal(folder, &Step::LOGIN)?),
        (OURS, contenders::ours(folder, "info")?),
    ];
    let subjects: Vec<_> = contenders.iter().map(|(_, contender)| contender.subject()).collect();
    let most = in_turn(effort.rounds, effort.round, &subjects, &closed_loop(OPEN))?;
    let most = most.last().map_or(f64::NAN, Rounds::rate);
    for part in PARTS {
        let rate = (most * part).round();
        let percent = part * 100.0;
        progress(&format!("fixed rates: {rate} a second"));
        let ask = |load: &Load, lasts: Duration| OpenLoop { load, connections: OPEN, rate }.run_for(lasts);
        let all = in_turn(effort.rounds, effort.round, &subjects, &ask)?;
        report.section(&format!(
            "Fixed rate: {rate} logins a second, {percent} % of what ours makes at most, {OPEN} connections"
        ));
        for ((name, _), rounds) in contenders.iter().zip(&all) {
            let mut row = Row::of(*name, rounds);
            if let Some(bare) = all.first().filter(|_| *name != BARE) {
                row = row.against(rounds.ratio(bare, Round::p99), "times the bare handler's p99");
            }
            report.row(row);
        }
    }
    Ok(())
}

/// What each step from the bare handler to ours costs.
pub(crate) fn steps(folder: &Folder, effort: &Effort, report: &mut Report) -> Result<()> {
    progress("steps: starting a server for each");
    let mut contenders: Vec<(String, Contender)> = vec![
        (format!("{BARE}, on a runtime of several threads"), contenders::bare_handler()?),
        ("the same on a runtime for each core".to_owned(), contenders::minimal(folder, &[])?),
    ];
    for (last, step) in Step::LOGIN.iter().enumerate() {
        let steps = Step::LOGIN.get(..=last).unwrap_or_default();
        contenders.push((format!("+ {}", step.title()), contenders::minimal(folder, steps)?));
    }
    contenders.push((format!("{OURS}, --log-level warn"), contenders::ours(folder, "warn")?));
    contenders.push((OURS.to_owned(), contenders::ours(folder, "info")?));
    for (by, title) in [("bare", "the bare loop's run"), ("pipeline", "our pipeline")] {
        let name = format!("beside them: {BARE} with {title} once in each request");
        contenders.push((name, contenders::handler_that_runs(folder, by)?));
    }
    progress(&format!("steps: {} servers in turn", contenders.len()));
    let subjects: Vec<_> = contenders.iter().map(|(_, contender)| contender.subject()).collect();
    let rounds = in_turn(effort.rounds, effort.round, &subjects, &closed_loop(PROMISED_AT))?;
    report.section(&format!("From the bare handler to ours, step by step, {}", connections_text(PROMISED_AT)));
    for ((name, _), of) in contenders.iter().zip(&rounds) {
        let mut row = Row::of(name, of);
        if let Some(bare) = rounds.first() {
            row = row.against(of.ratio(bare, |round| round.processor), "times the bare handler's processor time");
        }
        report.row(row);
    }
    Ok(())
}
