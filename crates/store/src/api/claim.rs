//! Claims of logins that are about to begin: one call of this process at a time runs a login for the first time.
//!
//! A claim is held in memory, so it binds this process alone. It saves the work of a second run; that only one run is stored
//! is settled by the commit's compare-and-set, between hosts as well.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Those who wait for a claim. Nothing is sent to them: that this end goes tells them that the claim was let go.
type Waiting = Vec<oneshot::Sender<Infallible>>;

/// The keys that are claimed now.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    held: Mutex<HashMap<Arc<[u8]>, Waiting>>,
}

/// A login that no other call of this process may write for the first time, until all clones of this are dropped.
#[derive(Debug, Clone)]
pub struct ClaimGuard {
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    claims: Arc<Claims>,
    key: Arc<[u8]>,
}

impl Claims {
    /// Claims a key; none where it is claimed already.
    pub(crate) fn claim(self: &Arc<Self>, key: &[u8]) -> Option<ClaimGuard> {
        self.claim_or_wait(key).ok()
    }

    /// Claims a key, once whoever has it lets it go.
    pub(crate) async fn claim_in_turn(self: &Arc<Self>, key: &[u8]) -> ClaimGuard {
        loop {
            match self.claim_or_wait(key) {
                Ok(claim) => return claim,
                // It ends with an error in any case: nothing is sent.
                Err(let_go) => drop(let_go.await),
            }
        }
    }

    /// The claim, or what ends when whoever has it lets it go.
    fn claim_or_wait(self: &Arc<Self>, key: &[u8]) -> Result<ClaimGuard, oneshot::Receiver<Infallible>> {
        let key = Arc::from(key);
        match self.held.lock().unwrap_or_else(PoisonError::into_inner).entry(Arc::clone(&key)) {
            Entry::Vacant(free) => drop(free.insert(Vec::new())),
            Entry::Occupied(mut held) => {
                let (waits, let_go) = oneshot::channel();
                held.get_mut().push(waits);
                return Err(let_go);
            }
        }
        Ok(ClaimGuard { held: Arc::new(Held { claims: Arc::clone(self), key }) })
    }
}

impl ClaimGuard {
    /// Whether it is the claim of this key.
    pub(crate) fn is_of(&self, key: &[u8]) -> bool {
        *self.held.key == *key
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.claims.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

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

    /// Who waits is woken once, not asked again and again.
    #[tokio::test]
    async fn whoever_waits_is_told() {
        let claims = Arc::new(Claims::default());
        let first = claims.claim(b"a").unwrap();
        let polls = Arc::new(AtomicUsize::new(0));
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let (claims, polls) = (Arc::clone(&claims), Arc::clone(&polls));
                tokio::spawn(async move {
                    let mut claim = Box::pin(claims.claim_in_turn(b"a"));
                    std::future::poll_fn(|context| {
                        polls.fetch_add(1, Ordering::SeqCst);
                        claim.as_mut().poll(context)
                    })
                    .await
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(polls.load(Ordering::SeqCst), 3);
        drop(first);
        for waits in waiting {
            drop(waits.await.unwrap());
        }
        // Of those who are woken one has it, and the others wait on.
        assert!(polls.load(Ordering::SeqCst) <= 3 + 3 + 2 + 1);
        assert!(claims.claim(b"a").is_some());
    }
}
