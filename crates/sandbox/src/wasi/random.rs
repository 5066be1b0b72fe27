//! `wasi:random`: bytes that depend on the run's seed alone. The insecure ones are as good as the others.

use crate::limit_exceeded::LimitExceeded;
use crate::state::RunState;
use postlude_model::run::Limit;

/// `get-random-bytes` and `get-insecure-random-bytes`.
pub fn bytes(run: &mut RunState, (n,): (u64,)) -> Result<Vec<u8>, LimitExceeded> {
    usize::try_from(n).ok().and_then(|n| run.wasi().random.next(n)).ok_or(LimitExceeded(Limit::RandomBytes))
}

/// `get-random-u64` and `get-insecure-random-u64`.
pub fn number(run: &mut RunState, (): ()) -> Result<u64, LimitExceeded> {
    let bytes = bytes(run, (8,))?;
    Ok(bytes.first_chunk().copied().map_or(0, u64::from_le_bytes))
}

/// `insecure-seed`.
pub fn seed(run: &mut RunState, (): ()) -> Result<(u64, u64), LimitExceeded> {
    Ok((number(run, ())?, number(run, ())?))
}
