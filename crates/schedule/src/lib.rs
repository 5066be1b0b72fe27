//! Whose turn it is: a queue of runs for each core, fair between tenants, and places for the runs that wait.
//!
//! A run computes in its *turn*. Each core has a queue of its own, and one guest computes on it at a time:
//!
//! 1. [`Scheduler::admit`]: a tenant may have so many runs waiting, more are refused at once.
//! 2. [`Admitted::job`]: a short run is a job. Jobs that are due on a core are done one after the other, because the second
//!    finds the code of the first in the processor's cache: a *cohort*.
//! 3. [`Admitted::place`] and [`Admitted::slices`]: a long run, or one that may wait for something outside, takes a place and is a
//!    future, polled slice by slice, each in a turn.
//!
//! Turns go to the tenant that has used the least of the core by its weight ([`fair`]). Waiting for a turn is not the run's own time
//! ([`RunClock`]). Nothing here knows what a run is.

mod admitted;
mod clock;
mod core;
pub mod fair;
mod limits;
mod places;
mod queue;
mod scheduler;
mod share;
mod turn;

pub use admitted::Admitted;
pub use clock::RunClock;
pub use core::{enter_background, enter_core};
pub use fair::Lane;
pub use limits::Limits;
pub use places::{Place, Places};
pub use queue::Job;
pub use scheduler::Scheduler;
pub use share::{Share, ShareUse, Shares};

/// Why a run has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Late {
    /// The tenant has as many waiting runs as it may have.
    #[error("too many runs of the tenant wait")]
    Full,
    /// The run waited as long as it may.
    #[error("the run waited too long for its turn")]
    Waited,
    /// The run's own time is up.
    #[error("the run's wall clock ran out")]
    TimedOut,
}
