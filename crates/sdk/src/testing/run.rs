//! What came out of a run with the fake host.

use crate::decision::{Decision, Denial, Failure, Redirect};
use crate::records::Level;
use crate::records::Request;
use serde_json::Value;
use std::collections::BTreeMap;

/// What came out of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What the action returned.
    pub decision: Result<Decision, Failure>,
    /// The effects that the action asked for, in order. With a failure the real host drops them all; with a redirect and a denial,
    /// some.
    pub commands: Vec<Command>,
    /// What the action logged.
    pub log: Vec<LogLine>,
    /// The requests that the action sent.
    pub requests: Vec<Request>,
    /// The action's cache as the run left it, for [`super::FakeHost::cache`].
    pub cache: BTreeMap<String, Cached>,
}

/// A value of the action's cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// The value.
    pub value: Value,
    /// From when on the value is absent, in milliseconds since 1970.
    pub expires_at: u64,
}

/// A buffered effect.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the parameters of the function that the case names")]
pub enum Command {
    /// `session.record-factor`.
    RecordFactor { name: String, evidence: Option<Value> },
    /// `claims.set-id-token`.
    SetIdTokenClaim { name: String, value: Value },
    /// `claims.set-access-token`.
    SetAccessTokenClaim { name: String, value: Value },
    /// `claims.add-scope`.
    AddScope(String),
    /// `claims.remove-scope`.
    RemoveScope(String),
    /// `login.set-metadata`.
    SetLoginMetadata { key: String, value: Option<Value> },
    /// `session.set-metadata`.
    SetSessionMetadata { key: String, value: Option<Value> },
    /// `user.set-app-metadata`.
    SetAppMetadata { key: String, value: Option<Value> },
    /// `user.set-user-metadata`.
    SetUserMetadata { key: String, value: Option<Value> },
    /// `cache.set`, or with none `cache.delete`.
    SetCache { key: String, value: Option<Value> },
    /// `redirect.stash`.
    Stash(Value),
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How much the line matters.
    pub level: Level,
    /// The text.
    pub message: String,
    /// The fields.
    pub fields: Vec<(String, String)>,
}

impl Run {
    /// Where the action redirects to; none when it decided otherwise.
    #[must_use]
    pub fn redirect(&self) -> Option<&Redirect> {
        match &self.decision {
            Ok(Decision::Redirect(redirect)) => Some(redirect),
            _ => None,
        }
    }

    /// Why the action denied; none when it decided otherwise.
    #[must_use]
    pub fn denial(&self) -> Option<&Denial> {
        match &self.decision {
            Ok(Decision::Deny(denial)) => Some(denial),
            _ => None,
        }
    }

    /// The value that the run keeps for `on_continue`, for [`super::FakeHost::stash`].
    #[must_use]
    pub fn stash(&self) -> Option<&Value> {
        self.commands.iter().rev().find_map(|command| match command {
            Command::Stash(value) => Some(value),
            _ => None,
        })
    }

    /// Whether the factor was recorded.
    #[must_use]
    pub fn recorded(&self, factor: &str) -> bool {
        self.commands.iter().any(|command| matches!(command, Command::RecordFactor { name, .. } if name == factor))
    }

    /// The claim of the ID token that was set last under that name.
    #[must_use]
    pub fn id_token_claim(&self, claim: &str) -> Option<&Value> {
        self.commands.iter().rev().find_map(|command| match command {
            Command::SetIdTokenClaim { name, value } if name == claim => Some(value),
            _ => None,
        })
    }
}
