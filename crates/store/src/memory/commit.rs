//! Commits of the in-memory engine: everything is compared first, then written.

use super::state::Tenant;
use crate::api::{Commit, CommitOutcome, LoginWrite, SessionWrite};
use crate::rules::{bypasses, open_logins};
use postlude_model::cache::{self, CacheChange};
use postlude_model::names::{SessionId, Timestamp};
use std::sync::Arc;

impl Tenant {
    /// Writes all of a commit, or nothing where an expectation does not hold.
    pub(crate) fn commit(&mut self, commit: Commit) -> CommitOutcome {
        let Commit { login, sessions, check_session, cache, now, .. } = commit;
        let written = sessions.iter().map(|write| (&write.session.id, write.expect));
        let checked = check_session.iter().map(|(id, version)| (id, *version));
        if !checked.chain(written).all(|(id, version)| self.session_version(id) == version) {
            return CommitOutcome::SessionChanged;
        }
        if let Some(write) = login {
            let outcome = self.write_login(write, now);
            if outcome != CommitOutcome::Done {
                return outcome;
            }
        }
        for SessionWrite { mut session, expect } in sessions {
            session.version = expect.saturating_add(1);
            self.sessions.insert(session.id.clone(), Arc::new(session));
        }
        self.write_caches(&cache, now);
        CommitOutcome::Done
    }

    fn session_version(&self, id: &SessionId) -> u64 {
        self.sessions.get(id).map_or(0, |session| session.version)
    }

    fn write_login(&mut self, write: LoginWrite, now: Timestamp) -> CommitOutcome {
        let LoginWrite { mut record, expect, claim: _, max_open, bypasses: wanted } = write;
        if self.logins.get(&record.id).map_or(0, |stored| stored.version) != expect {
            return CommitOutcome::LoginChanged;
        }
        if !wanted.is_empty() {
            let mut all = self.bypasses.get(&record.subject.user_id).cloned().unwrap_or_default();
            if !bypasses::use_up(&mut all, &wanted, &record.id, now) {
                return CommitOutcome::BypassChanged;
            }
            self.bypasses.insert(record.subject.user_id.clone(), all);
        }
        record.version = expect.saturating_add(1);
        record.changed_at = now;
        let open = self.open_logins.entry(record.subject.user_id.clone()).or_default();
        for id in open_logins::update(open, &record, max_open, now) {
            if let Some(evicted) = self.logins.get_mut(&id) {
                open_logins::evict(evicted, now);
            }
        }
        self.logins.insert(record.id.clone(), record);
        CommitOutcome::Done
    }

    fn write_caches(&mut self, changes: &[CacheChange], now: Timestamp) {
        for change in changes {
            let cache = self.caches.entry(change.action.clone()).or_default();
            cache::apply(cache, [change], now);
        }
    }
}
