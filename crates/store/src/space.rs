//! What the records of each tenant take of the disk, about: so that one tenant cannot fill it for the others.
//!
//! Nothing of it is stored. The scrub, which looks at every record after each start and then daily, adds up what is there; from then on
//! each change adds its difference. Light logins are counted from the start of the process on, by the hour in which they expire.

use postlude_model::names::{TenantName, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Milliseconds of an hour: how coarse the expiry of light logins is.
const HOUR_MS: u64 = 60 * 60 * 1000;

/// The counts of all tenants.
#[derive(Debug, Default)]
pub(crate) struct Space(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    tenants: HashMap<Box<[u8]>, Tenant>,
    /// Whether a pass of the scrub is complete.
    complete: bool,
    /// The last key that the pass that runs looked at.
    cursor: Option<Vec<u8>>,
}

/// Bytes of a tenant.
#[derive(Debug, Default)]
struct Tenant {
    /// What the last pass found.
    found: i64,
    /// What changed since.
    changed: i64,
    /// What the pass that runs has found.
    running: i64,
    /// What changed among that.
    behind: i64,
    /// Of light logins, by the hour of their expiry.
    light: BTreeMap<u64, u64>,
}

impl Space {
    /// A record took `before` bytes, and takes `after`.
    pub(crate) fn changed(&self, key: &[u8], before: usize, after: usize) {
        let size = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        let change = size(after).saturating_sub(size(before));
        let mut counts = self.counts();
        let is_behind = counts.cursor.as_deref().is_some_and(|cursor| key <= cursor);
        let Some(tenant) = counts.tenant(key) else { return };
        tenant.changed = tenant.changed.saturating_add(change);
        if is_behind {
            tenant.behind = tenant.behind.saturating_add(change);
        }
    }

    /// A light login of so many bytes, under a key of its tenant.
    pub(crate) fn light(&self, key: &[u8], expires_at: Timestamp, bytes: usize) {
        let mut counts = self.counts();
        let Some(tenant) = counts.tenant(key) else { return };
        let count = tenant.light.entry(expires_at.0 / HOUR_MS).or_default();
        *count = count.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// The scrub looked at records of these bytes, up to a key; none: to the end.
    pub(crate) fn looked(&self, found: &[(Vec<u8>, u64)], until: Option<&[u8]>) {
        let mut counts = self.counts();
        for (key, bytes) in found {
            if let Some(tenant) = counts.tenant(key) {
                tenant.running = tenant.running.saturating_add(i64::try_from(*bytes).unwrap_or(i64::MAX));
            }
        }
        counts.cursor = until.map(<[u8]>::to_vec);
        if until.is_some() {
            return;
        }
        counts.complete = true;
        for tenant in counts.tenants.values_mut() {
            (tenant.found, tenant.changed) = (tenant.running, tenant.behind);
            (tenant.running, tenant.behind) = (0, 0);
        }
    }

    /// About how many bytes a tenant's records take. As long as no pass is complete, at least as many.
    pub(crate) fn of(&self, key: &[u8], now: Timestamp) -> u64 {
        let counts = self.counts();
        let tenant = tenant_in(key).and_then(|name| counts.tenants.get(name));
        tenant.map_or(0, |tenant| tenant.bytes(counts.complete, now))
    }

    /// The same of every tenant.
    pub(crate) fn all(&self, now: Timestamp) -> Vec<(TenantName, u64)> {
        let mut counts = self.counts();
        for tenant in counts.tenants.values_mut() {
            tenant.light = tenant.light.split_off(&(now.0 / HOUR_MS));
        }
        let named = counts.tenants.iter().filter_map(|(name, tenant)| {
            let name = TenantName::new(std::str::from_utf8(name).ok()?).ok()?;
            Some((name, tenant.bytes(counts.complete, now)))
        });
        named.collect()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn tenant(&mut self, key: &[u8]) -> Option<&mut Tenant> {
        let name = tenant_in(key)?;
        if !self.tenants.contains_key(name) {
            self.tenants.insert(name.into(), Tenant::default());
        }
        self.tenants.get_mut(name)
    }
}

impl Tenant {
    fn bytes(&self, complete: bool, now: Timestamp) -> u64 {
        let records = match complete {
            true => self.found.saturating_add(self.changed),
            false => self.running.saturating_add(self.behind).max(self.changed),
        };
        let light = self.light.range(now.0 / HOUR_MS..).fold(0_u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
        u64::try_from(records).unwrap_or_default().saturating_add(light)
    }
}

/// The tenant's name in a key: behind the kind, with its length before it.
fn tenant_in(key: &[u8]) -> Option<&[u8]> {
    let (length, rest) = key.get(1..)?.split_first_chunk::<2>()?;
    rest.get(..usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: u8, tenant: &str, name: &str) -> Vec<u8> {
        let part = |text: &str| [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat();
        [vec![kind], part(tenant), part(name)].concat()
    }

    /// What changes while the scrub is on its way is counted once, be it before the scrub or behind it.
    #[test]
    fn a_pass_and_the_changes_beside_it_are_counted_once() {
        let (space, now) = (Space::default(), Timestamp(0));
        let (one, two, three) = (key(b'S', "acme", "1"), key(b'S', "acme", "2"), key(b'S', "acme", "3"));
        space.changed(&one, 0, 100);
        assert_eq!(space.of(&one, now), 100, "before a pass is complete it is what is known");
        space.looked(&[(one.clone(), 500)], Some(&one));
        assert_eq!(space.of(&one, now), 500);
        // Behind the scrub, and before it.
        space.changed(&one, 500, 450);
        space.changed(&three, 0, 70);
        space.looked(&[(two.clone(), 30), (three.clone(), 70)], None);
        assert_eq!(space.of(&one, now), 450 + 30 + 70);
        space.changed(&two, 30, 0);
        assert_eq!(space.of(&one, now), 450 + 70);
        // The next pass finds what there is.
        space.looked(&[(one.clone(), 450), (three, 70)], None);
        assert_eq!(space.of(&one, now), 520);
        assert_eq!(space.of(&key(b'S', "other", "1"), now), 0);
        assert_eq!(space.all(now), [(TenantName::new("acme").unwrap(), 520)]);
        space.changed(b"H", 0, 10);
        space.changed(&[b'S', 0, 200, b'x'], 0, 10);
        assert_eq!(space.all(now).len(), 1, "what has no tenant is nobody's");
    }

    #[test]
    fn light_logins_count_until_the_hour_of_their_expiry_is_over() {
        let (space, key) = (Space::default(), key(b'L', "acme", ""));
        space.light(&key, Timestamp(HOUR_MS - 1), 10);
        space.light(&key, Timestamp(3 * HOUR_MS), 5);
        assert_eq!(space.of(&key, Timestamp(0)), 15);
        assert_eq!(space.of(&key, Timestamp(HOUR_MS)), 5);
        assert_eq!(space.all(Timestamp(4 * HOUR_MS)), [(TenantName::new("acme").unwrap(), 0)]);
    }
}
