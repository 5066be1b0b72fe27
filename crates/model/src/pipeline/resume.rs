//! Whether a suspended login may resume: the part of the resume protocol that needs no I/O.

use crate::handle::StateClaims;
use crate::login::{EndReason, LoginRecord, Status};
use crate::names::{ClientId, SessionId, Timestamp, UserId};
use crate::session::Session;

/// What the IdP presented with the browser's reply. The reply was unsealed and its state's MAC checked.
#[derive(Debug, Clone)]
pub struct Presented<'a> {
    /// The claims of the state.
    pub state: &'a StateClaims,
    /// Whether the resume key is the login's, compared in constant time.
    pub resume_key_matches: bool,
    /// The event's user.
    pub user_id: &'a UserId,
    /// The event's client.
    pub client_id: &'a ClientId,
    /// The event's session; none means the minted one.
    pub session_id: Option<&'a SessionId>,
}

/// What a host does with a resume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// Run `on-continue`.
    Resume,
    /// The step is consumed: give the login's present answer, without side effects.
    Replay,
    /// The call is not from this login's browser, user, client or session. The login stays alive.
    Mismatch,
    /// The state, or the login, is too old.
    Expired,
    /// The session ended, or changed hands: the login ends.
    SessionEnded,
}

/// Rules on a resume. `session` is the login's session as it is now, `session_id` its present identifier.
///
/// The order is the protocol's: first which browser and IdP ask, then whether the step was consumed, then its age, then its session.
#[must_use]
pub fn rule(
    record: &LoginRecord,
    session: Option<&Session>,
    session_id: Option<&SessionId>,
    presented: &Presented<'_>,
    now: Timestamp,
) -> Ruling {
    let subject = &record.subject;
    let same_session = match (presented.session_id, session_id) {
        (Some(given), Some(own)) => given == own || Some(given) == subject.session_id.as_ref(),
        (None, _) => subject.minted || subject.session_id.is_none(),
        (Some(_), None) => false,
    };
    let same = presented.resume_key_matches
        && presented.state.login_id == record.id
        && *presented.user_id == subject.user_id
        && *presented.client_id == subject.client_id
        && same_session;
    if !same || presented.state.step >= record.step {
        return Ruling::Mismatch;
    }
    let suspension = match &record.status {
        Status::Suspended(suspension) if suspension.step == presented.state.step => suspension,
        _ => return Ruling::Replay,
    };
    if now > suspension.expires_at || now > presented.state.expires_at || now > record.deadline {
        return Ruling::Expired;
    }
    if session_ended(record, session) { Ruling::SessionEnded } else { Ruling::Resume }
}

/// Whether a login's session ended or changed hands since the login began.
#[must_use]
pub fn session_ended(record: &LoginRecord, session: Option<&Session>) -> bool {
    let Some(session) = session else { return record.subject.generation != 0 };
    let taken = session.user.as_ref().is_some_and(|owner| *owner != record.subject.user_id);
    session.generation != record.subject.generation || (taken && !record.subject.foreign)
}

/// The record of a login that was ended from outside.
#[must_use]
pub fn ended(mut record: LoginRecord, why: EndReason) -> LoginRecord {
    record.status = Status::Ended(why);
    record
}
