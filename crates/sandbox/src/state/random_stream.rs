//! The random numbers of a run. They depend on the run's seed alone, so that a retry of the step sees the same.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};
use postlude_model::limits;
use std::fmt;

/// What random numbers are for. Each purpose has a stream of its own: what a language's runtime takes while it starts changes
/// nothing in what the plugin asks of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The contract's `random`.
    Contract,
    /// `wasi:random`.
    Wasi,
}

/// The ChaCha20 key stream (RFC 8439, section 2.4) of the run's seed, under the nonce of its purpose: a seed serves one step.
pub struct RandomStream {
    cipher: ChaCha20,
    taken: usize,
}

impl fmt::Debug for RandomStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RandomStream").field("taken", &self.taken).finish_non_exhaustive()
    }
}

impl RandomStream {
    /// The stream of a seed, from its beginning.
    pub fn new(seed: &[u8; 32], purpose: Purpose) -> Self {
        let nonce = match purpose {
            Purpose::Contract => [0; 12],
            Purpose::Wasi => [1; 12],
        };
        Self { cipher: ChaCha20::new(seed.into(), &nonce.into()), taken: 0 }
    }

    /// The next bytes, or none past the limit of the run.
    pub fn next(&mut self, n: usize) -> Option<Vec<u8>> {
        let taken = self.taken.checked_add(n).filter(|taken| *taken <= limits::RANDOM_BYTES)?;
        self.taken = taken;
        // The cipher works for nothing too.
        if n == 0 {
            return Some(Vec::new());
        }
        let mut bytes = vec![0; n];
        self.cipher.apply_keystream(&mut bytes);
        Some(bytes)
    }
}
