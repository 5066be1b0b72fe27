//! Reloading: one path for a changed file, SIGHUP and a call. Everything is read, checked, compiled and tried first; then all
//! tenants are swapped at once, or nothing is.
//!
//! ```text
//! watch                       a file changed, and came to rest
//!   Reloads::reload           one at a time; callers that come meanwhile share the next
//!     Activator::activate    stores what is new, then swaps all tenants
//! ```

mod activation;
mod fingerprint;
mod outcome;
mod reloads;
mod watch;
mod watched;

pub(crate) use activation::Activator;
pub use outcome::{
    ActionChange, LastReload, ReloadOutcome, ReloadRefused, ReloadStatus, ReloadTrigger, Reloaded, TenantChange,
};
pub use reloads::Reloads;
pub(crate) use reloads::{Started, session_lifetime, warn};
pub(crate) use watch::watch;
pub use watched::SETTLE_TIME;
pub(crate) use watched::Watched;
