//! Rounds: subjects are measured in turn, so that what else happens on the machine falls on all of them.

use crate::load::Load;
use crate::processor_time::ProcessorTime;
use crate::runs_alone::RunsAlone;
use crate::server::Process;
use crate::stats::{Round, Rounds};
use anyhow::{Context, Result};
use std::cell::RefCell;
use std::time::Duration;

/// What is measured in one turn.
pub(crate) enum Subject<'s> {
    /// A server under a load.
    Http(&'s Load, &'s Process),
    /// Runs without a server.
    Runs(&'s RefCell<RunsAlone>),
}

/// How a server is loaded.
pub(crate) type Ask<'a> = &'a dyn Fn(&Load, Duration) -> Result<Round>;

/// The rounds of some subjects, which take turns. `ask` loads a server for a while.
pub(crate) fn in_turn(rounds: usize, lasts: Duration, subjects: &[Subject<'_>], ask: Ask<'_>) -> Result<Vec<Rounds>> {
    for subject in subjects {
        // Caches and connections are warm before anything counts.
        subject.round(lasts / 4, ask)?;
    }
    let mut all = vec![Rounds::default(); subjects.len()];
    for _ in 0..rounds {
        for (subject, rounds) in subjects.iter().zip(&mut all) {
            rounds.0.push(subject.round(lasts, ask)?);
        }
    }
    Ok(all)
}

/// The load that asks again as soon as it is answered, over so many connections.
pub(crate) fn closed_loop(connections: usize) -> impl Fn(&Load, Duration) -> Result<Round> {
    move |load, lasts| load.run_for(connections, lasts)
}

impl Subject<'_> {
    fn round(&self, lasts: Duration, ask: Ask<'_>) -> Result<Round> {
        match self {
            Self::Runs(process) => process.borrow_mut().round(lasts),
            Self::Http(load, process) => {
                let (before, own_before) = (process.processor_time()?, ProcessorTime::of("self")?);
                let mut round = ask(load, lasts).with_context(|| format!("the load of {}", load.address))?;
                let (after, own_after) = (process.processor_time()?, ProcessorTime::of("self")?);
                round.used(after.since(&before), own_after.since(&own_before));
                Ok(round)
            }
        }
    }
}
