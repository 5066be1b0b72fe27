//! A Postlude host without HTTP: what the server does, as a library for Rust programs.
//!
//! ```text
//! Host::open                 configuration, plugins and store; everything is checked before anything runs
//!   host.tenants()           who calls: the tenant, or the caller of an API key
//!   host.logins()            start, resume and show: the path of a login, in `login/`
//!   host.sessions()          look up, rotate, end, revoke a factor
//!   host.operator()          what operators may do; each change is audited
//!   host.reloads()           take a changed configuration, whole or not at all
//! host.run_until(stop)       sweeps, collects, watches files; when it returns no login is half done
//! ```
//!
//! The crate knows no HTTP: its errors are the closed list [`HostError`], which an adapter for a protocol maps to statuses of its own.

mod after_crash;
mod clock;
mod disk;
mod error;
pub mod events;
mod host;
mod keys;
pub mod log_context;
pub mod login;
mod lost;
mod maintenance;
mod metrics;
mod moment;
mod offline;
pub mod operator;
mod orders;
mod parts;
mod pipeline;
mod plugin;
mod recordings;
mod reload;
mod revision;
mod services;
mod sessions;
pub mod spans;
mod tenant;
mod tenants;

pub use clock::{Clock, ClockAlarm, Rfc3339, rfc3339};
pub use error::HostError;
pub use host::{Host, HostOptions, OpenHostError};
pub use lost::Lost;
pub use metrics::{LostLines, Metrics, OPEN_METRICS};
pub use offline::{check_store, repair_store};
pub use orders::LiveOrders;
pub use parts::{HostParts, RunListener};
pub use pipeline::Pipeline;
pub use plugin::{Compilation, CompileError, Compiler, WorkerLimits, worker as compile_worker};
pub use postlude_sandbox::{enter_background, enter_core};
pub use postlude_store::{DamagedRecord, EngineKind, RepairReport, StoreReport};
pub use reload::{
    ActionChange, LastReload, ReloadOutcome, ReloadRefused, ReloadStatus, ReloadTrigger, Reloaded, Reloads,
    SETTLE_TIME, TenantChange,
};
pub use revision::{Loaded, load};
pub use sessions::{CurrentSession, Sessions};
pub use tenant::Tenant;
pub use tenants::{Caller, Tenants};
