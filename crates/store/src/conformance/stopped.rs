//! After the shutdown nothing is answered any more.

use super::records::*;
use crate::api::{BypassChange, Store, StoreError};
use std::sync::Arc;

pub async fn a_store_that_was_shut_down_answers_no_more(store: Arc<dyn Store>) {
    let plugin = store.put_plugin(b"x").await.unwrap();
    store.shutdown().await.unwrap();
    let stopped = StoreError::Stopped(String::new());
    assert_eq!(store.login(&tenant(), &login_id("a")).await, Err(stopped.clone()));
    assert!(store.claim_login(&tenant(), &login_id("a")).await.is_err());
    assert_eq!(store.commit(commit()).await, Err(stopped.clone()));
    assert_eq!(store.commit(batched("a")).await, Err(stopped.clone()));
    assert_eq!(store.plugin(&plugin).await, Err(stopped.clone()));
    assert_eq!(store.put_revision(&tenant(), "{}").await, Err(stopped.clone()));
    assert_eq!(store.put_orders(&tenant(), orders(), 0).await, Err(stopped.clone()));
    assert_eq!(store.sweep_expired(NOW, 1).await, Err(stopped.clone()));
    let issue = BypassChange::Issue(bypass("b1", "ann"));
    assert_eq!(store.change_bypass(&tenant(), issue, NOW, true).await, Err(stopped.clone()));
    assert_eq!(store.shutdown().await, Err(stopped));
}
