//! Which revisions are needed, and letting go of the others.

use crate::api::StoreError;
use crate::keys::{self, Kind};
use crate::tables::Tables;
use crate::values::Changes;
use postlude_model::names::{TenantName, Timestamp};
use serde::{Deserialize, Serialize};

/// Until when a revision is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Need {
    tenant: TenantName,
    number: u64,
    until: Timestamp,
}

impl Tables {
    /// A revision is needed until then at least.
    pub(crate) fn plan_need(&self, tenant: &TenantName, number: u64, until: Timestamp) -> Result<Changes, StoreError> {
        let (mut changes, key) = (Changes::default(), keys::revision_need(tenant, number));
        let before = self.get::<Need>(&key)?.map(|need| need.until);
        if before.is_none_or(|before| before < until) {
            self.values.put(&mut changes, key, &Need { tenant: tenant.clone(), number, until })?;
        }
        Ok(changes)
    }

    /// Deletes every revision that nobody needs any more; a tenant's newest stays, so that its number is not given again.
    pub(crate) fn plan_revision_sweep(&self, now: Timestamp) -> Result<(Changes, Vec<(TenantName, u64)>), StoreError> {
        let (mut changes, mut gone) = (Changes::default(), Vec::new());
        for key in self.values.keys(&keys::all_of(Kind::RevisionNeed))? {
            let Some(Need { tenant, number, until }) = self.get(&key)? else { continue };
            let newest = self.values.last(&keys::revisions(&tenant))?.and_then(|key| keys::number_of(&key));
            if until >= now || newest == Some(number) {
                continue;
            }
            let revision = keys::revision(&tenant, number);
            if let Some(hash) = self.get::<[u8; 32]>(&revision)? {
                changes.remove(keys::revision_number(&tenant, &hash));
            }
            changes.remove(revision);
            changes.remove(key.to_vec());
            gone.push((tenant, number));
        }
        Ok((changes, gone))
    }

    /// The hashes of all revisions' contents.
    pub(crate) fn revision_hashes(&self) -> Result<Vec<[u8; 32]>, StoreError> {
        let keys = self.values.keys(&keys::all_of(Kind::Revision))?;
        Ok(keys.iter().map(|key| self.get(key)).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}
