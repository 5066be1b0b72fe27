//! The border of the store: what a host needs of it, and the types that cross it, whatever the engine.
//!
//! Each trait is one subject; [`Store`] is all of them, and what a host holds. Three ideas run through them:
//!
//! - **One commit.** What must change together is one call that changes all of it or nothing.
//! - **Compare and set.** A record that two hosts may write counts its writes, and is written over the version that the writer
//!   saw. The loser reads what is stored and answers from that. Claims in memory only save work.
//! - **Two durability classes.** A call is durable when it returns, unless its documentation or [`Durability`] says otherwise.

pub(crate) mod availability;
pub(crate) mod bypasses;
pub(crate) mod caches;
pub(crate) mod claim;
pub(crate) mod commit;
pub(crate) mod errors;
pub(crate) mod expiry;
pub(crate) mod logins;
pub(crate) mod mac;
pub(crate) mod observer;
pub(crate) mod orders;
pub(crate) mod page;
pub(crate) mod plugins;
pub(crate) mod report;
pub(crate) mod revisions;
pub(crate) mod scrub;
pub(crate) mod sessions;
pub(crate) mod store;

pub use availability::Availability;
pub use bypasses::{BypassChange, BypassOutcome, Bypasses};
pub use caches::Caches;
pub use claim::ClaimGuard;
pub use commit::{Commit, CommitOutcome, Commits, Durability, LightLogin, LightLoginOutcome, LoginWrite, SessionWrite};
pub use errors::{OpenError, StoreError};
pub use expiry::Expiry;
pub use logins::{LoginClaim, Logins};
pub use mac::RecordMac;
pub use observer::Observer;
pub use orders::OrderStore;
pub use page::Page;
pub use plugins::{Plugins, Upload, Uploads};
pub use report::{DamagedRecord, RepairReport, StoreReport};
pub use revisions::{Activation, ActiveRevision, Revisions};
pub use scrub::{KeyUse, Scrub, StoreCondition};
pub use sessions::Sessions;
pub use store::Store;
