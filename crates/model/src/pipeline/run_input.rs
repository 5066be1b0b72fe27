//! The input of the run that is due.

use super::login_draft::LoginDraft;
use crate::action::Action;
use crate::cache::Cache;
use crate::http::HttpAccess;
use crate::policy::factor::{self, Freshness};
use crate::run::{FactorView, RunInput};
use std::sync::Arc;

/// Everything that the run of this action can observe. The host adds the action's cache and its HTTP access.
pub(super) fn run_input(login: &LoginDraft<'_>, action: Arc<Action>) -> RunInput {
    let (record, context) = (&login.record, &login.context);
    RunInput {
        phase: login.phase(),
        mode: record.mode,
        login_id: record.id.clone(),
        run_id: login.run_id(),
        user_id: record.subject.user_id.as_str().to_owned(),
        issuer: context.issuer.to_owned(),
        continue_url: context.continue_url.to_owned(),
        event: Arc::clone(&login.event),
        reply: login.reply.clone(),
        factors: factors(login, &action),
        login_metadata: record.metadata.clone(),
        session_metadata: login.session.metadata().clone(),
        state: context.handles.state(&login.state_claims()),
        now: context.now,
        seed: context.handles.seed(&record.id, record.step),
        cache: Cache::new(),
        http: HttpAccess::default(),
        action,
    }
}

/// The session's records of the action's own factors. A record that counts for another client alone is not shown.
fn factors(login: &LoginDraft<'_>, action: &Action) -> Vec<FactorView> {
    let view = |policy| {
        let (record, fresh) = match factor::freshness(login.session.factors(), policy, &login.factor_context()) {
            Freshness::Fresh(record) => (record, true),
            Freshness::Stale(record, _) => (record, false),
            Freshness::Elsewhere(_) | Freshness::Absent => return None,
        };
        Some(FactorView { name: record.name.clone(), completed_at: record.completed_at, fresh })
    };
    action.spec.factors.iter().filter_map(view).collect()
}
