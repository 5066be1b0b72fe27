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
    /// What the cipher made and nobody took yet, from `at` on.
    made: [u8; MADE_AT_ONCE],
    at: usize,
    taken: usize,
}

/// Bytes that the cipher makes at once: it takes hardly longer for them than for one.
const MADE_AT_ONCE: usize = 256;

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
        Self { cipher: ChaCha20::new(seed.into(), &nonce.into()), made: [0; MADE_AT_ONCE], at: MADE_AT_ONCE, taken: 0 }
    }

    /// The next bytes, or none past the limit of the run.
    pub fn next(&mut self, n: usize) -> Option<Vec<u8>> {
        let taken = self.taken.checked_add(n).filter(|taken| *taken <= limits::RANDOM_BYTES)?;
        self.taken = taken;
        let mut bytes = Vec::with_capacity(n);
        while bytes.len() < n {
            if self.at >= MADE_AT_ONCE {
                (self.made, self.at) = ([0; MADE_AT_ONCE], 0);
                self.cipher.apply_keystream(&mut self.made);
            }
            let left = self.made.get(self.at..).unwrap_or_default();
            let part = left.get(..n.saturating_sub(bytes.len())).unwrap_or(left);
            bytes.extend_from_slice(part);
            self.at = self.at.saturating_add(part.len());
        }
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_cipher_however_they_are_asked_for() {
        let mut all = vec![0; 2000];
        ChaCha20::new(&[7; 32].into(), &[0; 12].into()).apply_keystream(&mut all);
        for parts in [&[2000][..], &[0, 1, 255, 256, 257, 1000, 231], &[8; 250]] {
            let mut stream = RandomStream::new(&[7; 32], Purpose::Contract);
            let bytes: Vec<u8> = parts.iter().flat_map(|n| stream.next(*n).unwrap()).collect();
            assert_eq!(bytes, all);
        }
        assert_ne!(RandomStream::new(&[7; 32], Purpose::Wasi).next(2000).unwrap(), all);
    }
}
