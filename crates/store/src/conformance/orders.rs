//! Orders: replaced by compare-and-set, and followed by their version.

use super::records::*;
use crate::api::Store;
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
