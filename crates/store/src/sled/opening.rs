//! The store between its openings: what is open now, or why nothing is.

use super::opened::Open;
use crate::api::{Availability, StoreError};
use crate::login_log::LoginLog;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is open, shared by callers and the keeper.
#[derive(Debug)]
pub(crate) struct Opening {
    state: Mutex<State>,
    /// It has files and a thread of its own, and stays open while the engine does not.
    light_logins: Arc<LoginLog>,
    /// When a disk that hangs is given up.
    disk_patience: Duration,
}

#[derive(Debug)]
enum State {
    Open(Arc<Open>),
    /// The engine failed, and is opened again.
    Failing(String),
    /// The engine cannot be opened again.
    Lost(String),
    Closed,
}

/// What the keeper has to do.
#[derive(Debug)]
pub(crate) enum Next {
    /// Nothing.
    Wait,
    /// Open the engine again, once nobody holds this one any more.
    Reopen(Arc<Open>, StoreError),
    /// End.
    End,
}

impl Opening {
    pub(crate) fn new(open: Arc<Open>, light_logins: Arc<LoginLog>, disk_patience: Duration) -> Self {
        Self { state: Mutex::new(State::Open(open)), light_logins, disk_patience }
    }

    pub(crate) const fn light_logins(&self) -> &Arc<LoginLog> {
        &self.light_logins
    }

    /// What is open.
    ///
    /// # Errors
    /// Why nothing is.
    pub(crate) fn get(&self) -> Result<Arc<Open>, StoreError> {
        let (open, why) = match &*self.state() {
            State::Open(open) => (Some(Arc::clone(open)), String::new()),
            State::Failing(why) | State::Lost(why) => (None, format!(": {why}")),
            State::Closed => (None, String::new()),
        };
        let open = open.ok_or(StoreError::Stopped(why))?;
        open.sync_state.why_stopped().map_or(Ok(open), Err)
    }

    pub(crate) fn availability(&self) -> Availability {
        let light_logins = self.light_logins.availability(self.disk_patience);
        match (&*self.state(), light_logins) {
            (State::Closed, _) => Availability::Failing("the store is closed".to_owned()),
            (State::Lost(why), _) => Availability::Lost(why.clone()),
            (_, lost @ Availability::Lost(_)) => lost,
            (State::Failing(why), _) => Availability::Failing(why.clone()),
            (State::Open(open), light_logins) => {
                if let Some(why) = open.sync_state.why_stopped() {
                    return Availability::Failing(why.to_string());
                }
                match open.sync_state.disk.hangs() {
                    Some(why) if open.sync_state.disk.takes() >= self.disk_patience => Availability::Lost(why),
                    Some(why) => Availability::Failing(why),
                    None => light_logins,
                }
            }
        }
    }

    /// What the keeper has to do next.
    pub(crate) fn next(&self) -> Next {
        let mut state = self.state();
        let (open, why) = match &*state {
            State::Open(open) => match open.sync_state.why_stopped() {
                Some(why) => (Arc::clone(open), why),
                None => return Next::Wait,
            },
            State::Closed => return Next::End,
            State::Failing(_) | State::Lost(_) => return Next::Wait,
        };
        *state = State::Failing(why.to_string());
        Next::Reopen(open, why)
    }

    /// It is open again. False where it was closed meanwhile.
    pub(crate) fn reopened(&self, open: Arc<Open>) -> bool {
        self.change(State::Open(open))
    }

    /// It is not open yet. False where it was closed meanwhile.
    pub(crate) fn still_failing(&self, why: String) -> bool {
        self.change(State::Failing(why))
    }

    /// It will not be open again.
    pub(crate) fn lost(&self, why: String) {
        self.change(State::Lost(why));
    }

    /// Nothing is open from now on.
    pub(crate) fn close(&self) {
        *self.state() = State::Closed;
    }

    fn change(&self, to: State) -> bool {
        let mut state = self.state();
        let open = !matches!(*state, State::Closed);
        if open {
            *state = to;
        }
        open
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
