//! `random`: random bytes that depend on the run's seed alone, so that a retry of the step sees the same.

use crate::limit_exceeded::LimitExceeded;
use crate::state::RunState;
use crate::state::random_stream::{Purpose, RandomStream};
use postlude_model::run::Limit;

/// `bytes`.
pub fn bytes(run: &mut RunState, (n,): (u32,)) -> Result<Vec<u8>, LimitExceeded> {
    let seed = run.input.seed;
    let stream = run.random.get_or_insert_with(|| RandomStream::new(&seed, Purpose::Contract));
    usize::try_from(n).ok().and_then(|n| stream.next(n)).ok_or(LimitExceeded(Limit::RandomBytes))
}
