//! Plugins and revisions: files by their hash.

use crate::folder::*;
use postlude_model::names::Digest;
use postlude_store::conformance::records::tenant;
use postlude_store::{Plugins as _, Revisions as _, StoreError};
use std::path::PathBuf;

fn only_file(folder: PathBuf) -> PathBuf {
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[tokio::test]
async fn plugins_are_kept_by_their_digest_and_verified() {
    let home = Home::new();
    let store = home.open();
    let bytes = vec![5; 300_000];
    let digest = store.put_plugin(&bytes).await.unwrap();
    assert_eq!(store.put_plugin(&bytes).await.unwrap(), digest);
    assert_eq!(store.plugin(&digest).await.unwrap(), Some(bytes.clone()));
    assert_eq!(store.plugin(&Digest::from_bytes([0; 32])).await.unwrap(), None);
    let file = only_file(home.data().join("plugins"));
    std::fs::write(&file, &bytes[1..]).unwrap();
    assert_eq!(store.plugin(&digest).await, Err(StoreError::Corrupt("plugin file")));
    // Storing it again mends it.
    store.put_plugin(&bytes).await.unwrap();
    assert_eq!(store.plugin(&digest).await.unwrap(), Some(bytes));
}

#[tokio::test]
async fn a_revision_whose_file_was_changed_is_refused() {
    let home = Home::new();
    let store = home.open();
    assert_eq!(store.put_revision(&tenant(), "{}").await.unwrap(), 1);
    std::fs::write(only_file(home.data().join("revisions")), "{\"forged\":1}").unwrap();
    assert_eq!(store.revision(&tenant(), 1).await, Err(StoreError::Corrupt("revision")));
    assert_eq!(store.revisions().await, Err(StoreError::Corrupt("revision")));
}

/// Only the owner may look inside.
#[cfg(unix)]
#[tokio::test]
async fn folders_and_files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    std::fs::create_dir(home.data()).unwrap();
    std::fs::set_permissions(home.data(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let store = home.open();
    store.put_plugin(b"x").await.unwrap();
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(home.data()), 0o700);
    assert_eq!(mode(home.data().join("plugins")), 0o700);
    assert_eq!(mode(only_file(home.data().join("plugins"))), 0o600);
    assert_eq!(mode(home.high_water()), 0o600);
}
