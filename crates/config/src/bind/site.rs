//! One action and its plugin, where they meet.

use super::super::action::ActionConfig;
use super::super::problem::Log;
use super::super::read::nearest;
use postlude_model::action::Budget;
use postlude_model::manifest::Manifest;
use postlude_model::names::{Digest, TenantName};

/// A plugin that was read and accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginInfo {
    /// The file's digest.
    pub digest: Digest,
    /// What it says of itself.
    pub manifest: Manifest,
    /// What a run of it may have where neither the plugin nor the operator says otherwise.
    pub budget: Budget,
}

/// One action and its plugin, where they meet.
pub(super) struct Site<'a> {
    pub(super) tenant: &'a TenantName,
    pub(super) action: &'a ActionConfig,
    pub(super) info: &'a PluginInfo,
    pub(super) development: bool,
    pub(super) log: &'a Log,
}

impl Site<'_> {
    /// A message about this action.
    pub(super) fn says(&self, message: impl std::fmt::Display) -> String {
        format!("action `{}`: {message}", self.action.name)
    }

    /// A hint that names the nearest candidate, or else says what to do.
    pub(super) fn near<'c>(&self, name: &str, candidates: impl Iterator<Item = &'c str>, otherwise: &str) -> String {
        nearest(name, candidates).map_or_else(|| otherwise.to_owned(), |near| format!("did you mean `{near}`?"))
    }
}
