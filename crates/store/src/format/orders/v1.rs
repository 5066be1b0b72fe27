//! Version 1 of the stored orders. Frozen: it is never changed, only followed by another version.

use crate::format::common::v1::{Digest, name};
use crate::format::stored::DecodeError;
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
    at: u64,
    by: &'a str,
    reason: &'a str,
}

#[derive(Debug, Serialize, Deserialize)]
struct Revocation<'a> {
    digest: Digest,
    name: Option<&'a str>,
    before: u64,
    by: &'a str,
    reason: &'a str,
}

impl<'a> From<&'a orders::Orders> for Orders<'a> {
    fn from(orders: &'a orders::Orders) -> Self {
        let kill = |kill: &'a orders::Kill| Kill {
            digest: Digest(kill.digest),
            at: kill.at.0,
            by: &kill.by,
            reason: &kill.reason,
        };
        let revocation = |revocation: &'a orders::Revocation| Revocation {
            digest: Digest(revocation.digest),
            name: revocation.name.as_ref().map(FactorName::as_str),
            before: revocation.before.0,
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
            at: Timestamp(kill.at),
            by: kill.by.to_owned(),
            reason: kill.reason.to_owned(),
        };
        let revocation = |revocation: Revocation<'_>| {
            Ok::<_, DecodeError>(orders::Revocation {
                digest: revocation.digest.0,
                name: name(revocation.name)?,
                before: Timestamp(revocation.before),
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
