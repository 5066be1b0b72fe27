//! The steps of a login that the minimal server can do, each of which can be left out.

use std::collections::BTreeSet;

/// What a server does with a login beside reading it and answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Step {
    /// Look the API key up by its hash
    Key,
    /// Parse the body strictly into borrowed text, instead of into a tree
    Strict,
    /// Derive the login's identifier by HMAC, and hash the body
    Identifier,
    /// Claim the identifier, so that a login begins once
    Claim,
    /// Look the session up
    Session,
    /// Run the action in a fresh instance with its limiter
    Run,
    /// Let the runs that are due on a core follow each other
    Queue,
    /// Write the record with its MAC into a buffer that is synced within a second
    Record,
    /// Write a line of the log
    Log,
    /// Make the answer from the login instead of a constant
    Answer,
    /// Answer only after the record's sync; needs `record`
    Sync,
}

impl Step {
    /// All that a login with a fresh factor needs, in the order in which a table adds them.
    pub(crate) const LOGIN: [Self; 10] = [
        Self::Key,
        Self::Strict,
        Self::Identifier,
        Self::Claim,
        Self::Session,
        Self::Record,
        Self::Log,
        Self::Answer,
        Self::Run,
        Self::Queue,
    ];

    /// What the step adds, for a table.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Key => "looks the API key up",
            Self::Strict => "parses strictly into borrowed text instead of into a tree",
            Self::Identifier => "derives the identifier, hashes the body",
            Self::Claim => "claims the login",
            Self::Session => "looks the session up",
            Self::Run => "runs the action in a fresh instance with its limiter",
            Self::Queue => "lets the runs due on a core follow each other",
            Self::Record => "writes the record with its MAC",
            Self::Log => "writes a line of the log",
            Self::Answer => "makes the answer from the login",
            Self::Sync => "answers after the record's sync",
        }
    }

    /// The step as an argument.
    pub(crate) const fn argument(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Strict => "strict",
            Self::Identifier => "identifier",
            Self::Claim => "claim",
            Self::Session => "session",
            Self::Run => "run",
            Self::Queue => "queue",
            Self::Record => "record",
            Self::Log => "log",
            Self::Answer => "answer",
            Self::Sync => "sync",
        }
    }
}

/// The steps that a server does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Steps(BTreeSet<Step>);

impl Steps {
    pub(crate) fn new(steps: &[Step]) -> Self {
        Self(steps.iter().copied().collect())
    }

    pub(crate) fn has(&self, step: Step) -> bool {
        self.0.contains(&step)
    }
}
