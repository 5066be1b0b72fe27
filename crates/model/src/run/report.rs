//! What came out of one run: how it ended, its effects, its log and what it consumed.

use crate::decision::{Decision, Failure};
use crate::http::Exchange;
use crate::run::Command;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What came out of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// How the run ended.
    pub ending: Ending,
    /// The buffered effects, in order.
    pub commands: Vec<Command>,
    /// What the plugin logged.
    pub log: Log,
    /// The requests that the plugin made and their answers, in order.
    pub http: Vec<Exchange>,
    /// What the run consumed.
    pub usage: Usage,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// The plugin returned a decision.
    Decided(Decision),
    /// The plugin returned a failure.
    Failed(Failure),
    /// The plugin was stopped.
    Trapped(Trap),
    /// The wall clock ran out: load, not a decision.
    TimedOut,
    /// No place to run came free within the wall clock: load, and nothing ran.
    Busy,
}

/// Why a plugin was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// The limit that was hit, if one was.
    pub limit: Option<Limit>,
    /// What happened, in one line.
    pub message: String,
    /// The plugin's stack, innermost first; empty where none is known.
    pub backtrace: Vec<String>,
}

/// The limits that can stop a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Fuel.
    Fuel,
    /// Linear memory.
    Memory,
    /// Table elements.
    TableElements,
    /// Instances, tables or memories.
    Instances,
    /// The wasm stack.
    Stack,
    /// Bytes handed to the host.
    HostCallBytes,
    /// Random bytes.
    RandomBytes,
    /// Handles.
    Handles,
}

impl Limit {
    /// The limit's name in messages, log and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fuel => "fuel",
            Self::Memory => "memory",
            Self::TableElements => "table elements",
            Self::Instances => "instances",
            Self::Stack => "stack",
            Self::HostCallBytes => "host-call bytes",
            Self::RandomBytes => "random bytes",
            Self::Handles => "handles",
        }
    }
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A line for the plugin's author.
    Debug,
    /// A line that says what happened.
    Info,
    /// A line that the operator may want to look at.
    Warn,
    /// A line that the operator should look at.
    Error,
}

/// One line of a plugin's log, control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// How much the line matters.
    pub level: Level,
    /// The message.
    pub message: String,
    /// Named values.
    pub fields: Vec<(String, String)>,
}

/// What a plugin logged, within the budget.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Log {
    /// The lines that were kept.
    pub lines: Vec<LogLine>,
    /// The number of lines that were not kept.
    pub dropped: u64,
}

/// What a run consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Fuel units.
    pub fuel: u64,
    /// Bytes of linear memory at its peak.
    pub memory_bytes: u64,
    /// Calls of host functions.
    pub host_calls: u64,
    /// Wall clock that passed before a place to run was free; a part of `duration`, and not reproducible.
    pub waited: Duration,
    /// Wall clock, from before instantiation to after the store was dropped. Not reproducible.
    pub duration: Duration,
}
