//! Version 2 of the stored login record: it and its factors know the orders, and the location of a prompt is sealed. Frozen: it is
//! never changed, only followed by another version.

use super::v1::{self, Effects, Mode, PolicyState, Status, Subject, Trace, all};
use crate::format::common::v1::{Pairs, metadata, pairs};
use crate::format::common::v2::Factor;
use crate::format::stored::DecodeError;
use postlude_model::login::LoginRecord;
use postlude_model::names::Timestamp;
use serde::{Deserialize, Serialize};

/// A login record. It borrows from the record that is written, or from the bytes that are read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Login<'a> {
    id: &'a str,
    body_hash: [u8; 32],
    version: u64,
    #[serde(borrow)]
    subject: Subject<'a>,
    mode: Mode,
    return_url: Option<&'a str>,
    revision: u64,
    created_at: u64,
    orders_seen: Option<u64>,
    changed_at: u64,
    deadline: u64,
    expires_at: u64,
    position: u32,
    step: u32,
    suspensions: u32,
    status: Status<'a>,
    metadata: Pairs<'a>,
    effects: Effects<'a>,
    recorded: Vec<Factor<'a>>,
    held_metadata: Pairs<'a>,
    policy_state: PolicyState<'a>,
    trace: Vec<Trace<'a>>,
}

impl<'a> From<v1::Login<'a>> for Login<'a> {
    fn from(older: v1::Login<'a>) -> Self {
        Self {
            orders_seen: None,
            recorded: older.recorded.into_iter().map(Factor::from).collect(),
            id: older.id,
            body_hash: older.body_hash,
            version: older.version,
            subject: older.subject,
            mode: older.mode,
            return_url: older.return_url,
            revision: older.revision,
            created_at: older.created_at,
            changed_at: older.changed_at,
            deadline: older.deadline,
            expires_at: older.expires_at,
            position: older.position,
            step: older.step,
            suspensions: older.suspensions,
            status: older.status,
            metadata: older.metadata,
            effects: older.effects,
            held_metadata: older.held_metadata,
            policy_state: older.policy_state,
            trace: older.trace,
        }
    }
}

impl<'a> From<&'a LoginRecord> for Login<'a> {
    fn from(record: &'a LoginRecord) -> Self {
        Self {
            id: record.id.as_str(),
            body_hash: record.body_hash,
            version: record.version,
            subject: Subject::from(&record.subject),
            mode: record.mode.into(),
            return_url: record.return_url.as_deref(),
            revision: record.revision,
            created_at: record.created_at.0,
            orders_seen: record.orders_seen,
            changed_at: record.changed_at.0,
            deadline: record.deadline.0,
            expires_at: record.expires_at.0,
            position: record.position,
            step: record.step,
            suspensions: record.suspensions,
            status: Status::from(&record.status),
            metadata: pairs(&record.metadata),
            effects: Effects::from(&record.effects),
            recorded: record.recorded.iter().map(Factor::from).collect(),
            held_metadata: pairs(&record.held_metadata),
            policy_state: PolicyState::from(&record.policy_state),
            trace: record.trace.iter().map(Trace::from).collect(),
        }
    }
}

impl TryFrom<Login<'_>> for LoginRecord {
    type Error = DecodeError;
    fn try_from(stored: Login<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: stored.id.parse()?,
            body_hash: stored.body_hash,
            version: stored.version,
            subject: stored.subject.try_into()?,
            mode: stored.mode.into(),
            return_url: stored.return_url.map(str::to_owned),
            revision: stored.revision,
            created_at: Timestamp(stored.created_at),
            orders_seen: stored.orders_seen,
            changed_at: Timestamp(stored.changed_at),
            deadline: Timestamp(stored.deadline),
            expires_at: Timestamp(stored.expires_at),
            position: stored.position,
            step: stored.step,
            suspensions: stored.suspensions,
            status: stored.status.try_into()?,
            metadata: metadata(stored.metadata)?,
            effects: stored.effects.try_into()?,
            recorded: all(stored.recorded)?,
            held_metadata: metadata(stored.held_metadata)?,
            policy_state: stored.policy_state.try_into()?,
            trace: all(stored.trace)?,
        })
    }
}
