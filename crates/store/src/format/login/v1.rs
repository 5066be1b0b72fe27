//! Version 1 of the stored login record. Frozen: it is never changed, only followed by another version.

use crate::format::common::v1::{Bypass, Digest, Factor, FactorKey, Pairs, json, metadata, name, pairs};
use crate::format::stored::DecodeError;
use postlude_model::action;
use postlude_model::decision::Denial;
use postlude_model::json::Json;
use postlude_model::login;
use postlude_model::names::{ActionName, SessionId, Timestamp};
use postlude_model::policy::state;
use postlude_model::run;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A login record. It borrows from the bytes that are read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Login<'a> {
    pub(super) id: &'a str,
    pub(super) body_hash: [u8; 32],
    pub(super) version: u64,
    #[serde(borrow)]
    pub(super) subject: Subject<'a>,
    pub(super) mode: Mode,
    pub(super) return_url: Option<&'a str>,
    pub(super) revision: u64,
    pub(super) created_at: u64,
    pub(super) changed_at: u64,
    pub(super) deadline: u64,
    pub(super) expires_at: u64,
    pub(super) position: u32,
    pub(super) step: u32,
    pub(super) suspensions: u32,
    pub(super) status: Status<'a>,
    pub(super) metadata: Pairs<'a>,
    pub(super) effects: Effects<'a>,
    pub(super) recorded: Vec<Factor<'a>>,
    pub(super) held_metadata: Pairs<'a>,
    pub(super) policy_state: PolicyState<'a>,
    pub(super) trace: Vec<Trace<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Subject<'a> {
    user_id: &'a str,
    client_id: &'a str,
    session_id: Option<&'a str>,
    minted: bool,
    generation: u64,
    foreign: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Status<'a> {
    /// Holds its place: no record is written in it.
    Running,
    #[serde(borrow)]
    Suspended(Suspension<'a>),
    Continued(Settled<'a>),
    Denied {
        action: &'a str,
        code: &'a str,
        message: &'a str,
        settled: Settled<'a>,
    },
    InteractionRequired {
        action: &'a str,
    },
    Ended(EndReason),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Suspension<'a> {
    action: &'a str,
    step: u32,
    expires_at: u64,
    location: &'a str,
    factor: Option<&'a str>,
    stash: Option<&'a str>,
    timed_out: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Settled<'a> {
    #[serde(borrow)]
    amr: Vec<&'a str>,
    factors: Vec<FactorStanding<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct FactorStanding<'a> {
    name: &'a str,
    completed_at: u64,
    expires_at: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Effects<'a> {
    #[serde(borrow)]
    id_token_claims: Pairs<'a>,
    access_token_claims: Pairs<'a>,
    add_scopes: Vec<&'a str>,
    remove_scopes: Vec<&'a str>,
    app_metadata: Patch<'a>,
    user_metadata: Patch<'a>,
}

/// Changes of a map as pairs; none removes the key.
type Patch<'a> = Vec<(&'a str, Option<&'a str>)>;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PolicyState<'a> {
    #[serde(borrow)]
    skipped: Vec<(&'a str, SkipReason<'a>)>,
    used: Vec<FactorKey<'a>>,
    bypasses: Vec<Bypass<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
enum SkipReason<'a> {
    Unmet(&'a str),
    Satisfied,
    Bypassed,
    Refused,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Trace<'a> {
    action: &'a str,
    version: &'a str,
    digest: Digest,
    step: u32,
    phase: Phase,
    decision: TraceDecision,
    report_only: bool,
    why: &'a str,
    at: u64,
    limit: Option<Limit>,
    origin: Option<&'a str>,
    fuel: u64,
    memory_bytes: u64,
    host_calls: u64,
    duration_us: u64,
    waited_us: u64,
    #[serde(borrow)]
    log: Vec<TraceLine<'a>>,
    log_left_out: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct TraceLine<'a> {
    level: Level,
    text: &'a str,
}

/// A stored enumeration without values, and both ways between it and the model's. The order is the stored number.
macro_rules! numbered {
    ($($name:ident of $model:ty: $($variant:ident)+;)+) => {$(
        #[derive(Debug, Clone, Copy, Serialize, Deserialize)]
        pub(super) enum $name { $($variant),+ }

        impl From<$model> for $name {
            fn from(value: $model) -> Self {
                match value { $(<$model>::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $model {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant),+ }
            }
        }
    )+};
}

numbered! {
    Mode of action::Mode: Interactive Silent Refresh Password;
    EndReason of login::EndReason: SessionEnded Evicted;
    Phase of run::Phase: Login Continue;
    Level of run::Level: Debug Info Warn Error;
    Limit of run::Limit: Fuel Memory TableElements Instances Stack HostCallBytes RandomBytes Handles;
    TraceDecision of login::TraceDecision:
        Continue Redirect Skipped Deny InteractionRequired Failed NotApplicable Satisfied Bypassed Killed;
}

fn texts(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

fn owned(all: Vec<&str>) -> Vec<String> {
    all.into_iter().map(str::to_owned).collect()
}

fn patch(map: &BTreeMap<String, Option<Json>>) -> Patch<'_> {
    map.iter().map(|(key, value)| (key.as_str(), value.as_ref().map(Json::as_str))).collect()
}

fn unpatch(pairs: Patch<'_>) -> Result<BTreeMap<String, Option<Json>>, DecodeError> {
    pairs.into_iter().map(|(key, value)| Ok((key.to_owned(), json(value)?))).collect()
}

/// Each item of a list in the other type.
pub(super) fn all<T, U: TryFrom<T, Error = DecodeError>>(items: Vec<T>) -> Result<Vec<U>, DecodeError> {
    items.into_iter().map(U::try_from).collect()
}

impl<'a> From<&'a login::Subject> for Subject<'a> {
    fn from(subject: &'a login::Subject) -> Self {
        Self {
            user_id: subject.user_id.as_str(),
            client_id: subject.client_id.as_str(),
            session_id: subject.session_id.as_ref().map(SessionId::as_str),
            minted: subject.minted,
            generation: subject.generation,
            foreign: subject.foreign,
        }
    }
}

impl TryFrom<Subject<'_>> for login::Subject {
    type Error = DecodeError;
    fn try_from(stored: Subject<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            user_id: stored.user_id.parse()?,
            client_id: stored.client_id.parse()?,
            session_id: name(stored.session_id)?,
            minted: stored.minted,
            generation: stored.generation,
            foreign: stored.foreign,
        })
    }
}

