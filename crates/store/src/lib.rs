//! Postlude's store: login records, sessions, revisions and plugin files, durable before the answer leaves.
//!
//! [`Store`] says what a host needs, without the ideas of any engine; it is made of one small trait for each subject.
//! [`SledStore`] is the embedded default, with a log of its own for light logins; [`MemoryStore`] serves tests; [`open`] chooses. `format` holds what is stored, as types of their own with a version for each kind of
//! record, and the rules for changing them.

mod api;
pub mod conformance;
mod content_files;
mod disk_watch;
mod engine;
mod format;
mod login_log;
mod memory;
mod rules;
mod sled;
mod space;

pub use api::{
    Activation, ActiveRevision, Availability, BypassChange, BypassOutcome, Bypasses, Caches, Caps, ClaimGuard, Commit,
    CommitOutcome, Commits, DamagedRecord, Durability, Expiry, KeyUse, LightLogin, LightLoginOutcome, LoginClaim,
    LoginWrite, Logins, Observer, OpenError, OrderStore, Page, Plugins, RecordMac, RepairReport, Revisions, Scrub,
    SessionWrite, Sessions, Store, StoreCondition, StoreError, StoreReport, Upload, Uploads,
};
pub use disk_watch::DISK_PATIENCE;
pub use engine::{EngineKind, StoreOptions, open};
pub use memory::MemoryStore;
pub use sled::{SledOptions, SledStore, check as check_sled, open as open_sled, repair as repair_sled};
