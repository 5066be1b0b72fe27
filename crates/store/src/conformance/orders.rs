//! Orders: replaced by compare-and-set, and followed by their version.

use super::records::*;
use crate::api::{Commit, CommitOutcome, Durability, LightLogin, LightLoginOutcome, LoginClaim, Store};
use postlude_model::policy::orders::Orders;
use std::sync::Arc;

pub async fn orders_are_never_lost_to_another_writer(store: Arc<dyn Store>) {
    assert_eq!(store.orders(&tenant()).await.unwrap(), Orders::default());
    assert!(store.put_orders(&tenant(), orders(), 0).await.unwrap());
    assert!(!store.put_orders(&tenant(), Orders::default(), 0).await.unwrap(), "written meanwhile");
    assert!(store.orders(&other_tenant()).await.unwrap().is_empty(), "another tenant's");
    let expected = Orders { version: 1, ..orders() };
    assert_eq!(store.orders(&tenant()).await.unwrap(), expected);
    assert!(store.put_orders(&tenant(), expected, 1).await.unwrap());
    assert_eq!(store.orders(&tenant()).await.unwrap().version, 2);
}

pub async fn a_host_follows_orders_by_their_version(store: Arc<dyn Store>) {
    assert_eq!(store.orders_since(&tenant(), 0).await.unwrap(), None);
    assert!(store.put_orders(&tenant(), orders(), 0).await.unwrap());
    let seen = store.orders_since(&tenant(), 0).await.unwrap().unwrap();
    assert_eq!((seen.version, seen.kills.len()), (1, 1));
    assert_eq!(store.orders_since(&tenant(), 1).await.unwrap(), None);
    assert_eq!(store.orders_since(&other_tenant(), 0).await.unwrap(), None);
}

/// What rests on orders that are not in force any more is not written, in whatever way. So a login comes before an order, and then before
/// its answer, or knows of it.
pub async fn a_commit_knows_the_orders_or_comes_before_them(store: Arc<dyn Store>) {
    let commit_of = async |id: &str, seen: u64, durability: Durability| {
        let login = Some(login_write(record(id, "ann", continued()), 0));
        let commit = Commit { login, orders_seen: Some(seen), durability, ..commit() };
        store.commit(commit).await.unwrap()
    };
    let append = |id: &str, seen: u64| {
        let claim = store.try_claim_login(&tenant(), &login_id(id)).unwrap();
        let Some(LoginClaim::New(claim)) = claim else { panic!("it is new") };
        let (mut record, tenant) = (record(id, "ann", continued()), tenant());
        let (check_session, orders_seen) = (None, Some(seen));
        let record = &mut record;
        store.append_login(LightLogin {
            tenant: &tenant,
            record,
            claim: &claim,
            check_session,
            orders_seen,
            bytes_of_tenant: u64::MAX,
            now: NOW,
        })
    };
    assert_eq!(commit_of("a", 0, Durability::Synced).await, CommitOutcome::Done);
    assert_eq!(append("b", 0).unwrap(), LightLoginOutcome::Done);
    assert!(store.put_orders(&tenant(), orders(), 0).await.unwrap());
    for durability in [Durability::Synced, Durability::Batched] {
        assert_eq!(commit_of("c", 0, durability).await, CommitOutcome::OrdersChanged);
    }
    assert_eq!(append("d", 0).unwrap(), LightLoginOutcome::OrdersChanged);
    for id in ["c", "d"] {
        assert_eq!(status(&*store, id).await, None, "{id}");
    }
    assert_eq!(commit_of("c", 1, Durability::Synced).await, CommitOutcome::Done);
    assert_eq!(append("d", 1).unwrap(), LightLoginOutcome::Done);
    assert_eq!(
        store.commit(Commit { tenant: other_tenant(), orders_seen: Some(0), ..commit() }).await.unwrap(),
        CommitOutcome::Done
    );
}
