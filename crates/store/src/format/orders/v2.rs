//! Version 2 of the stored orders: they have a sequence. Frozen: it is never changed, only followed by another version.

use super::v1;
use crate::format::common::v1::{Digest, name};
use crate::format::stored::DecodeError;
use postlude_model::limits;
use postlude_model::names::{FactorName, Timestamp};
use postlude_model::policy::orders;
use serde::{Deserialize, Serialize};

/// A tenant's orders. They borrow from the orders that are written, or from the bytes that are read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Orders<'a> {
    version: u64,
    #[serde(borrow)]
    kills: Vec<Kill<'a>>,
    revocations: Vec<Revocation<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kill<'a> {
    digest: Digest,
    sequence: u64,
    at: u64,
    by: &'a str,
    reason: &'a str,
}

#[derive(Debug, Serialize, Deserialize)]
struct Revocation<'a> {
    digest: Digest,
    name: Option<&'a str>,
    sequence: u64,
    before: u64,
    needed_until: u64,
    by: &'a str,
    reason: &'a str,
}

/// Of what was ordered without a sequence the times decide, and nothing that knows of sequences is older.
impl<'a> From<v1::Orders<'a>> for Orders<'a> {
    fn from(older: v1::Orders<'a>) -> Self {
        let kill = |v1::Kill { digest, at, by, reason }: v1::Kill<'a>| Kill { digest, sequence: 0, at, by, reason };
        let revocation = |older: v1::Revocation<'a>| {
            let v1::Revocation { digest, name, before, by, reason } = older;
            let needed_until = Timestamp(before).plus(limits::FACTOR_AGE).0;
            Revocation { digest, name, sequence: 0, before, needed_until, by, reason }
        };
        Self {
            version: older.version,
            kills: older.kills.into_iter().map(kill).collect(),
            revocations: older.revocations.into_iter().map(revocation).collect(),
        }
    }
}

impl<'a> From<&'a orders::Orders> for Orders<'a> {
    fn from(orders: &'a orders::Orders) -> Self {
        let kill = |kill: &'a orders::Kill| Kill {
            digest: Digest(kill.digest),
            sequence: kill.sequence,
            at: kill.at.0,
            by: &kill.by,
            reason: &kill.reason,
        };
        let revocation = |revocation: &'a orders::Revocation| Revocation {
            digest: Digest(revocation.digest),
            name: revocation.name.as_ref().map(FactorName::as_str),
            sequence: revocation.sequence,
            before: revocation.before.0,
            needed_until: revocation.needed_until.0,
            by: &revocation.by,
            reason: &revocation.reason,
        };
        Self {
            version: orders.version,
            kills: orders.kills.iter().map(kill).collect(),
            revocations: orders.revocations.iter().map(revocation).collect(),
        }
    }
}

impl TryFrom<Orders<'_>> for orders::Orders {
    type Error = DecodeError;
    fn try_from(stored: Orders<'_>) -> Result<Self, DecodeError> {
        let kill = |kill: Kill<'_>| orders::Kill {
            digest: kill.digest.0,
            sequence: kill.sequence,
            at: Timestamp(kill.at),
            by: kill.by.to_owned(),
            reason: kill.reason.to_owned(),
        };
        let revocation = |revocation: Revocation<'_>| {
            Ok::<_, DecodeError>(orders::Revocation {
                digest: revocation.digest.0,
                name: name(revocation.name)?,
                sequence: revocation.sequence,
                before: Timestamp(revocation.before),
                needed_until: Timestamp(revocation.needed_until),
                by: revocation.by.to_owned(),
                reason: revocation.reason.to_owned(),
            })
        };
        Ok(Self {
            version: stored.version,
            kills: stored.kills.into_iter().map(kill).collect(),
            revocations: stored.revocations.into_iter().map(revocation).collect::<Result<_, _>>()?,
        })
    }
}
