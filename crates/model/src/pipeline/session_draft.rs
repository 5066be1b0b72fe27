//! A login's working copy of its session, and what of it is written back.

use crate::decision::Command;
use crate::limits;
use crate::login::LoginRecord;
use crate::names::{Timestamp, UserId};
use crate::run::Metadata;
use crate::session::{FactorRecord, RecordKey, Session};
use std::sync::Arc;
use std::time::Duration;

/// How coarse the record of a session's last use is: finer would write at every login.
const TOUCH_EVERY: Duration = Duration::from_secs(60 * 60);

/// A session while a login runs in it.
///
/// Where the stored session belongs to another user, the login sees a session without factors, and nothing of it reaches
/// the store before the login's `continue`: until then it is the other user's.
#[derive(Debug)]
pub(super) struct SessionDraft {
    stored: Option<Arc<Session>>,
    /// The working copy; it shares the stored session until it is changed.
    working: Option<Arc<Session>>,
    foreign: bool,
    sync: bool,
    touch: bool,
}

impl SessionDraft {
    pub(super) fn new(stored: Option<Arc<Session>>, user: &UserId) -> Self {
        let foreign = stored.as_ref().and_then(|s| s.user.as_ref()).is_some_and(|owner| owner != user);
        let working = stored.clone().map(|mut session| {
            if foreign {
                let session = Arc::make_mut(&mut session);
                session.factors.clear();
                session.metadata.clear();
            }
            session
        });
        Self { stored, working, foreign, sync: false, touch: false }
    }

    pub(super) fn generation(&self) -> u64 {
        self.stored.as_ref().map_or(0, |session| session.generation)
    }

    pub(super) const fn foreign(&self) -> bool {
        self.foreign
    }

    pub(super) fn factors(&self) -> &[FactorRecord] {
        self.working.as_ref().map_or(&[], |session| &session.factors)
    }

    pub(super) fn metadata(&self) -> &Metadata {
        static NONE: Metadata = Metadata::new();
        self.working.as_ref().map_or(&NONE, |session| &session.metadata)
    }

    /// Takes up again what a suspended login in another user's session had held back.
    pub(super) fn hold(&mut self, recorded: &[FactorRecord], metadata: &Metadata) {
        if let (true, Some(session)) = (self.foreign, self.working_mut()) {
            session.factors = recorded.to_vec();
            session.metadata = metadata.clone();
        }
    }

    /// Hands what must be held back to the record, for the suspension.
    pub(super) fn release(&self, record: &mut LoginRecord) {
        record.held_metadata = match &self.working {
            Some(session) if self.foreign => session.metadata.clone(),
            _ => Metadata::new(),
        };
    }

    pub(super) fn record_factor(&mut self, record: FactorRecord) {
        let Some(session) = self.working_mut() else { return };
        let name = record.name.clone();
        session.factors.push(record);
        let known = session.factors.iter().filter(|factor| factor.name == name).count();
        if known > limits::FACTOR_RECORDS
            && let Some(oldest) = session.factors.iter().position(|factor| factor.name == name)
        {
            session.factors.remove(oldest);
        }
        self.sync = true;
    }

    /// Counts a login as a use of a record.
    pub(super) fn count_use(&mut self, key: &RecordKey) {
        if let Some(record) = self.record_mut(key) {
            record.uses = record.uses.saturating_add(1);
            self.sync = true;
        }
    }

    /// Writes the time at which a login used a record, where the written time is older than `grain`.
    pub(super) fn touch_record(&mut self, key: &RecordKey, now: Timestamp, grain: Duration) {
        let due = |record: &&FactorRecord| {
            record.is(key) && now > record.last_used_at && now.since(record.last_used_at) >= grain
        };
        if self.factors().iter().any(|record| due(&record))
            && let Some(record) = self.record_mut(key)
        {
            record.last_used_at = now;
            self.touch = true;
        }
    }

    fn working_mut(&mut self) -> Option<&mut Session> {
        self.working.as_mut().map(Arc::make_mut)
    }

    fn record_mut(&mut self, key: &RecordKey) -> Option<&mut FactorRecord> {
        self.working_mut()?.factors.iter_mut().find(|record| record.is(key))
    }

    pub(super) fn set_metadata(&mut self, metadata: Metadata) {
        if *self.metadata() != metadata
            && let Some(session) = self.working_mut()
        {
            session.metadata = metadata;
            self.sync = true;
        }
    }

    /// The login continued: the session is its user's from here on.
    pub(super) fn continued(&mut self, record: &mut LoginRecord, now: Timestamp) {
        let Some(session) = &self.working else { return };
        let taken = session.user.as_ref() == Some(&record.subject.user_id);
        if !self.foreign && taken && now.since(session.last_used_at) < TOUCH_EVERY {
            return;
        }
        let foreign = std::mem::take(&mut self.foreign);
        self.sync |= foreign;
        self.touch = true;
        let Some(session) = self.working_mut() else { return };
        if foreign {
            session.generation = session.generation.saturating_add(1);
            record.subject.generation = session.generation;
            session.created_at = now;
        }
        session.user = Some(record.subject.user_id.clone());
        session.last_used_at = now;
    }

    pub(super) fn seen_version(&self) -> Option<u64> {
        self.stored.as_ref().map(|session| session.version)
    }

    pub(super) fn must_sync(&self) -> bool {
        self.sync && !self.foreign
    }

    /// The session to write; none where nothing is to be written.
    pub(super) fn changed(&self) -> Option<Session> {
        let write = !self.foreign && (self.sync || self.touch);
        self.working.as_deref().filter(|_| write).cloned()
    }

    /// The session's owner is set with the first write of something of the user's.
    pub(super) fn own(&mut self, user: &UserId) {
        if let (false, Some(session)) = (self.foreign, self.working_mut()) {
            session.user = Some(user.clone());
        }
    }
}

/// The metadata after some commands, each picked by `pick`.
pub(super) fn with_changes<'c>(
    metadata: &Metadata,
    commands: &'c [Command],
    pick: impl Fn(&'c Command) -> Option<(&'c String, &'c Option<crate::json::Json>)>,
) -> Metadata {
    let mut metadata = metadata.clone();
    for (key, value) in commands.iter().filter_map(pick) {
        match value {
            Some(value) => metadata.insert(key.clone(), value.clone()),
            None => metadata.remove(key),
        };
    }
    metadata
}
