//! Version 2 of the stored session: its factors know the orders. Frozen: it is never changed, only followed by another version.

use super::v1;
use crate::format::common::v1::{Pairs, metadata, name, pairs};
use crate::format::common::v2::Factor;
use crate::format::stored::DecodeError;
use postlude_model::names::{SessionId, Timestamp, UserId};
use postlude_model::session;
use serde::{Deserialize, Serialize};

/// A session. It borrows from the session that is written, or from the bytes that are read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Session<'a> {
    id: &'a str,
    user: Option<&'a str>,
    generation: u64,
    version: u64,
    #[serde(borrow)]
    factors: Vec<Factor<'a>>,
    metadata: Pairs<'a>,
    created_at: u64,
    last_used_at: u64,
    moved_to: Option<&'a str>,
}

impl<'a> From<v1::Session<'a>> for Session<'a> {
    fn from(older: v1::Session<'a>) -> Self {
        let v1::Session { id, user, generation, version, factors, metadata, created_at, last_used_at, moved_to } =
            older;
        let factors = factors.into_iter().map(Factor::from).collect();
        Self { id, user, generation, version, factors, metadata, created_at, last_used_at, moved_to }
    }
}

impl<'a> From<&'a session::Session> for Session<'a> {
    fn from(session: &'a session::Session) -> Self {
        Self {
            id: session.id.as_str(),
            user: session.user.as_ref().map(UserId::as_str),
            generation: session.generation,
            version: session.version,
            factors: session.factors.iter().map(Factor::from).collect(),
            metadata: pairs(&session.metadata),
            created_at: session.created_at.0,
            last_used_at: session.last_used_at.0,
            moved_to: session.moved_to.as_ref().map(SessionId::as_str),
        }
    }
}

impl TryFrom<Session<'_>> for session::Session {
    type Error = DecodeError;
    fn try_from(stored: Session<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: stored.id.parse()?,
            user: name(stored.user)?,
            generation: stored.generation,
            version: stored.version,
            factors: stored.factors.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            metadata: metadata(stored.metadata)?,
            created_at: Timestamp(stored.created_at),
            last_used_at: Timestamp(stored.last_used_at),
            moved_to: name(stored.moved_to)?,
        })
    }
}
