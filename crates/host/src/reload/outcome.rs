//! The outcome of a reload, for callers, the log and the status.

use crate::pipeline::Pipeline;
use postlude_config::{Problem, Problems};
use postlude_model::names::{Digest, TenantName, Timestamp};
use postlude_store::StoreError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What asked for a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReloadTrigger {
    /// A file changed.
    Watch,
    /// SIGHUP.
    Signal,
    /// A call of the admin API, or of the program that embeds the server.
    Call,
}

impl ReloadTrigger {
    /// Its name in the log, in answers and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::Signal => "signal",
            Self::Call => "call",
        }
    }
}

/// The new configuration is in force, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// Every tenant of the old or the new configuration, by name.
    pub tenants: Vec<TenantChange>,
    /// What a person should look at.
    pub warnings: Vec<Problem>,
    /// Keys of `[server]` that changed and are taken at the next start.
    pub waiting_for_restart: Vec<&'static str>,
}

/// What a reload did to a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantChange {
    /// The tenant.
    pub tenant: TenantName,
    /// The revision before; none for a new tenant.
    pub from: Option<u64>,
    /// The revision now; none for a tenant that is gone.
    pub to: Option<u64>,
    /// The actions that are not the same.
    pub actions: Vec<ActionChange>,
}

/// An action that is not the same after a reload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionChange {
    /// Its name in the pipeline.
    pub action: String,
    /// Its plugin before; none for a new action.
    pub from: Option<Digest>,
    /// Its plugin now; none for one that is gone. The same as before where only the policy, settings or grants changed.
    pub to: Option<Digest>,
}

impl fmt::Display for ActionChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.action;
        match (self.from, self.to) {
            (Some(from), Some(to)) if from == to => write!(f, "{name}: same plugin {to}, bound otherwise"),
            (Some(from), Some(to)) => write!(f, "{name}: {from} -> {to}"),
            (None, Some(to)) => write!(f, "{name}: new, {to}"),
            (Some(from), None) => write!(f, "{name}: gone, {from}"),
            (None, None) => f.write_str(name),
        }
    }
}

impl TenantChange {
    pub(crate) fn of(tenant: &TenantName, from: Option<&Pipeline>, to: Option<&Pipeline>) -> Self {
        let specs = |pipeline: Option<&Pipeline>| -> Vec<_> {
            pipeline
                .map(|pipeline| pipeline.actions.iter().map(|action| action.spec.clone()).collect())
                .unwrap_or_default()
        };
        let (before, after) = (specs(from), specs(to));
        let mut actions = Vec::new();
        for new in &after {
            let old = before.iter().find(|old| old.name == new.name);
            if old != Some(new) {
                let (action, from) = (new.name.to_string(), old.map(|old| old.digest));
                actions.push(ActionChange { action, from, to: Some(new.digest) });
            }
        }
        for old in before.iter().filter(|old| after.iter().all(|new| new.name != old.name)) {
            actions.push(ActionChange { action: old.name.to_string(), from: Some(old.digest), to: None });
        }
        let number = |pipeline: Option<&Pipeline>| pipeline.map(|pipeline| pipeline.revision);
        Self { tenant: tenant.clone(), from: number(from), to: number(to), actions }
    }
}

/// Why a configuration was not taken. The one before it keeps serving.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReloadRefused {
    /// The configuration, or a plugin that it names, has mistakes.
    #[error("{0}")]
    Config(#[from] Problems),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// A defect.
    #[error("{0}")]
    Internal(String),
}

impl ReloadRefused {
    /// The mistakes of the configuration, where they are the reason.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Config(problems) => problems.as_slice(),
            Self::Store(_) | Self::Stopping | Self::Internal(_) => &[],
        }
    }
}

/// The outcome of a reload, shared by every caller that waited for it.
pub type ReloadOutcome = Result<Arc<Reloaded>, Arc<ReloadRefused>>;

/// The last reload.
#[derive(Debug, Clone)]
pub struct LastReload {
    /// When it ended, by the host's clock.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What asked for it.
    pub trigger: ReloadTrigger,
    /// What became of it.
    pub outcome: ReloadOutcome,
}

/// What is known of the reloads since the start.
#[derive(Debug, Clone, Default)]
pub struct ReloadStatus {
    /// How many were taken.
    pub taken: u64,
    /// How many were refused.
    pub refused: u64,
    /// The last one.
    pub last: Option<LastReload>,
}
