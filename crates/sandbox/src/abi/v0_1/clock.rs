//! `clock`: the host's clock, which stands still during a run.

use crate::state::RunState;

/// `now`.
pub fn now(run: &mut RunState, (): ()) -> u64 {
    run.input.now.0
}
