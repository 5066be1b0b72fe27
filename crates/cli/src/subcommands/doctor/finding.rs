//! One thing that was looked at: how it stands, what was found, and what mends it.

use serde::Serialize;

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// It is there, and as it should be.
    Ok,
    /// It works, and could be better.
    Warn,
    /// It is needed and not there, or not as it must be.
    Missing,
    /// It is not there, and nothing asks for it.
    NotNeeded,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// The heading under which it stands.
    pub(super) part: &'static str,
    pub(super) name: String,
    pub(super) status: Status,
    /// What was found, a phrase.
    pub(super) found: String,
    /// What mends it: a phrase, with commands in backticks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
}

impl Finding {
    /// Something that is as it should be.
    pub(super) fn ok(part: &'static str, name: impl Into<String>, found: impl Into<String>) -> Self {
        Self { part, name: name.into(), status: Status::Ok, found: found.into(), remedy: None }
    }

    /// Something that is not, and what mends it.
    pub(super) fn but(self, status: Status, remedy: impl Into<String>) -> Self {
        Self { status, remedy: Some(remedy.into()), ..self }
    }
}
