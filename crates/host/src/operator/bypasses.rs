//! Bypasses: the help desk lets a user past a factor once.

use super::audit;
use crate::error::HostError;
use crate::services::Services;
use crate::tenant::Tenant;
use crate::tenants::Caller;
use postlude_model::limits;
use postlude_model::names::{BypassId, UserId};
use postlude_model::policy::bypass::{Bypass, Target};
use postlude_store::{BypassChange, BypassOutcome};
use std::sync::Arc;
use std::time::Duration;

/// How long a bypass is valid where the help desk does not say: long enough to hang up and log in.
const VALID_FOR: Duration = Duration::from_secs(60 * 60);

/// The bypasses of users.
#[derive(Debug)]
pub struct Bypasses {
    services: Arc<Services>,
}

/// A bypass to issue.
#[derive(Debug, Clone)]
pub struct IssueBypass {
    /// The user whose login may pass.
    pub user_id: UserId,
    /// The action or factor that is passed.
    pub target: Target,
    /// The reason, for people.
    pub reason: String,
    /// How long it is valid; an hour where it is left out.
    pub valid_for: Option<Duration>,
}

/// What became of a bypass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BypassStatus {
    /// The user's next interactive login that needs it uses it up.
    Live,
    /// A login used it up.
    Used,
    /// The bypass expired, or is of before a restored backup.
    Void,
}

impl BypassStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Live, Self::Used, Self::Void];

    /// The status in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Used => "used",
            Self::Void => "void",
        }
    }
}

impl Bypasses {
    pub(super) const fn new(services: Arc<Services>) -> Self {
        Self { services }
    }

    /// Issues a bypass.
    ///
    /// # Errors
    /// [`HostError::BypassTargetUnknown`], [`HostError::InvalidRequest`] for its lifetime, [`HostError::TooManyBypasses`],
    /// [`HostError::Unavailable`].
    pub async fn issue(&self, caller: Caller, request: IssueBypass) -> Result<Bypass, HostError> {
        check_target(&caller.tenant, &request.target)?;
        let valid_for = valid_for(request.valid_for)?;
        let (now, epoch) = (self.services.clock.now(), self.services.store.epoch());
        let random = postlude_crypto::api_key::random_text().map_err(HostError::internal)?;
        let bypass = Bypass {
            id: BypassId::derived("byp_", &random),
            user_id: request.user_id,
            target: request.target,
            reason: request.reason,
            issued_by: caller.key.to_string(),
            issued_at: now,
            expires_at: now.plus(valid_for),
            epoch,
            used: None,
        };
        let (store, issued) = (Arc::clone(&self.services.store), bypass.clone());
        let settled = self.services.clock.is_settled();
        let issue = async move {
            let change = BypassChange::Issue(issued.clone());
            let outcome =
                store.change_bypass(&caller.tenant.name, change, now, settled).await.map_err(HostError::unavailable)?;
            if outcome == BypassOutcome::Done {
                audit::note(&caller, "issue-bypass", &issued.id, &issued.reason);
            }
            Ok(outcome)
        };
        match self.services.to_its_end(issue).await? {
            BypassOutcome::Done => Ok(bypass),
            BypassOutcome::TooMany | BypassOutcome::Unknown | BypassOutcome::Used => {
                Err(HostError::TooManyBypasses(limits::BYPASSES))
            }
        }
    }

    /// The bypasses of a user, used and expired ones among them.
    ///
    /// # Errors
    /// [`HostError::Unavailable`].
    pub async fn list(&self, caller: &Caller, user: &UserId) -> Result<Vec<Bypass>, HostError> {
        self.services.store.bypasses(&caller.tenant.name, user).await.map_err(HostError::unavailable)
    }

    /// Takes an unused bypass back.
    ///
    /// # Errors
    /// [`HostError::BypassUnknown`], [`HostError::BypassUsed`], [`HostError::Unavailable`].
    pub async fn revoke(&self, caller: Caller, user_id: UserId, id: BypassId) -> Result<(), HostError> {
        let Services { store, clock, .. } = &*self.services;
        let (store, now, settled) = (Arc::clone(store), clock.now(), clock.is_settled());
        let revoke = async move {
            let change = BypassChange::Revoke { user_id, id: id.clone() };
            let outcome =
                store.change_bypass(&caller.tenant.name, change, now, settled).await.map_err(HostError::unavailable)?;
            if outcome == BypassOutcome::Done {
                audit::note(&caller, "revoke-bypass", &id, "");
            }
            Ok(outcome)
        };
        match self.services.to_its_end(revoke).await? {
            BypassOutcome::Done => Ok(()),
            BypassOutcome::Used => Err(HostError::BypassUsed),
            BypassOutcome::Unknown | BypassOutcome::TooMany => Err(HostError::BypassUnknown),
        }
    }

    /// What became of a bypass, at this moment.
    #[must_use]
    pub fn status(&self, bypass: &Bypass) -> BypassStatus {
        match &bypass.used {
            Some(_) => BypassStatus::Used,
            None if bypass.is_live(self.services.store.epoch(), self.services.clock.now()) => BypassStatus::Live,
            None => BypassStatus::Void,
        }
    }
}

/// A mistyped name would be a bypass that never helps: it must be of the pipeline as it is now.
fn check_target(tenant: &Tenant, target: &Target) -> Result<(), HostError> {
    let pipeline = tenant.pipeline();
    let mut specs = pipeline.actions.iter().map(|action| &action.spec);
    let covered = match target {
        Target::Action(name) => specs.any(|spec| spec.name == *name && !spec.factors.is_empty()),
        Target::Factor(name) => specs.any(|spec| spec.factors.iter().map(|policy| &policy.name).eq([name])),
    };
    covered.then_some(()).ok_or(HostError::BypassTargetUnknown)
}

fn valid_for(asked: Option<Duration>) -> Result<Duration, HostError> {
    let valid_for = asked.unwrap_or(VALID_FOR);
    let fits = !valid_for.is_zero() && valid_for <= limits::BYPASS_LIFETIME;
    let detail = format!("`valid_for_seconds` is from 1 to {}", limits::BYPASS_LIFETIME.as_secs());
    if fits { Ok(valid_for) } else { Err(HostError::InvalidRequest(detail)) }
}
