//! What a redirect comes to: skipped, `interaction_required`, or a suspension.

use super::{Login, Run, UNDECIDED, redirect};
use crate::action::{Action, FactorPolicy, Mode};
use crate::decision::{Command, Denial, RedirectRequest};
use crate::json::Json;
use crate::limits;
use crate::login::{Status, Suspension, TraceDecision};
use crate::names::FactorName;
use crate::policy::factor::{self, FactorContext, Freshness};
use crate::session::RecordKey;

/// What a redirect would come to. Nothing has changed yet.
pub(super) enum Prompt {
    /// Its factor is fresh.
    Skipped { policy: FactorPolicy, key: RecordKey, why: String },
    /// No browser is there.
    NoBrowser { why: String },
    /// The login was suspended too often.
    TooMany { why: String },
    /// The browser goes to the prompt.
    Due { location: String, factor: Option<FactorName>, why: String },
}

impl Login<'_> {
    /// The one place that knows what a redirect comes to.
    pub(super) fn consider(&self, action: &Action, request: &RedirectRequest) -> Result<Prompt, String> {
        let (factor, why) = match request.factor.as_deref() {
            None => (None, "no factor named".to_owned()),
            Some(name) => {
                let undeclared = || format!("redirects for `{name}`, which its manifest does not declare");
                let policy = action.spec.factor(name).ok_or_else(undeclared)?;
                let freshness = factor::freshness(self.session.factors(), policy, &self.factor_context());
                let why = factor::explain(freshness, policy, &self.factor_context());
                if let Freshness::Fresh(record) = freshness {
                    return Ok(Prompt::Skipped { policy: policy.clone(), key: record.key(), why });
                }
                (Some(policy.name.clone()), why)
            }
        };
        if self.record.mode != Mode::Interactive {
            return Ok(Prompt::NoBrowser { why });
        }
        if self.record.suspensions >= limits::SUSPENSIONS {
            return Ok(Prompt::TooMany { why: format!("a redirect after {} suspensions", limits::SUSPENSIONS) });
        }
        let location = self.location(action, request, factor.as_ref())?;
        Ok(Prompt::Due { location, factor, why })
    }

    pub(super) fn redirect(
        &mut self,
        run: &Run<'_>,
        request: &RedirectRequest,
        commands: &[Command],
    ) -> Result<(), String> {
        match self.consider(run.action, request)? {
            Prompt::Skipped { policy, key, why } => {
                self.keep_redirect(&run.action.spec.name, commands)?;
                self.use_record(&policy, &key);
                self.pass(run.action, run.phase, TraceDecision::Skipped, format!("{why}: no prompt"), run.usage);
                self.close_group(run.action);
            }
            Prompt::NoBrowser { why } => {
                self.note(run.action, run.phase, TraceDecision::InteractionRequired, why, run.usage);
                self.record.status = Status::InteractionRequired { action: run.action.spec.name.clone() };
            }
            Prompt::TooMany { why } => {
                self.note(run.action, run.phase, TraceDecision::Deny, why, run.usage);
                let code = "too_many_suspensions".to_owned();
                self.deny(run.action, Denial { code, message: UNDECIDED.to_owned() });
            }
            Prompt::Due { location, factor, why } => {
                let stash = self.keep_redirect(&run.action.spec.name, commands)?;
                self.trace_details.to(&location);
                self.note(run.action, run.phase, TraceDecision::Redirect, why, run.usage);
                self.suspend(run.action, location, factor, stash);
            }
        }
        Ok(())
    }

    /// Counts this login as a use of a record, once, where the policy asks for it. A count is durable before the answer;
    /// the time of the last use is coarse, and may be lost with the last second.
    pub(super) fn use_record(&mut self, policy: &FactorPolicy, key: &RecordKey) {
        if key.login_id == self.record.id {
            return;
        }
        if policy.max_uses.is_some() && !self.record.policy_state.used.contains(key) {
            self.record.policy_state.used.push(key.clone());
            self.session.count_use(key);
        }
        if let Some(idle) = policy.max_idle {
            self.session.touch_record(key, self.context.now, idle / limits::IDLE_GRAIN);
        }
    }

    pub(super) fn factor_context(&self) -> FactorContext<'_> {
        let record = &self.record;
        let (epoch, now) = (self.context.epoch, self.context.now);
        FactorContext {
            client: &record.subject.client_id,
            used: &record.policy_state.used,
            orders: &self.orders,
            epoch,
            now,
        }
    }

    fn location(
        &self,
        action: &Action,
        request: &RedirectRequest,
        factor: Option<&FactorName>,
    ) -> Result<String, String> {
        let claims = self.state_claims();
        let state = self.context.handles.state(&claims);
        let run_id = self.context.handles.run_id(&self.record.id, self.record.step);
        let context = self.token_context(action, &state, factor, &run_id);
        redirect::location(action, request, &context)
    }

    fn suspend(&mut self, action: &Action, location: String, factor: Option<FactorName>, stash: Option<Json>) {
        let claims = self.state_claims();
        self.record.suspensions = self.record.suspensions.saturating_add(1);
        self.record.status = Status::Suspended(Suspension {
            action: action.spec.name.clone(),
            step: claims.step,
            expires_at: claims.expires_at,
            location,
            factor,
            stash,
            timed_out: 0,
        });
        self.synced = true;
    }
}
