//! What the thread that writes is asked for.

use crate::api::{Activation, BypassChange, BypassOutcome, Commit, CommitOutcome, StoreError, Upload};
use postlude_model::names::{Digest, TenantName, Timestamp};
use postlude_model::policy::orders::Orders;
use tokio::sync::oneshot;

/// Where the answer goes.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// Something to write.
#[derive(Debug)]
pub(crate) enum Job {
    /// A claim in it holds until the commit is applied.
    Commit(Box<Commit>, Answer<CommitOutcome>),
    Revision(TenantName, [u8; 32], Answer<u64>),
    Orders(TenantName, Box<Orders>, u64, Answer<bool>),
    Upload(TenantName, Box<Upload>, usize, Answer<bool>),
    RemoveUpload(TenantName, Digest, Answer<bool>),
    /// With the clock, and whether it is settled.
    Bypass(TenantName, BypassChange, (Timestamp, bool), Answer<BypassOutcome>),
    Activate(Vec<Activation>, Answer<bool>),
    NeedRevision(TenantName, u64, Timestamp, Answer<()>),
    /// The number is that of light logins that expired.
    SweepExpired(Timestamp, usize, u64, Answer<bool>),
    SweepRevisions(Timestamp, Answer<Vec<(TenantName, u64)>>),
    /// Records to be given a tag of the root key in use. Without any, what was tagged before is made durable. The answer is how
    /// many need no earlier one any more.
    TagAgain(Vec<Vec<u8>>, Answer<u64>),
    /// The answer is the number of the newest commit.
    Stop(Answer<u64>),
}

impl Job {
    /// Whose job it is; none: the store's own.
    pub(crate) const fn tenant(&self) -> Option<&TenantName> {
        match self {
            Self::Commit(commit, _) => Some(&commit.tenant),
            Self::Revision(tenant, ..)
            | Self::Orders(tenant, ..)
            | Self::Upload(tenant, ..)
            | Self::RemoveUpload(tenant, ..)
            | Self::Bypass(tenant, ..)
            | Self::NeedRevision(tenant, ..) => Some(tenant),
            Self::Activate(..)
            | Self::SweepExpired(..)
            | Self::SweepRevisions(..)
            | Self::TagAgain(..)
            | Self::Stop(_) => None,
        }
    }
}
