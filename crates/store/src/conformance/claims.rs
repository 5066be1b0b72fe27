//! Claims: one call of a process at a time begins a login.

use super::records::*;
use crate::api::{Commit, CommitOutcome, Durability, LoginClaim, LoginWrite, Store};
use std::sync::Arc;

/// Another call waits, and then finds the login.
pub async fn whoever_begins_a_login_holds_its_claim(store: Arc<dyn Store>) {
    let LoginClaim::New(claim) = store.claim_login(&tenant(), &login_id("one")).await.unwrap() else {
        panic!("it is new")
    };
    let waiting = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.claim_login(&tenant(), &login_id("one")).await.unwrap() })
    };
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert!(!waiting.is_finished());
    let login = LoginWrite { claim: Some(claim.clone()), ..login_write(record("one", "ann", suspended()), 0) };
    assert_eq!(store.commit(Commit { login: Some(login), ..commit() }).await.unwrap(), CommitOutcome::Done);
    drop(claim);
    let LoginClaim::Existing(found) = waiting.await.unwrap() else { panic!("it began before") };
    assert_eq!((found.version, found.status), (1, suspended()));
}

/// A claim lets its holder begin its own login and no other.
pub async fn a_claim_of_another_login_is_none(store: Arc<dyn Store>) {
    write_login(&*store, record("one", "ann", suspended()), 0).await;
    let LoginClaim::New(claim) = store.claim_login(&tenant(), &login_id("two")).await.unwrap() else {
        panic!("it is new")
    };
    for durability in [Durability::Synced, Durability::Batched] {
        let login = LoginWrite { claim: Some(claim.clone()), ..login_write(record("one", "ann", continued()), 0) };
        let commit = Commit { login: Some(login), durability, ..commit() };
        assert_eq!(store.commit(commit).await.unwrap(), CommitOutcome::LoginChanged);
    }
}
