//! What operators ordered, once more: beside the high-water file, so that neither a damaged database nor a restored backup undoes it.

use super::changes::Changes;
use super::database::Database;
use super::keys::{self, KeyKind};
use crate::api::{OpenError, RecordMac, StoreError};
use crate::content_files;
use crate::format::orders_file::{self, KeptOrders};
use crate::rules::kept_orders;
use postlude_model::names::TenantName;
use postlude_model::policy::orders::Orders;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The ending that the high-water file's name gets.
const ENDING: &str = ".orders";

/// The file, and what is in it.
#[derive(Debug)]
pub(crate) struct OrdersFile {
    path: PathBuf,
    mac: Arc<dyn RecordMac>,
    tenants: BTreeMap<TenantName, KeptOrders>,
    /// Whether this host is known to have written it.
    ours: bool,
    /// What the file holds now.
    written: Vec<u8>,
}

impl OrdersFile {
    /// Reads the file beside the high-water file. One that is missing or damaged has nothing in it.
    ///
    /// # Errors
    /// When it cannot be read, or a newer program wrote it.
    pub(crate) fn read(high_water_file: &Path, mac: Arc<dyn RecordMac>) -> Result<Self, OpenError> {
        let mut path = OsString::from(high_water_file);
        path.push(ENDING);
        let path = PathBuf::from(path);
        let written = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(why) if why.kind() == ErrorKind::NotFound => Vec::new(),
            Err(why) => return Err(OpenError::Io { path, why }),
        };
        let parsed = orders_file::decode(&written, &*mac).map_err(|_| OpenError::Newer(path.clone()))?;
        if parsed.is_none() && !written.is_empty() {
            tracing::error!(file = %path.display(), "the file of orders is damaged; what the database has of them holds, and it is made anew");
        }
        let (tenants, ours) = parsed.map_or_else(Default::default, |parsed| (parsed.tenants, parsed.ours));
        Ok(Self { path, mac, tenants, ours, written })
    }

    /// Unites the file and the database: what either has holds. The database is changed where it differs.
    ///
    /// # Errors
    /// When orders are damaged in both, or the engine fails.
    pub(crate) fn unite(&mut self, database: &Database, changes: &mut Changes, dir: &Path) -> Result<(), OpenError> {
        let failed = |why: StoreError| OpenError::Engine { dir: dir.to_owned(), why: why.to_string() };
        let stored = database.records.keys(&keys::all_of(KeyKind::Orders)).map_err(failed)?;
        let stored = stored.iter().filter_map(|key| keys::tenant_of(key));
        let all: BTreeSet<TenantName> = self.tenants.keys().cloned().chain(stored).collect();
        for tenant in all {
            let key = keys::orders(&tenant);
            let stored: Option<Orders> = match database.get(&key) {
                Err(StoreError::Corrupt(_) | StoreError::Unreadable(..)) if self.tenants.contains_key(&tenant) => {
                    tracing::error!(%tenant, file = %self.path.display(), "the orders of a tenant are damaged in the database; those of the file hold");
                    None
                }
                Err(StoreError::Corrupt(_) | StoreError::Unreadable(..)) => {
                    let (tenant, dir, file) = (tenant.to_string(), dir.to_owned(), self.path.clone());
                    return Err(OpenError::Orders { tenant, dir, file });
                }
                read => read.map_err(failed)?,
            };
            let kept = self.tenants.entry(tenant.clone()).or_default();
            let before = stored.unwrap_or_default();
            let mut united = kept_orders::united(&before, kept, self.ours);
            if united != before {
                united.version = united.version.saturating_add(1);
                tracing::warn!(%tenant, kills = united.kills.len(), revocations = united.revocations.len(), "orders that the database did not have were taken from their file");
                database.put(changes, key, &united).map_err(failed)?;
            }
            kept_orders::update(kept, &united);
        }
        Ok(())
    }

    /// The version of each tenant's orders.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (TenantName, u64)> + '_ {
        self.tenants.iter().map(|(tenant, kept)| (tenant.clone(), kept.orders.version))
    }

    /// Notes a tenant's orders, durably.
    ///
    /// # Errors
    /// When the file cannot be written. It stays as it was.
    pub(crate) fn put(&mut self, tenant: &TenantName, orders: &Orders) -> Result<(), StoreError> {
        let before = self.tenants.get(tenant).cloned();
        kept_orders::update(self.tenants.entry(tenant.clone()).or_default(), orders);
        let written = self.write();
        if written.is_err() {
            match before {
                Some(before) => self.tenants.insert(tenant.clone(), before),
                None => self.tenants.remove(tenant),
            };
        }
        written
    }

    /// Writes the file, unless it has these orders with a tag of the root key in use.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&mut self) -> Result<(), StoreError> {
        let bytes = orders_file::encode(&self.tenants, &*self.mac)?;
        if bytes == self.written || (self.tenants.is_empty() && self.written.is_empty()) {
            return Ok(());
        }
        let failed = |why| StoreError::Failed(format!("`{}` cannot be written: {why}", self.path.display()));
        content_files::replace(&self.path, &bytes).map_err(failed)?;
        self.written = bytes;
        Ok(())
    }
}
