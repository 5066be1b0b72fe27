//! Reloading the configuration on an operator's call, as SIGHUP does.

use super::audit;
use crate::reload::{ReloadOutcome, ReloadTrigger, Reloads};
use crate::tenants::Caller;
use std::sync::Arc;

/// Reloads, for operators.
#[derive(Debug)]
pub struct OperatorReload {
    reloads: Arc<Reloads>,
}

impl OperatorReload {
    pub(super) const fn new(reloads: Arc<Reloads>) -> Self {
        Self { reloads }
    }

    /// Reads the configuration file and the plugin files again, for all tenants, and puts all of it into force or nothing.
    ///
    /// # Errors
    /// Every mistake at once; the configuration before it keeps serving.
    pub async fn reload(&self, caller: &Caller) -> ReloadOutcome {
        let outcome = self.reloads.reload(ReloadTrigger::Call).await;
        if outcome.is_ok() {
            audit::note(caller, "reload", "configuration", "");
        }
        outcome
    }
}
