//! The queue of commits: one tenant's flood is its own.

use crate::folder::Home;
use postlude_store::conformance::records::{commit, other_tenant, session, tenant};
use postlude_store::{Commit, CommitOutcome, Commits as _, SessionWrite, Store as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Durable writes that one tenant asks for at once.
const FLOOD: usize = 3000;

/// T04: what a tenant waits for is the disk, and not the writes that another one asked for before.
#[tokio::test]
async fn a_flood_of_durable_writes_delays_no_other_tenant() {
    let home = Home::new();
    let store = Arc::new(home.open());
    let done = Arc::new(AtomicUsize::new(0));
    let flood: Vec<_> = (0..FLOOD)
        .map(|number| {
            let (store, done) = (Arc::clone(&store), Arc::clone(&done));
            tokio::spawn(async move {
                let sessions = vec![SessionWrite { session: session(&format!("s{number}")), expect: 0 }];
                let commit = Commit { tenant: other_tenant(), sessions, ..commit() };
                assert_eq!(store.commit(commit).await.unwrap(), CommitOutcome::Done);
                done.fetch_add(1, Ordering::SeqCst);
            })
        })
        .collect();
    // On this one thread all of them ask before this goes on.
    tokio::task::yield_now().await;
    let sessions = vec![SessionWrite { session: session("s"), expect: 0 }];
    let commit = Commit { tenant: tenant(), sessions, ..commit() };
    assert_eq!(store.commit(commit).await.unwrap(), CommitOutcome::Done);
    let before = done.load(Ordering::SeqCst);
    assert!(before < FLOOD / 2, "{before} of {FLOOD} came first");
    for write in flood {
        write.await.unwrap();
    }
    store.shutdown().await.unwrap();
}
