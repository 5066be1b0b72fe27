//! Root keys: what each is needed for, and from when on it may be removed. They are the host's, for all its tenants.

use crate::services::Services;
use crate::tenants::TenantsInForce;
use postlude_model::limits;
use postlude_model::names::Timestamp;
use postlude_store::{KeyUse, StoreCondition};
use std::sync::Arc;

/// The root keys of a host.
#[derive(Debug)]
pub struct RootKeys {
    services: Arc<Services>,
    tenants: Arc<TenantsInForce>,
}

/// What a root key is needed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootKeyStatus {
    /// The key's public name.
    pub kid: String,
    /// Whether the key makes everything new.
    pub current: bool,
    /// Stored records that have its tag. For an earlier key, the scrub brings them to zero.
    pub records: u64,
    /// Light logins that it made. They are read under no other key, and expire.
    pub light_logins: u64,
    /// Whether every record was looked at since the start; until then `records` may grow.
    pub complete: bool,
    /// Until when the key is needed for logins that began under it; none for the current key, and where that is over.
    pub needed_until: Option<Timestamp>,
    /// Whether nothing needs the key any more.
    pub removable: bool,
}

impl RootKeys {
    pub(super) const fn new(services: Arc<Services>, tenants: Arc<TenantsInForce>) -> Self {
        Self { services, tenants }
    }

    /// The configured root keys, the current one first.
    #[must_use]
    pub fn list(&self) -> Vec<RootKeyStatus> {
        // A state, and the token beside it, may be presented as long as its login lives.
        let lifetimes = self.tenants.get().all().into_iter().map(|tenant| tenant.lifetimes.login).max();
        let login = lifetimes.unwrap_or(limits::LOGIN_LIFETIME);
        let (condition, now) = (self.services.store.condition(), self.services.clock.now());
        let status = |(at, key): (usize, &KeyUse)| {
            let logins_end = key.replaced_at.map(|at| at.plus(login));
            status_of(key, at == 0, &condition, logins_end, now)
        };
        condition.keys.iter().enumerate().map(status).collect()
    }
}

fn status_of(
    key: &KeyUse,
    current: bool,
    condition: &StoreCondition,
    logins_end: Option<Timestamp>,
    now: Timestamp,
) -> RootKeyStatus {
    let needed_until = logins_end.max(key.until).filter(|until| !current && *until > now);
    let removable = !current && condition.complete && key.records == 0 && needed_until.is_none();
    let KeyUse { kid, records, light_logins, .. } = key.clone();
    RootKeyStatus { kid, current, records, light_logins, complete: condition.complete, needed_until, removable }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_go_once_everything_was_looked_at_and_nothing_needs_it() {
        let key = KeyUse { kid: "a".to_owned(), until: Some(Timestamp(9)), ..KeyUse::default() };
        let condition = |complete| StoreCondition { complete, ..StoreCondition::default() };
        let status = |key: &KeyUse, current, complete, now| {
            status_of(key, current, &condition(complete), Some(Timestamp(5)), Timestamp(now))
        };
        assert!(status(&key, false, true, 9).removable);
        assert_eq!(status(&key, false, true, 8).needed_until, Some(Timestamp(9)), "light logins live on");
        assert!(!status(&key, false, true, 8).removable);
        assert!(!status(&key, false, false, 9).removable, "records were not looked at");
        assert!(!status(&key, true, true, 9).removable, "the key in use");
        assert!(!status(&KeyUse { records: 1, ..key }, false, true, 9).removable);
    }
}