impl<'a> From<&'a login::Status> for Status<'a> {
    fn from(status: &'a login::Status) -> Self {
        match status {
            login::Status::Running => Self::Running,
            login::Status::Suspended(suspension) => Self::Suspended(suspension.into()),
            login::Status::Continued(settled) => Self::Continued(settled.into()),
            login::Status::Denied { action, denial, settled } => Self::Denied {
                action: action.as_str(),
                code: &denial.code,
                message: &denial.message,
                settled: settled.into(),
            },
            login::Status::InteractionRequired { action } => Self::InteractionRequired { action: action.as_str() },
            login::Status::Ended(reason) => Self::Ended((*reason).into()),
        }
    }
}

impl TryFrom<Status<'_>> for login::Status {
    type Error = DecodeError;
    fn try_from(stored: Status<'_>) -> Result<Self, DecodeError> {
        Ok(match stored {
            Status::Running => Self::Running,
            Status::Suspended(suspension) => Self::Suspended(suspension.try_into()?),
            Status::Continued(settled) => Self::Continued(settled.try_into()?),
            Status::Denied { action, code, message, settled } => Self::Denied {
                action: action.parse()?,
                denial: Denial { code: code.to_owned(), message: message.to_owned() },
                settled: settled.try_into()?,
            },
            Status::InteractionRequired { action } => Self::InteractionRequired { action: action.parse()? },
            Status::Ended(reason) => Self::Ended(reason.into()),
        })
    }
}

impl<'a> From<&'a login::Suspension> for Suspension<'a> {
    fn from(suspension: &'a login::Suspension) -> Self {
        Self {
            action: suspension.action.as_str(),
            step: suspension.step,
            expires_at: suspension.expires_at.0,
            location: &suspension.location,
            factor: suspension.factor.as_ref().map(|name| name.as_str()),
            stash: suspension.stash.as_ref().map(Json::as_str),
            timed_out: suspension.timed_out,
        }
    }
}

impl TryFrom<Suspension<'_>> for login::Suspension {
    type Error = DecodeError;
    fn try_from(stored: Suspension<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            action: stored.action.parse()?,
            step: stored.step,
            expires_at: Timestamp(stored.expires_at),
            location: stored.location.to_owned(),
            factor: name(stored.factor)?,
            stash: json(stored.stash)?,
            timed_out: stored.timed_out,
        })
    }
}

impl<'a> From<&'a login::Settled> for Settled<'a> {
    fn from(settled: &'a login::Settled) -> Self {
        let standing = |factor: &'a login::FactorStanding| FactorStanding {
            name: factor.name.as_str(),
            completed_at: factor.completed_at.0,
            expires_at: factor.expires_at.0,
        };
        Self { amr: texts(&settled.amr), factors: settled.factors.iter().map(standing).collect() }
    }
}

impl TryFrom<Settled<'_>> for login::Settled {
    type Error = DecodeError;
    fn try_from(stored: Settled<'_>) -> Result<Self, DecodeError> {
        Ok(Self { amr: owned(stored.amr), factors: all(stored.factors)? })
    }
}

