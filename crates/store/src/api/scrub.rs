//! The scrub: every record is looked at in the background, and given a tag of the root key in use.

use super::errors::StoreError;
use async_trait::async_trait;
use postlude_model::names::Timestamp;

/// What a store knows of its own condition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreCondition {
    /// Whether every record was looked at since the store was opened. Until then the counts grow.
    pub complete: bool,
    /// Records that were looked at since the store was opened, in the pass that runs or in the last one.
    pub checked: u64,
    /// Records that no root key explains, by their kind: they are damaged, or a key that was removed made them. They count as
    /// absent, and stay where they are.
    pub damaged: Vec<(&'static str, u64)>,
    /// What each root key is needed for, the key in use first.
    pub keys: Vec<KeyUse>,
}

/// What a root key is needed for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyUse {
    /// The key's public name.
    pub kid: String,
    /// Records that have the key's tag. Those of an earlier key get a tag of the key in use.
    pub records: u64,
    /// Logins in segments of the login log that the key made. They are not written again.
    pub light_logins: u64,
    /// When the last of those logins expires.
    pub until: Option<Timestamp>,
    /// From when on another key was in use; none for the key in use, and for one that this store has never used.
    pub replaced_at: Option<Timestamp>,
}

impl StoreCondition {
    /// How many records no root key explains.
    #[must_use]
    pub fn damaged_records(&self) -> u64 {
        self.damaged.iter().map(|(_, count)| count).sum()
    }
}

/// The scrub of a store.
#[async_trait]
pub trait Scrub: Send + Sync {
    /// Looks at about `most` records from where it stopped before, counts those that no root key explains, and gives those of an
    /// earlier key a tag of the one in use. Returns whether more are to be looked at in this pass; the next call after the last
    /// one begins another pass. A pass is complete only once what it changed is durable.
    ///
    /// # Errors
    /// When the store fails. A record that cannot be read is reported to the observer, and stays.
    async fn scrub(&self, most: usize) -> Result<bool, StoreError>;

    /// What is known of the store's condition.
    fn condition(&self) -> StoreCondition;
}
