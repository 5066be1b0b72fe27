//! What a check of a whole store found, and what a repair did.

use super::scrub::KeyUse;
use std::path::PathBuf;

/// A stored record that no root key explains, or that a newer program wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedRecord {
    /// What it is.
    pub kind: &'static str,
    /// Which one: its tenant and name, as far as its key says.
    pub name: String,
    /// Why it cannot be read.
    pub why: String,
}

/// What is in a store, and what of it is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreReport {
    /// Records, light logins not among them.
    pub records: u64,
    /// Records that each root key made, the key in use first.
    pub keys: Vec<KeyUse>,
    /// How many records are damaged.
    pub damaged_records: u64,
    /// The first thousand of them.
    pub damaged: Vec<DamagedRecord>,
    /// Damaged records that something new took the place of.
    pub set_aside: u64,
    /// Whether the header is damaged: the store does not open.
    pub header_is_damaged: bool,
    /// Whether none of the root keys made the store.
    pub root_key_is_lost: bool,
    /// The tenant whose orders are damaged in both places, where there is one: the store does not open.
    pub orders_are_lost: Option<String>,
    /// Plugin files and revisions whose content is not what they are named by.
    pub damaged_files: Vec<PathBuf>,
}

/// What a repair did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepairReport {
    /// Records that were removed, those among them that had been set aside.
    pub removed: u64,
    /// The file that has them now.
    pub kept_in: Option<PathBuf>,
    /// Damaged logins that stay until their time is over.
    pub logins_that_stay: u64,
    /// Whether a new header was made, of a new epoch.
    pub new_header: bool,
    /// The tenants whose damaged orders were removed from the database.
    pub orders_of: Vec<String>,
}

impl StoreReport {
    /// Whether nothing is damaged.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.damaged_records == 0
            && !self.header_is_damaged
            && self.orders_are_lost.is_none()
            && self.damaged_files.is_empty()
    }
}
