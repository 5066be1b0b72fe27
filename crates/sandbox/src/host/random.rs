//! `random`: random bytes that depend on the run's seed alone, so that a retry of the step sees the same.

use super::meter::Interface;
use crate::state::Run;
use crate::trap::Stop;
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};
use postlude_model::limits;
use postlude_model::run::Limit;
use std::fmt;

/// The ChaCha20 key stream (RFC 8439, section 2.4) of the run's seed, under the zero nonce: a seed serves one step.
pub struct Stream {
    cipher: ChaCha20,
    taken: usize,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("taken", &self.taken).finish_non_exhaustive()
    }
}

impl Stream {
    fn new(seed: &[u8; 32]) -> Self {
        Self { cipher: ChaCha20::new(seed.into(), &[0; 12].into()), taken: 0 }
    }

    /// The next bytes, or none past the limit of the run.
    fn next(&mut self, n: usize) -> Option<Vec<u8>> {
        let taken = self.taken.checked_add(n).filter(|taken| *taken <= limits::RANDOM_BYTES)?;
        self.taken = taken;
        let mut bytes = vec![0; n];
        self.cipher.apply_keystream(&mut bytes);
        Some(bytes)
    }
}

/// Links the interface.
pub fn link(to: &mut Interface<'_>) -> wasmtime::Result<()> {
    to.stopping("bytes", bytes)
}

fn bytes(run: &mut Run, (n,): (u32,)) -> Result<Vec<u8>, Stop> {
    let seed = run.input.seed;
    let stream = run.random.get_or_insert_with(|| Stream::new(&seed));
    usize::try_from(n).ok().and_then(|n| stream.next(n)).ok_or(Stop(Limit::RandomBytes))
}
