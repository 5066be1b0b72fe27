//! What the in-memory engine holds.

use crate::api::{ActiveRevision, Upload};
use crate::rules::open_logins::OpenLogin;
use postlude_model::cache::Cache;
use postlude_model::login::LoginRecord;
use postlude_model::names::{ActionName, Digest, SessionId, TenantName, Timestamp, UserId};
use postlude_model::policy::bypass::Bypass;
use postlude_model::policy::orders::Orders;
use postlude_model::session::Session;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// All records of all tenants.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) tenants: BTreeMap<TenantName, Tenant>,
    pub(crate) plugins: HashMap<Digest, Vec<u8>>,
    /// The clock of the newest commit.
    pub(crate) last_commit: Timestamp,
}

/// The records of one tenant.
#[derive(Debug, Default)]
pub(crate) struct Tenant {
    /// By their place.
    pub(crate) logins: BTreeMap<String, LoginRecord>,
    pub(crate) sessions: BTreeMap<SessionId, Arc<Session>>,
    pub(crate) open_logins: BTreeMap<UserId, Vec<OpenLogin>>,
    pub(crate) bypasses: BTreeMap<UserId, Vec<Bypass>>,
    pub(crate) caches: BTreeMap<ActionName, Cache>,
    pub(crate) orders: Orders,
    pub(crate) uploads: BTreeMap<Digest, Upload>,
    pub(crate) revisions: BTreeMap<u64, Revision>,
    pub(crate) active_revision: Option<ActiveRevision>,
}

/// A revision.
#[derive(Debug)]
pub(crate) struct Revision {
    pub(crate) content: String,
    /// Until when it is needed; none: for ever.
    pub(crate) needed_until: Option<Timestamp>,
}

impl State {
    /// The records of a tenant, to change them.
    pub(crate) fn tenant(&mut self, name: &TenantName) -> &mut Tenant {
        self.tenants.entry(name.clone()).or_default()
    }
}
