//! One plugin that is measured: its turns, and what every run of it is the same in.

use super::statistics::Turn;
use postlude_model::run::{Report, RunInput, Usage};
use postlude_sandbox::{Plugin, Sandbox};
use std::time::{Duration, Instant};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Rounds, in each of which every plugin has a turn.
    pub(super) rounds: u32,
    /// How long a turn is.
    pub(super) turn: Duration,
}

/// A plugin that is measured.
pub(super) struct Subject {
    /// The file's name, or `reference`.
    pub(super) name: String,
    pub(super) plugin: Plugin,
    /// How long checking and compiling took.
    pub(super) compiled_in: Duration,
    /// What a run consumes, time apart: the same in each.
    pub(super) usage: Usage,
    pub(super) turns: Vec<Turn>,
    input: RunInput,
}

impl Subject {
    /// A plugin before its first run.
    pub(super) fn new(name: String, plugin: Plugin, input: RunInput, compiled_in: Duration) -> Self {
        Self { name, plugin, compiled_in, usage: Usage::default(), turns: Vec::new(), input }
    }

    /// Runs the plugin once, to see that it decides, and what it consumes.
    pub(super) async fn try_once(&mut self, sandbox: &Sandbox) -> Report {
        let report = sandbox.run(&self.plugin, self.input.clone()).await;
        self.usage = report.usage;
        report
    }

    /// Runs the plugin again and again for the time of a turn, at least once. What comes first warms caches and is not counted.
    pub(super) async fn turn(&mut self, sandbox: &Sandbox, effort: &Effort) {
        let (mut runs, warm) = (Vec::new(), effort.turn / 10);
        let begun = Instant::now();
        while begun.elapsed() < warm {
            sandbox.run(&self.plugin, self.input.clone()).await;
        }
        let begun = Instant::now();
        loop {
            // What a server prepares for a run anyway is no part of it.
            let input = self.input.clone();
            let started = Instant::now();
            let report = sandbox.run(&self.plugin, input).await;
            runs.push(started.elapsed());
            drop(report);
            if begun.elapsed() >= effort.turn {
                break;
            }
        }
        self.turns.extend(Turn::new(runs, begun.elapsed()));
    }
}
