//! What a redirect comes to: skipped, `interaction_required`, or a suspension.

use super::login_draft::{LoginDraft, Run, undecided};
use super::{fold, record_use, redirect, turn};
use crate::action::{Action, FactorPolicy, Mode};
use crate::decision::{Command, RedirectRequest};
use crate::json::Json;
use crate::limits;
use crate::login::{Status, Suspension, TraceDecision};
use crate::names::FactorName;
use crate::policy::factor::{self, Freshness};
use crate::session::RecordKey;

/// What a redirect would come to. The login has not changed yet.
pub(super) enum Prompt<'a> {
    /// The prompt is skipped: its factor is fresh.
    Skipped { policy: &'a FactorPolicy, key: RecordKey, why: String },
    /// The login's mode has no browser that could be redirected.
    NoBrowser { why: String },
    /// The login was suspended too often.
    TooMany { why: String },
    /// The browser goes to the prompt.
    Due { location: String, factor: Option<FactorName>, why: String },
}

/// The one place that knows what a redirect comes to.
pub(super) fn consider<'a>(
    login: &LoginDraft<'_>,
    action: &'a Action,
    request: &RedirectRequest,
) -> Result<Prompt<'a>, String> {
    let (factor, why) = match request.factor.as_deref() {
        None => (None, "no factor named".to_owned()),
        Some(name) => {
            let undeclared = || format!("redirects for `{name}`, but its manifest {}", action.spec.declared_factors());
            let policy = action.spec.factor(name).ok_or_else(undeclared)?;
            let freshness = factor::freshness(login.session.factors(), policy, &login.factor_context());
            let why = factor::explain(freshness, policy, &login.factor_context());
            if let Freshness::Fresh(record) = freshness {
                return Ok(Prompt::Skipped { policy, key: record.key(), why });
            }
            (Some(policy.name.clone()), why)
        }
    };
    if login.record.mode != Mode::Interactive {
        return Ok(Prompt::NoBrowser { why });
    }
    if login.record.suspensions >= limits::SUSPENSIONS {
        return Ok(Prompt::TooMany { why: format!("a redirect after {} suspensions", limits::SUSPENSIONS) });
    }
    let location = location(login, action, request, factor.as_ref())?;
    Ok(Prompt::Due { location, factor, why })
}

pub(super) fn redirect(
    login: &mut LoginDraft<'_>,
    run: &Run<'_>,
    request: &RedirectRequest,
    commands: &[Command],
) -> Result<(), String> {
    match consider(login, run.action, request)? {
        Prompt::Skipped { policy, key, why } => {
            fold::keep_redirect(login, &run.action.spec.name, commands)?;
            record_use::use_record(login, policy, &key);
            login.pass(run.action, run.phase, TraceDecision::Skipped, format!("{why}: no prompt"), run.usage);
            turn::close_group(login, run.action);
        }
        Prompt::NoBrowser { why } => {
            login.note(run.action, run.phase, TraceDecision::InteractionRequired, why, run.usage);
            login.record.status = Status::InteractionRequired { action: run.action.spec.name.clone() };
        }
        Prompt::TooMany { why } => {
            login.note(run.action, run.phase, TraceDecision::Deny, why, run.usage);
            login.deny(run.action, undecided("too_many_suspensions"));
        }
        Prompt::Due { location, factor, why } => {
            let (handles, step) = (login.context.handles, login.state_claims().step);
            let sealed = handles.seal_location(&login.record.id, step, &location);
            let sealed = sealed.ok_or_else(|| "the prompt's location cannot be sealed".to_owned())?;
            let stash = fold::keep_redirect(login, &run.action.spec.name, commands)?;
            login.trace_details.set_origin(&location);
            login.note(run.action, run.phase, TraceDecision::Redirect, why, run.usage);
            suspend(login, run.action, sealed, factor, stash);
        }
    }
    Ok(())
}

fn location(
    login: &LoginDraft<'_>,
    action: &Action,
    request: &RedirectRequest,
    factor: Option<&FactorName>,
) -> Result<String, String> {
    let claims = login.state_claims();
    let state = login.context.handles.state(&claims);
    let run_id = login.run_id();
    let context = login.token_context(action, &state, factor, &run_id);
    redirect::location(action, request, &context)
}

fn suspend(
    login: &mut LoginDraft<'_>,
    action: &Action,
    location: String,
    factor: Option<FactorName>,
    stash: Option<Json>,
) {
    let claims = login.state_claims();
    login.record.suspensions = login.record.suspensions.saturating_add(1);
    login.record.status = Status::Suspended(Suspension {
        action: action.spec.name.clone(),
        step: claims.step,
        expires_at: claims.expires_at,
        location,
        factor,
        stash,
        timed_out: 0,
    });
    login.synced = true;
}
