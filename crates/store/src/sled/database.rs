//! The database as its planners see it: the records, how long sessions are kept, and who hears of what cannot be read.

use super::changes::Changes;
use super::keys::{self, KeyKind};
use super::lost::Dispensable;
use super::order_versions::OrderVersions;
use super::records::Records;
use crate::api::observer::report;
use crate::api::{Observer, StoreError};
use crate::format::stored::Stored;
use crate::login_log::{Appended, LoginKeys, LoginLog};
use crate::rules::open_logins::OpenCount;
use postlude_model::limits;
use postlude_model::login::LoginRecord;
use postlude_model::names::{TenantName, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How coarse expiry is. A record has one entry in the index of expiry, made with it; the sweep moves it when the record lives
/// longer.
const EXPIRY_GRAIN: Duration = Duration::from_secs(60 * 60);

/// The records and what belongs to them. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) records: Records,
    /// How long a session is kept after its last use.
    pub(crate) session_lifetime: Duration,
    pub(crate) observer: Arc<dyn Observer>,
    /// Which orders are in force.
    pub(crate) orders: Arc<OrderVersions>,
    /// Suspended logins of each tenant since the store was opened.
    pub(crate) open_counts: Arc<Mutex<HashMap<TenantName, OpenCount>>>,
    /// Light logins. One that is written again is a record like any other from then on, and counts in place of the first.
    pub(crate) light_logins: Arc<LoginLog>,
}

impl Database {
    pub(crate) fn new(
        records: Records,
        session_lifetime: Duration,
        observer: Arc<dyn Observer>,
        light_logins: Arc<LoginLog>,
    ) -> Self {
        // While a login may live, an ended session's generation must not be forgotten: the login would be taken for one
        // of a new session.
        Self {
            records,
            session_lifetime: session_lifetime.max(limits::RECORD_LIFETIME),
            observer,
            orders: Arc::default(),
            open_counts: Arc::default(),
            light_logins,
        }
    }

    pub(crate) fn get<T: Stored>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.records.get(key)
    }

    pub(crate) fn put<T: Stored>(&self, changes: &mut Changes, key: Vec<u8>, value: &T) -> Result<(), StoreError> {
        self.records.put(changes, key, value)
    }

    /// A record, or what stands in its place where no root key explains it. That is reported.
    ///
    /// # Errors
    /// When a newer version of this program wrote it, or the engine fails.
    pub(crate) fn get_or_lost<T: Dispensable>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        match self.get(key) {
            Err(why @ (StoreError::Corrupt(_) | StoreError::Unreadable(..))) => {
                report(&*self.observer, why, "it counts as absent")?;
                let damaged = self.records.bytes(key).ok().flatten().unwrap_or_default();
                Ok(T::in_place_of(key, &damaged))
            }
            read => read,
        }
    }

    /// A record for a list, which goes on without one that no root key explains. That is reported.
    ///
    /// # Errors
    /// As [`Self::get_or_lost`].
    pub(crate) fn get_listed<T: Stored>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        match self.get(key) {
            Err(why @ (StoreError::Corrupt(_) | StoreError::Unreadable(..))) => {
                report(&*self.observer, why, "the list goes on without it").map(|()| None)
            }
            read => read,
        }
    }

    /// As [`Self::get_or_lost`], for a record that these changes may replace: what was there is kept aside.
    pub(crate) fn get_to_change<T: Dispensable>(
        &self,
        changes: &mut Changes,
        key: &[u8],
    ) -> Result<Option<T>, StoreError> {
        match self.get(key) {
            Err(StoreError::Corrupt(_) | StoreError::Unreadable(..)) => {
                changes.set_aside(key.to_vec());
                self.get_or_lost(key)
            }
            read => read,
        }
    }

    /// Appends a light login.
    pub(crate) fn append(&self, tenant: &TenantName, login: &LoginRecord) -> Result<Appended, StoreError> {
        let record = keys::login(tenant, &login.id);
        let (of_tenant, user) =
            (keys::of_tenant(KeyKind::Login, tenant), keys::of_user(tenant, &login.subject.user_id));
        self.light_logins.append(LoginKeys { record: &record, tenant: &of_tenant, user: &user }, login)
    }
}

/// Enters into the index of expiry when a record expires.
pub(crate) fn expire(changes: &mut Changes, at: Timestamp, key: &[u8]) {
    changes.put_index(keys::expiry(grained(at), key));
}

/// The end of the hour of a time.
pub(crate) fn grained(at: Timestamp) -> Timestamp {
    let grain = u64::try_from(EXPIRY_GRAIN.as_millis()).unwrap_or(u64::MAX);
    Timestamp(at.0.div_ceil(grain).saturating_mul(grain))
}
