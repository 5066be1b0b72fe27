//! RevisionCache revisions, kept ready as long as logins are suspended on them.
//!
//! What is counted here is what this process saw. It only decides how long compiled code stays in memory: a login whose
//! revision is not here finds it in the store.

use crate::pipeline::Pipeline;
use postlude_model::names::{TenantName, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// RevisionCache revisions kept ready at most, whoever is suspended on them: their code is in memory.
pub(crate) const KEPT_REVISIONS: usize = 64;

type Key = (TenantName, u64);

/// The earlier revisions of all tenants.
#[derive(Debug, Default)]
pub(crate) struct RevisionCache(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    kept: HashMap<Key, CachedRevision>,
    in_force: HashSet<Key>,
    /// Counts uses, so that the one not used for longest is known.
    uses: u64,
}

#[derive(Debug)]
struct CachedRevision {
    pipeline: Arc<Pipeline>,
    /// Logins that are suspended on it, as far as this process knows.
    logins: usize,
    /// Its secrets may be older than the last reload: only its code is of use.
    stale: bool,
    /// The latest deadline of any of them.
    until: Timestamp,
    used: u64,
}

impl RevisionCache {
    /// A login was suspended on a pipeline, which may have been replaced meanwhile.
    pub(crate) fn login_suspended(&self, tenant: &TenantName, pipeline: &Arc<Pipeline>, deadline: Timestamp) {
        let mut state = self.lock();
        let kept = state.entry(tenant, pipeline, deadline);
        kept.logins = kept.logins.saturating_add(1);
    }

    /// A login that was suspended on a revision ended. With the last one the revision's code is let go of.
    pub(crate) fn login_ended(&self, tenant: &TenantName, revision: u64) {
        let (mut state, key) = (self.lock(), (tenant.clone(), revision));
        // One that was suspended before this process began was not counted.
        let Some(kept) = state.kept.get_mut(&key).filter(|kept| kept.logins > 0) else { return };
        kept.logins = kept.logins.saturating_sub(1);
        if kept.logins == 0 {
            state.kept.remove(&key);
        }
    }

    /// An earlier revision that is ready, with the secrets of now.
    pub(crate) fn get(&self, tenant: &TenantName, revision: u64) -> Option<Arc<Pipeline>> {
        let mut state = self.lock();
        let uses = state.next_use();
        let kept = state.kept.get_mut(&(tenant.clone(), revision)).filter(|kept| !kept.stale)?;
        kept.used = uses;
        Some(Arc::clone(&kept.pipeline))
    }

    /// Keeps a revision that was restored from the store just now, until a login's deadline.
    pub(crate) fn keep(&self, tenant: &TenantName, pipeline: &Arc<Pipeline>, until: Timestamp, now: Timestamp) {
        let mut state = self.lock();
        let kept = state.entry(tenant, pipeline, until);
        (kept.pipeline, kept.stale) = (Arc::clone(pipeline), false);
        state.trim(now);
    }

    /// These revisions are in force from now on. The secrets of all others are read again before they are used, so that a
    /// rotated one applies at once.
    pub(crate) fn swapped(&self, in_force: HashSet<Key>, now: Timestamp) {
        let mut state = self.lock();
        state.in_force = in_force;
        state.kept.values_mut().for_each(|kept| kept.stale = true);
        state.trim(now);
    }

    /// Lets go of what no login can need any more.
    pub(crate) fn trim(&self, now: Timestamp) {
        self.lock().trim(now);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next_use(&mut self) -> u64 {
        self.uses = self.uses.saturating_add(1);
        self.uses
    }

    /// The entry of a pipeline, stale when it is new: its revision may have been replaced before it got here.
    fn entry(&mut self, tenant: &TenantName, pipeline: &Arc<Pipeline>, until: Timestamp) -> &mut CachedRevision {
        let used = self.next_use();
        let new = || CachedRevision { pipeline: Arc::clone(pipeline), logins: 0, stale: true, until, used };
        let kept = self.kept.entry((tenant.clone(), pipeline.revision)).or_insert_with(new);
        (kept.until, kept.used) = (kept.until.max(until), used);
        kept
    }

    fn trim(&mut self, now: Timestamp) {
        self.kept.retain(|_, kept| kept.until >= now);
        // One in force is in memory anyway.
        let mut earlier: Vec<_> = self.kept.iter().filter(|(key, _)| !self.in_force.contains(*key)).collect();
        let surplus = earlier.len().saturating_sub(KEPT_REVISIONS);
        earlier.sort_unstable_by_key(|(_, kept)| kept.used);
        let gone: Vec<Key> = earlier.into_iter().take(surplus).map(|(key, _)| key.clone()).collect();
        gone.iter().for_each(|key| drop(self.kept.remove(key)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme() -> TenantName {
        TenantName::new("acme").unwrap()
    }

    fn pipeline(revision: u64) -> Arc<Pipeline> {
        Arc::new(Pipeline::new(revision, Vec::new(), HashMap::new()))
    }

    const NOW: Timestamp = Timestamp(1000);

    fn swap_to(cache: &RevisionCache, revision: u64) {
        cache.swapped([(acme(), revision)].into(), NOW);
    }

    #[test]
    fn a_revision_goes_with_its_last_suspended_login() {
        let (cache, one) = (RevisionCache::default(), pipeline(1));
        swap_to(&cache, 2);
        assert_eq!(Arc::strong_count(&one), 1, "nobody was suspended on it");
        cache.login_suspended(&acme(), &one, Timestamp(5000));
        cache.login_suspended(&acme(), &one, Timestamp(6000));
        swap_to(&cache, 3);
        cache.login_ended(&acme(), 1);
        assert_eq!(Arc::strong_count(&one), 2);
        cache.login_ended(&acme(), 1);
        assert_eq!(Arc::strong_count(&one), 1);
        cache.login_ended(&acme(), 1);
    }

    #[test]
    fn a_revision_goes_when_the_last_deadline_is_over() {
        let (cache, one) = (RevisionCache::default(), pipeline(1));
        cache.login_suspended(&acme(), &one, Timestamp(6000));
        cache.login_suspended(&acme(), &one, Timestamp(5000));
        swap_to(&cache, 2);
        cache.trim(Timestamp(6000));
        assert_eq!(Arc::strong_count(&one), 2);
        cache.trim(Timestamp(6001));
        assert_eq!(Arc::strong_count(&one), 1);
    }

    /// A reload may have rotated a secret: the code stays, the secrets are read again.
    #[test]
    fn after_a_reload_only_the_code_of_an_earlier_revision_is_used() {
        let (cache, one) = (RevisionCache::default(), pipeline(1));
        cache.keep(&acme(), &one, Timestamp(5000), NOW);
        assert!(cache.get(&acme(), 1).is_some());
        swap_to(&cache, 2);
        assert!(cache.get(&acme(), 1).is_none());
        assert_eq!(Arc::strong_count(&one), 2, "the code is still there");
        cache.keep(&acme(), &pipeline(1), Timestamp(5000), NOW);
        assert!(cache.get(&acme(), 1).is_some());
        assert_eq!(Arc::strong_count(&one), 1);
        // A login that began before the swap is suspended after it.
        cache.login_suspended(&acme(), &pipeline(3), Timestamp(5000));
        assert!(cache.get(&acme(), 3).is_none());
    }

    #[test]
    fn the_least_used_goes_first_when_there_are_too_many() {
        let cache = RevisionCache::default();
        let most = u64::try_from(KEPT_REVISIONS).unwrap();
        swap_to(&cache, 1000);
        cache.keep(&acme(), &pipeline(1000), Timestamp(5000), NOW);
        for revision in 1..=most {
            cache.keep(&acme(), &pipeline(revision), Timestamp(5000), NOW);
        }
        assert!(cache.get(&acme(), 1).is_some());
        cache.keep(&acme(), &pipeline(most + 1), Timestamp(5000), NOW);
        assert!(cache.get(&acme(), 1).is_some() && cache.get(&acme(), 2).is_none());
        assert!(cache.get(&acme(), 3).is_some() && cache.get(&acme(), most + 1).is_some());
        assert!(cache.get(&acme(), 1000).is_some(), "one in force does not count");
    }
}
