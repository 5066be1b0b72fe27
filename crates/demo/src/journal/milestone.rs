//! What a person at the page has already seen happen.

use super::message::Message;
use serde_json::Value;

/// Something to try, and to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Milestone {
    /// A login was sent to the prompt, and came back with a factor.
    Recorded,
    /// A later login in the same browser needed no prompt.
    Remembered,
    /// A link of one browser was refused in another.
    Stolen,
    /// The record became too old.
    Due,
    /// A user of another company was denied.
    Denied,
    /// A plugin that never returns was stopped.
    Stopped,
    /// Code that was typed into the page ran.
    Typed,
}

impl Milestone {
    /// All, in the order in which the page tells them.
    pub(crate) const ALL: [Self; 7] =
        [Self::Recorded, Self::Remembered, Self::Stolen, Self::Due, Self::Denied, Self::Stopped, Self::Typed];

    /// The word in markup and JSON.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Remembered => "remembered",
            Self::Stolen => "stolen",
            Self::Due => "due",
            Self::Denied => "denied",
            Self::Stopped => "stopped",
            Self::Typed => "typed",
        }
    }

    /// What an answer of Postlude shows.
    pub(crate) fn of(message: &Message) -> Vec<Self> {
        let draft = &message.draft;
        if draft.text("/code") == "login_mismatch" {
            return vec![Self::Stolen];
        }
        let actions = draft.json("/actions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |action: &Value, name: &str| action.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let is = |decision: &str, why: &str| {
            actions.iter().any(|action| text(action, "decision") == decision && text(action, "why").contains(why))
        };
        let typed = actions.iter().any(|action| text(action, "name") == "typed").then_some(Self::Typed);
        let other = match draft.text("/outcome") {
            "continue" if is("continue", "recorded ") => Some(Self::Recorded),
            "continue" if is("skipped", "no prompt") => Some(Self::Remembered),
            "redirect" if is("redirect", "record 24 h") => Some(Self::Due),
            "deny" if is("failed", "fuel spent") => Some(Self::Stopped),
            "deny" if draft.text("/action") == "staff-only" => Some(Self::Denied),
            _ => None,
        };
        typed.into_iter().chain(other).collect()
    }
}
