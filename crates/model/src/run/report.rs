//! What came out of one run: how it ended, its effects, its log and what it consumed.

use crate::decision::{Decision, Failure};
use crate::http::Exchange;
use crate::named::named_values;
use crate::run::{Command, Form};
use serde::Serialize;
use std::fmt;
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
    /// The plugin decided, but what it gives out has a secret of its action. The decision and all effects are void.
    Leaked(Leak),
    /// The wall clock ran out: load, not a decision.
    TimedOut,
    /// The run did not get its turns in time: load, and nothing came of it.
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

/// A secret where a run may not carry it to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// The secret's name.
    pub secret: String,
    /// Where it stands, such as "claim `https://acme.example/x` of the ID token".
    pub place: String,
    /// How it is written there.
    pub form: Form,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the secret `{}` stands in {}, {}", self.secret, self.place, self.form)
    }
}

named_values! {
    /// The limits that can stop a run. The name is for messages, log and answers.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Limit {
        /// Fuel.
        Fuel = "fuel",
        /// Linear memory.
        Memory = "memory",
        /// Table elements.
        TableElements = "table elements",
        /// Instances, tables or memories.
        Instances = "instances",
        /// The wasm stack.
        Stack = "stack",
        /// Bytes handed to the host.
        HostCallBytes = "host-call bytes",
        /// Random bytes.
        RandomBytes = "random bytes",
        /// Handles.
        Handles = "handles",
    }
}

named_values! {
    /// How much a log line matters.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Level {
        /// A detail that the plugin's author needs to find a mistake.
        Debug = "debug",
        /// What the plugin did.
        Info = "info",
        /// Something that the operator may want to look at.
        Warn = "warn",
        /// Something that the operator should look at.
        Error = "error",
    }
}

/// One line of a plugin's log, control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// How much the line matters.
    pub level: Level,
    /// The message.
    pub message: String,
    /// Named values.
    pub fields: Vec<(String, String)>,
}

/// What a plugin logged, within the budget.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Log {
    /// The lines that were kept.
    pub lines: Vec<LogLine>,
    /// The number of lines that were not kept.
    pub dropped: u64,
}

/// What a run consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Usage {
    /// Fuel units.
    pub fuel: u64,
    /// Bytes of linear memory at its peak.
    pub memory_bytes: u64,
    /// Calls of host functions.
    pub host_calls: u64,
    /// Wall clock that passed while the run waited for its place and its turns; no part of `duration`, and not reproducible.
    pub waited: Duration,
    /// The run's own wall clock, without what it waited. Not reproducible.
    pub duration: Duration,
}
