//! Earlier revisions, kept ready as long as logins are suspended on them.
//!
//! What is counted here is what this process saw. It only decides how long compiled code stays in memory: a login whose
//! revision is not here finds it in the store.

use crate::pipelines::Pipeline;
use postlude_model::names::{TenantName, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Earlier revisions kept ready at most, whoever is suspended on them: their code is in memory.
pub(crate) const KEPT_REVISIONS: usize = 64;

type Key = (TenantName, u64);

/// The earlier revisions of all tenants.
#[derive(Debug, Default)]
pub(crate) struct Earlier(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Logins that are suspended on a revision, the one in force included.
    open: HashMap<Key, Open>,
    kept: HashMap<Key, Kept>,
    /// Counts uses, so that the one not used for longest is known.
    uses: u64,
}

#[derive(Debug)]
struct Open {
    logins: usize,
    /// The latest deadline of any of them.
    until: Timestamp,
}

#[derive(Debug)]
struct Kept {
    pipeline: Arc<Pipeline>,
    /// Its secrets are older than the last reload: only its code is of use.
    stale: bool,
    until: Timestamp,
    used: u64,
}

impl Earlier {
    /// A login was suspended on a revision.
    pub(crate) fn suspended(&self, tenant: &TenantName, revision: u64, deadline: Timestamp) {
        let mut state = self.lock();
        let open = state.open.entry((tenant.clone(), revision)).or_insert(Open { logins: 0, until: deadline });
        open.logins = open.logins.saturating_add(1);
        open.until = open.until.max(deadline);
    }

    /// A login that was suspended on a revision ended. With the last one the revision's code is let go of.
    pub(crate) fn ended(&self, tenant: &TenantName, revision: u64) {
        let (mut state, key) = (self.lock(), (tenant.clone(), revision));
        // One that was suspended before this process began was not counted.
        let Some(open) = state.open.get_mut(&key) else { return };
        open.logins = open.logins.saturating_sub(1);
        if open.logins == 0 {
            state.open.remove(&key);
            state.kept.remove(&key);
        }
    }

    /// An earlier revision that is ready, with the secrets of now.
    pub(crate) fn get(&self, tenant: &TenantName, revision: u64) -> Option<Arc<Pipeline>> {
        let mut state = self.lock();
        state.uses = state.uses.saturating_add(1);
        let uses = state.uses;
        let kept = state.kept.get_mut(&(tenant.clone(), revision)).filter(|kept| !kept.stale)?;
        kept.used = uses;
        Some(Arc::clone(&kept.pipeline))
    }

    /// Keeps a revision that was restored from the store, until a login's deadline.
    pub(crate) fn keep(&self, tenant: &TenantName, pipeline: &Arc<Pipeline>, until: Timestamp, now: Timestamp) {
        let mut state = self.lock();
        state.keep((tenant.clone(), pipeline.revision), pipeline, false, until);
        state.trim(now);
    }

    /// These were in force and are not any more. Those on which somebody is suspended stay ready; the secrets of all are read
    /// again before they are used, so that a rotated one applies at once.
    pub(crate) fn replaced(&self, old: impl Iterator<Item = (TenantName, Arc<Pipeline>)>, now: Timestamp) {
        let mut state = self.lock();
        state.kept.values_mut().for_each(|kept| kept.stale = true);
        for (tenant, pipeline) in old {
            let key = (tenant, pipeline.revision);
            if let Some(until) = state.open.get(&key).map(|open| open.until) {
                state.keep(key, &pipeline, true, until);
            }
        }
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
    fn keep(&mut self, key: Key, pipeline: &Arc<Pipeline>, stale: bool, until: Timestamp) {
        self.uses = self.uses.saturating_add(1);
        let kept = Kept { pipeline: Arc::clone(pipeline), stale, until, used: self.uses };
        self.kept.insert(key, kept);
    }

    fn trim(&mut self, now: Timestamp) {
        self.open.retain(|_, open| open.until >= now);
        self.kept.retain(|_, kept| kept.until >= now);
        while self.kept.len() > KEPT_REVISIONS {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.used).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.kept.remove(&key));
        }
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

    fn replace(earlier: &Earlier, pipeline: &Arc<Pipeline>) {
        earlier.replaced([(acme(), Arc::clone(pipeline))].into_iter(), NOW);
    }

    #[test]
    fn a_revision_goes_with_its_last_suspended_login() {
        let (earlier, one) = (Earlier::default(), pipeline(1));
        replace(&earlier, &one);
        assert_eq!(Arc::strong_count(&one), 1, "nobody was suspended on it");
        earlier.suspended(&acme(), 1, Timestamp(5000));
        earlier.suspended(&acme(), 1, Timestamp(6000));
        replace(&earlier, &one);
        earlier.ended(&acme(), 1);
        assert_eq!(Arc::strong_count(&one), 2);
        earlier.ended(&acme(), 1);
        assert_eq!(Arc::strong_count(&one), 1);
    }

    #[test]
    fn a_revision_goes_when_the_last_deadline_is_over() {
        let (earlier, one) = (Earlier::default(), pipeline(1));
        earlier.suspended(&acme(), 1, Timestamp(6000));
        earlier.suspended(&acme(), 1, Timestamp(5000));
        replace(&earlier, &one);
        earlier.trim(Timestamp(6000));
        assert_eq!(Arc::strong_count(&one), 2);
        earlier.trim(Timestamp(6001));
        assert_eq!(Arc::strong_count(&one), 1);
        earlier.suspended(&acme(), 1, Timestamp(9000));
        earlier.ended(&acme(), 1);
        assert!(earlier.lock().open.is_empty());
    }

    /// A reload may have rotated a secret: the code stays, the secrets are read again.
    #[test]
    fn after_a_reload_only_the_code_of_an_earlier_revision_is_used() {
        let (earlier, one) = (Earlier::default(), pipeline(1));
        earlier.keep(&acme(), &one, Timestamp(5000), NOW);
        assert!(earlier.get(&acme(), 1).is_some());
        replace(&earlier, &pipeline(2));
        assert!(earlier.get(&acme(), 1).is_none());
        assert_eq!(Arc::strong_count(&one), 2, "the code is still there");
        earlier.keep(&acme(), &pipeline(1), Timestamp(5000), NOW);
        assert!(earlier.get(&acme(), 1).is_some());
        assert_eq!(Arc::strong_count(&one), 1);
    }

    #[test]
    fn the_least_used_goes_first_when_there_are_too_many() {
        let earlier = Earlier::default();
        let most = u64::try_from(KEPT_REVISIONS).unwrap();
        for revision in 1..=most {
            earlier.keep(&acme(), &pipeline(revision), Timestamp(5000), NOW);
        }
        assert!(earlier.get(&acme(), 1).is_some());
        earlier.keep(&acme(), &pipeline(most + 1), Timestamp(5000), NOW);
        assert!(earlier.get(&acme(), 1).is_some() && earlier.get(&acme(), 2).is_none());
        assert!(earlier.get(&acme(), 3).is_some() && earlier.get(&acme(), most + 1).is_some());
    }
}
