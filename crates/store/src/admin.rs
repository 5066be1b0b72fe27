//! What operators ask of the store: orders, uploads, and pages of records. Every read is bounded.

use crate::api::{Page, StoreError, Upload};
use crate::keys::{self, Kind};
use crate::tables::Tables;
use crate::values::Changes;
use postlude_model::login::LoginRecord;
use postlude_model::names::{Digest, LoginId, TenantName, Timestamp, UserId};
use postlude_model::policy::orders::Orders;
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::ops::Range;

impl Tables {
    /// Replaces a tenant's orders where their version is `expect`.
    pub(crate) fn plan_orders(
        &self,
        tenant: &TenantName,
        mut orders: Orders,
        expect: u64,
    ) -> Result<Option<Changes>, StoreError> {
        let key = keys::orders(tenant);
        if self.get::<Orders>(&key)?.unwrap_or_default().version != expect {
            return Ok(None);
        }
        orders.version = expect.saturating_add(1);
        let mut changes = Changes::default();
        self.put(&mut changes, key, &orders)?;
        Ok(Some(changes))
    }

    /// Notes an upload, unless the tenant has as many as it may have. The first note of a digest stays.
    pub(crate) fn plan_upload(
        &self,
        tenant: &TenantName,
        upload: &Upload,
        most: usize,
    ) -> Result<Option<Changes>, StoreError> {
        let key = keys::upload(tenant, &upload.digest);
        let mut changes = Changes::default();
        if self.get::<Upload>(&key)?.is_some() {
            return Ok(Some(changes));
        }
        // Counted by their keys: the notes are not read where commits wait.
        if self.values.keys(&keys::of_tenant(Kind::Upload, tenant))?.len() >= most {
            return Ok(None);
        }
        self.put(&mut changes, key, upload)?;
        Ok(Some(changes))
    }

    /// All uploads of a tenant; the quota bounds them.
    pub(crate) fn uploads(&self, tenant: &TenantName) -> Result<Vec<Upload>, StoreError> {
        let all = keys::of_tenant(Kind::Upload, tenant);
        Ok(self.page(all.clone()..keys::after(&all), usize::MAX)?.items)
    }

    /// What any tenant uploaded.
    pub(crate) fn uploaded(&self) -> Result<HashSet<Digest>, StoreError> {
        let keys = self.values.keys(&[Kind::Upload as u8])?;
        Ok(keys.iter().filter_map(|key| keys::uploaded(key)).collect())
    }

    /// Records of one kind of a tenant in the order of their keys, after one of them.
    pub(crate) fn page_of<T: DeserializeOwned>(
        &self,
        kind: Kind,
        tenant: &TenantName,
        after: Option<Vec<u8>>,
        most: usize,
    ) -> Result<Page<T>, StoreError> {
        let all = keys::of_tenant(kind, tenant);
        let end = keys::after(&all);
        // A key with a zero byte at its end is the next one that can be.
        let start = after.map_or(all, |key| [&key[..], &[0]].concat());
        self.page(start..end, most)
    }

    fn page<T: DeserializeOwned>(&self, range: Range<Vec<u8>>, most: usize) -> Result<Page<T>, StoreError> {
        let (mut items, mut more) = (Vec::new(), false);
        for key in self.values.marks(range) {
            if items.len() >= most {
                more = true;
                break;
            }
            // A record may be swept between its key and its value.
            items.extend(self.get(&key?.0)?);
        }
        Ok(Page { items, more })
    }

    /// A user's logins, the newest first, after one of them.
    pub(crate) fn logins_of(
        &self,
        tenant: &TenantName,
        user: &UserId,
        after: Option<&(Timestamp, LoginId)>,
        most: usize,
    ) -> Result<Page<LoginRecord>, StoreError> {
        let list = keys::of_user(tenant, user);
        let start = match after {
            Some((began, id)) => [&keys::by_user(tenant, user, *began, id)[..], &[0]].concat(),
            None => list.clone(),
        };
        let (mut items, mut more) = (Vec::new(), false);
        for mark in self.values.marks(start..keys::after(&list)) {
            if items.len() >= most {
                more = true;
                break;
            }
            let (mark, _) = mark?;
            let Some((_, id)) = keys::listed(&list, &mark) else { continue };
            items.extend(self.get(&keys::login(tenant, &id))?);
        }
        Ok(Page { items, more })
    }
}
