//! Plugin files by their digest, and notes of uploads.

use super::records::*;
use crate::api::{Store, Upload};
use postlude_model::names::Digest;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::sync::Arc;

pub async fn plugins_are_kept_by_their_digest(store: Arc<dyn Store>) {
    let bytes = vec![5; 300_000];
    let digest = store.put_plugin(&bytes).await.unwrap();
    assert_eq!(digest, Digest::from_bytes(Sha256::digest(&bytes).into()));
    assert_eq!(store.put_plugin(&bytes).await.unwrap(), digest);
    assert_eq!(store.plugin(&digest).await.unwrap(), Some(bytes));
    assert_eq!(store.plugin(&Digest::from_bytes([0; 32])).await.unwrap(), None);
}

pub async fn plugins_are_listed_and_removed(store: Arc<dyn Store>) {
    let (a, b) = (store.put_plugin(b"a").await.unwrap(), store.put_plugin(b"b").await.unwrap());
    let listed = store.plugins().await.unwrap();
    assert!(listed.len() == 2 && listed.contains(&a) && listed.contains(&b), "{listed:?}");
    store.remove_plugin(&a).await.unwrap();
    store.remove_plugin(&a).await.unwrap();
    assert_eq!(store.plugins().await.unwrap(), [b]);
    assert_eq!(store.plugin(&a).await.unwrap(), None);
}

/// T02.
pub async fn uploads_are_a_tenants_own_and_counted(store: Arc<dyn Store>) {
    for number in [1, 2] {
        assert!(store.put_upload(&tenant(), upload(number), 2).await.unwrap());
    }
    assert!(!store.put_upload(&tenant(), upload(3), 2).await.unwrap(), "one more than it may have");
    let again = Upload { by: "somebody else".to_owned(), ..upload(2) };
    assert!(store.put_upload(&tenant(), again, 2).await.unwrap(), "one that it has is no further one");
    assert_eq!(store.uploads(&tenant()).await.unwrap(), [upload(1), upload(2)]);
    assert_eq!(store.uploads(&other_tenant()).await.unwrap(), []);
    assert!(store.put_upload(&other_tenant(), upload(3), 2).await.unwrap());
    let all: HashSet<_> = [1, 2, 3].map(|number| upload(number).digest).into();
    assert_eq!(store.uploaded().await.unwrap(), all);
}
