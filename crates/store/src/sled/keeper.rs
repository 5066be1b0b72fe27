//! The thread that keeps the engine open: after a failure of the disk it opens it again, as often as that takes.
//!
//! After a failed write or sync what the engine has in memory and what is on the disk may differ, and a repeated sync would hide
//! it. So nothing is tried again on an engine that failed: it is let go of, and what is on the disk is opened anew, as by a restart.

use super::engine::is_held;
use super::header::io_at;
use super::job_queue::Weights;
use super::open::{Ground, SledOptions, Started, lock, panicked, start};
use super::opened::Open;
use super::opening::{Next, Opening};
use super::scrub::ScrubState;
use super::store::SledStore;
use crate::api::{OpenError, StoreError};
use crate::content_files;
use crate::format::codec::Codec;
use crate::login_log::LoginLog;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often it is looked whether the engine failed.
const LOOK: Duration = Duration::from_millis(100);

/// When opening is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// How long calls may still hold an engine that failed.
const LET_GO: Duration = Duration::from_secs(30);

/// Opens or makes a store, and decides on its epoch.
///
/// # Errors
/// When another process has the folder, its header is damaged, a newer program wrote it, or the disk fails.
pub fn open(options: SledOptions) -> Result<SledStore, OpenError> {
    let dir = options.data_dir.as_path();
    content_files::private_folder(dir).map_err(io_at(dir))?;
    let lock = lock(dir)?;
    let (codec, observer) = (Codec::new(Arc::clone(&options.mac)), Arc::clone(&options.observer));
    let light_logins = Arc::new(LoginLog::open(dir.join("logins"), codec, Arc::clone(&observer))?);
    let weights = Arc::<Weights>::default();
    let ground = Ground {
        options,
        lock,
        light_logins: Arc::clone(&light_logins),
        claims: Arc::default(),
        weights: Arc::clone(&weights),
    };
    let Started { open, committer, epoch, boot, description } = start(&ground)?;
    let opening = Arc::new(Opening::new(open, light_logins, ground.options.disk_patience));
    let dir = ground.options.data_dir.clone();
    let keeper = Keeper { opening: Arc::clone(&opening), ground, epoch, committer };
    let thread = std::thread::Builder::new().name("postlude-store".to_owned()).spawn(move || keeper.run());
    let keeper = Mutex::new(Some(thread.map_err(io_at(&dir))?));
    let scrub = ScrubState::default();
    Ok(SledStore { opening, keeper, observer, epoch, boot, description, scrub, weights })
}

/// The thread's own things.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) opening: Arc<Opening>,
    pub(crate) ground: Ground,
    pub(crate) epoch: u64,
    /// The thread that writes.
    pub(crate) committer: JoinHandle<()>,
}

impl Keeper {
    /// Works until the store is closed; returns once its threads have ended, with what holds the folder.
    pub(crate) fn run(mut self) -> Ground {
        let _lost = LostByPanic(Arc::clone(&self.opening));
        loop {
            match self.opening.next() {
                Next::Wait => thread::park_timeout(LOOK),
                Next::End => break,
                Next::Reopen(open, why) => match self.reopen(open, &why) {
                    Some(committer) => self.committer = committer,
                    None => return self.ground,
                },
            }
        }
        // Its panic was reported when it happened.
        let _ = self.committer.join();
        self.ground
    }

    /// Opens the engine again. None where the store was closed meanwhile, or is lost.
    fn reopen(&self, open: Arc<Open>, why: &StoreError) -> Option<JoinHandle<()>> {
        let let_go = let_go(&open);
        // The engine panics where its last sync fails; this thread is the last that holds it, and has to go on.
        let _ = panic::catch_unwind(AssertUnwindSafe(move || drop(open)));
        if !let_go || !self.committer_ended() {
            let why = format!("{why}, and calls still hold what failed");
            tracing::error!("{why}: the process must end");
            self.opening.lost(why);
            return self.until_closed();
        }
        let began = Instant::now();
        loop {
            match start_whole(&self.ground) {
                Ok(Started { epoch, .. }) if epoch != self.epoch => {
                    let why = "what is on the disk is older than what was acknowledged".to_owned();
                    tracing::error!("{why}: the process must end, and another one begins a new epoch");
                    self.opening.lost(why);
                    return self.until_closed();
                }
                Ok(Started { open, committer, .. }) => {
                    if !self.opening.reopened(open) {
                        let _ = committer.join();
                        return None;
                    }
                    tracing::warn!("the store is open again; what was acknowledged is there");
                    return Some(committer);
                }
                Err(why) if is_final(&why) || (is_held(&why) && began.elapsed() >= LET_GO) => {
                    tracing::error!(cause = %why, "the store cannot be opened again: the process must end");
                    self.opening.lost(why.to_string());
                    return self.until_closed();
                }
                Err(why) => {
                    tracing::debug!(cause = %why, "the store cannot be opened again yet");
                    if !self.opening.still_failing(why.to_string()) {
                        return None;
                    }
                    thread::park_timeout(RETRY);
                }
            }
        }
    }

    /// Whether the thread that writes ends; one that hangs does not.
    fn committer_ended(&self) -> bool {
        let began = Instant::now();
        while !self.committer.is_finished() {
            if began.elapsed() >= LET_GO {
                return false;
            }
            thread::sleep(Duration::from_millis(2));
        }
        true
    }

    /// The lock of the folder is held until the store is closed, whatever became of it.
    fn until_closed<T>(&self) -> Option<T> {
        while !matches!(self.opening.next(), Next::End) {
            thread::park_timeout(LOOK);
        }
        None
    }
}

/// Without the keeper nothing is opened again.
struct LostByPanic(Arc<Opening>);

impl Drop for LostByPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.lost("the thread that keeps the store open panicked".to_owned());
        }
    }
}

/// Opens the engine, which panics at some failures of the disk.
fn start_whole(ground: &Ground) -> Result<Started, OpenError> {
    panic::catch_unwind(AssertUnwindSafe(|| start(ground))).unwrap_or_else(|_| Err(panicked(ground)))
}

/// Waits until nobody else holds what failed.
fn let_go(held: &Arc<Open>) -> bool {
    let began = Instant::now();
    while Arc::strong_count(held) > 1 {
        if began.elapsed() >= LET_GO {
            return false;
        }
        thread::sleep(Duration::from_millis(2));
    }
    true
}

/// Whether no time mends it.
fn is_final(why: &OpenError) -> bool {
    match why {
        OpenError::Io { .. } => false,
        // Its words about damage; whatever else it says may be the disk's state of the moment.
        OpenError::Engine { why, .. } => why.contains("corrupt"),
        _ => true,
    }
}
