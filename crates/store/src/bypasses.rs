//! A user's bypasses: one short list, changed by the one thread that writes, so that one login alone can use one up.

use crate::api::{BypassChange, BypassOutcome, StoreError};
use crate::keys;
use crate::tables::Tables;
use crate::values::Changes;
use postlude_model::limits;
use postlude_model::login::LoginRecord;
use postlude_model::names::{BypassId, TenantName, Timestamp, UserId};
use postlude_model::policy::bypass::{Bypass, BypassUse};

impl Tables {
    fn bypasses(&self, tenant: &TenantName, user: &UserId) -> Result<Vec<Bypass>, StoreError> {
        Ok(self.get(&keys::bypasses(tenant, user))?.unwrap_or_default())
    }

    /// Issues or revokes a bypass. What has expired goes, used ones until then stay for the audit.
    pub(crate) fn plan_bypass(
        &self,
        tenant: &TenantName,
        change: BypassChange,
        now: Timestamp,
    ) -> Result<(Changes, BypassOutcome), StoreError> {
        let mut changes = Changes::default();
        let user = change.user().clone();
        let mut bypasses = self.bypasses(tenant, &user)?;
        let is_new = bypasses.is_empty();
        bypasses.retain(|bypass| now < bypass.expires_at);
        let outcome = match change {
            BypassChange::Issue(_) if bypasses.len() >= limits::BYPASSES => BypassOutcome::TooMany,
            BypassChange::Issue(bypass) => {
                bypasses.push(bypass);
                BypassOutcome::Done
            }
            BypassChange::Revoke { id, .. } => match bypasses.iter().position(|bypass| bypass.id == id) {
                None => BypassOutcome::Unknown,
                Some(at) if bypasses.get(at).is_some_and(|bypass| bypass.used.is_some()) => BypassOutcome::Used,
                Some(at) => {
                    bypasses.remove(at);
                    BypassOutcome::Done
                }
            },
        };
        if outcome == BypassOutcome::Done {
            self.put_bypasses(&mut changes, tenant, &user, &bypasses, is_new)?;
        }
        Ok((changes, outcome))
    }

    /// Marks bypasses as used by a login; false where one of them is not to be had any more.
    pub(crate) fn plan_uses(
        &self,
        changes: &mut Changes,
        tenant: &TenantName,
        record: &LoginRecord,
        wanted: &[BypassId],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if wanted.is_empty() {
            return Ok(true);
        }
        let user = &record.subject.user_id;
        let mut bypasses = self.bypasses(tenant, user)?;
        for id in wanted {
            let unused = |bypass: &&mut Bypass| bypass.id == *id && bypass.used.is_none() && now < bypass.expires_at;
            let Some(bypass) = bypasses.iter_mut().find(unused) else { return Ok(false) };
            bypass.used = Some(BypassUse { login_id: record.id.clone(), at: now });
        }
        self.put_bypasses(changes, tenant, user, &bypasses, false)?;
        Ok(true)
    }

    fn put_bypasses(
        &self,
        changes: &mut Changes,
        tenant: &TenantName,
        user: &UserId,
        bypasses: &[Bypass],
        is_new: bool,
    ) -> Result<(), StoreError> {
        let key = keys::bypasses(tenant, user);
        let Some(last) = bypasses.iter().map(|bypass| bypass.expires_at).max() else {
            changes.remove(key);
            return Ok(());
        };
        if is_new {
            self.expire(changes, last, &key);
        }
        self.put(changes, key, &bypasses)
    }
}