impl TryFrom<FactorStanding<'_>> for login::FactorStanding {
    type Error = DecodeError;
    fn try_from(stored: FactorStanding<'_>) -> Result<Self, DecodeError> {
        let (completed_at, expires_at) = (Timestamp(stored.completed_at), Timestamp(stored.expires_at));
        Ok(Self { name: stored.name.parse()?, completed_at, expires_at })
    }
}

impl<'a> From<&'a login::Effects> for Effects<'a> {
    fn from(effects: &'a login::Effects) -> Self {
        Self {
            id_token_claims: pairs(&effects.id_token_claims),
            access_token_claims: pairs(&effects.access_token_claims),
            add_scopes: texts(&effects.add_scopes),
            remove_scopes: texts(&effects.remove_scopes),
            app_metadata: patch(&effects.app_metadata),
            user_metadata: patch(&effects.user_metadata),
        }
    }
}

impl TryFrom<Effects<'_>> for login::Effects {
    type Error = DecodeError;
    fn try_from(stored: Effects<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id_token_claims: metadata(stored.id_token_claims)?,
            access_token_claims: metadata(stored.access_token_claims)?,
            add_scopes: owned(stored.add_scopes),
            remove_scopes: owned(stored.remove_scopes),
            app_metadata: unpatch(stored.app_metadata)?,
            user_metadata: unpatch(stored.user_metadata)?,
        })
    }
}

impl<'a> From<&'a state::PolicyState> for PolicyState<'a> {
    fn from(state: &'a state::PolicyState) -> Self {
        let reason = |reason: &'a state::SkipReason| match reason {
            state::SkipReason::Unmet(why) => SkipReason::Unmet(why),
            state::SkipReason::Satisfied => SkipReason::Satisfied,
            state::SkipReason::Bypassed => SkipReason::Bypassed,
            state::SkipReason::Refused => SkipReason::Refused,
        };
        Self {
            skipped: state.skipped.iter().map(|(action, why)| (action.as_str(), reason(why))).collect(),
            used: state.used.iter().map(FactorKey::from).collect(),
            bypasses: state.bypasses.iter().map(Bypass::from).collect(),
        }
    }
}

impl TryFrom<PolicyState<'_>> for state::PolicyState {
    type Error = DecodeError;
    fn try_from(stored: PolicyState<'_>) -> Result<Self, DecodeError> {
        let skipped = |(action, why): (&str, SkipReason<'_>)| {
            let why = match why {
                SkipReason::Unmet(why) => state::SkipReason::Unmet(why.to_owned()),
                SkipReason::Satisfied => state::SkipReason::Satisfied,
                SkipReason::Bypassed => state::SkipReason::Bypassed,
                SkipReason::Refused => state::SkipReason::Refused,
            };
            Ok::<(ActionName, _), DecodeError>((action.parse()?, why))
        };
        Ok(Self {
            skipped: stored.skipped.into_iter().map(skipped).collect::<Result<_, _>>()?,
            used: all(stored.used)?,
            bypasses: all(stored.bypasses)?,
        })
    }
}

impl<'a> From<&'a login::Trace> for Trace<'a> {
    fn from(trace: &'a login::Trace) -> Self {
        let line = |line: &'a login::TraceLine| TraceLine { level: line.level.into(), text: &line.text };
        Self {
            action: trace.action.as_str(),
            version: &trace.version,
            digest: Digest(trace.digest),
            step: trace.step,
            phase: trace.phase.into(),
            decision: trace.decision.into(),
            report_only: trace.report_only,
            why: &trace.why,
            at: trace.at.0,
            limit: trace.limit.map(Limit::from),
            origin: trace.origin.as_deref(),
            fuel: trace.fuel,
            memory_bytes: trace.memory_bytes,
            host_calls: trace.host_calls,
            duration_us: trace.duration_us,
            waited_us: trace.waited_us,
            log: trace.log.iter().map(line).collect(),
            log_left_out: trace.log_left_out,
        }
    }
}

impl TryFrom<Trace<'_>> for login::Trace {
    type Error = DecodeError;
    fn try_from(stored: Trace<'_>) -> Result<Self, DecodeError> {
        let line = |line: TraceLine<'_>| login::TraceLine { level: line.level.into(), text: line.text.to_owned() };
        Ok(Self {
            action: stored.action.parse()?,
            version: stored.version.to_owned(),
            digest: stored.digest.0,
            step: stored.step,
            phase: stored.phase.into(),
            decision: stored.decision.into(),
            report_only: stored.report_only,
            why: stored.why.to_owned(),
            at: Timestamp(stored.at),
            limit: stored.limit.map(run::Limit::from),
            origin: stored.origin.map(str::to_owned),
            fuel: stored.fuel,
            memory_bytes: stored.memory_bytes,
            host_calls: stored.host_calls,
            duration_us: stored.duration_us,
            waited_us: stored.waited_us,
            log: stored.log.into_iter().map(line).collect(),
            log_left_out: stored.log_left_out,
        })
    }
}
