//! Claims of logins that are about to begin: one call of this process at a time runs a login for the first time.
//!
//! A claim is held in memory, so it binds this process alone. It saves the work of a second run; that only one run is stored
//! is settled by the commit's compare-and-set, between hosts as well.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The keys that are claimed now.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    held: Mutex<HashSet<Vec<u8>>>,
}

/// A login that no other call of this process may write for the first time, until all clones of this are dropped.
#[derive(Debug, Clone)]
pub struct ClaimGuard {
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    claims: Arc<Claims>,
    key: Vec<u8>,
}

impl Claims {
    /// Claims a key; none where it is claimed already.
    pub(crate) fn claim(self: &Arc<Self>, key: &[u8]) -> Option<ClaimGuard> {
        let first = self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_vec());
        first.then(|| ClaimGuard { held: Arc::new(Held { claims: Arc::clone(self), key: key.to_vec() }) })
    }
}

impl ClaimGuard {
    /// Whether it is the claim of this key.
    pub(crate) fn is_of(&self, key: &[u8]) -> bool {
        self.held.key == key
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.claims.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_claimed_once_until_it_is_let_go() {
        let claims = Arc::new(Claims::default());
        let first = claims.claim(b"a").unwrap();
        assert!(first.is_of(b"a") && claims.claim(b"a").is_none() && claims.claim(b"b").is_some());
        let clone = first.clone();
        drop(first);
        assert!(claims.claim(b"a").is_none());
        drop(clone);
        assert!(claims.claim(b"a").is_some());
    }
}
