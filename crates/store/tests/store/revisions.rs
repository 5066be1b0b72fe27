//! Revisions and plugin files that nobody needs any more go, and nothing else does.

use crate::home::*;
use postlude_model::names::{Digest, TenantName};
use postlude_store::Store;

fn files(home: &Home, folder: &str) -> usize {
    std::fs::read_dir(home.data().join(folder)).unwrap().count()
}

#[tokio::test]
async fn a_revision_goes_when_its_time_is_over() {
    let home = Home::new();
    let store = home.open();
    let (acme, other) = (tenant(), TenantName::new("other").unwrap());
    for (number, content) in (1..).zip(["{\"a\":1}", "{\"b\":1}", "{\"c\":1}", "{\"d\":1}"]) {
        assert_eq!(store.put_revision(&acme, content).await.unwrap(), number);
        if number != 3 {
            store.need_revision(&acme, number, NOW.plus(HOUR)).await.unwrap();
        }
    }
    // The same content at another tenant, needed for longer.
    store.put_revision(&other, "{\"a\":1}").await.unwrap();
    store.need_revision(&other, 1, NOW.plus(2 * HOUR)).await.unwrap();
    // Needs only grow.
    store.need_revision(&acme, 2, NOW.plus(2 * HOUR)).await.unwrap();
    store.need_revision(&acme, 2, NOW).await.unwrap();
    assert_eq!(store.sweep_revisions(NOW.plus(HOUR)).await.unwrap(), []);
    let later = NOW.plus(HOUR + HOUR / 2);
    assert_eq!(store.sweep_revisions(later).await.unwrap(), [(acme.clone(), 1)]);
    assert_eq!(store.revision(&acme, 1).await.unwrap(), None);
    assert_eq!(store.revision(&other, 1).await.unwrap().as_deref(), Some("{\"a\":1}"), "another tenant's");
    assert_eq!((files(&home, "revisions"), store.revisions().await.unwrap().len()), (4, 4));
    let gone = store.sweep_revisions(NOW.plus(9 * HOUR)).await.unwrap();
    assert_eq!(gone, [(acme.clone(), 2)], "the third was never limited, and the newest of each tenant stays");
    assert_eq!(store.revision(&acme, 4).await.unwrap().as_deref(), Some("{\"d\":1}"));
    assert_eq!(files(&home, "revisions"), 3);
    // What comes back gets a new number.
    store.shutdown().await.unwrap();
    let store = home.open();
    assert_eq!(store.put_revision(&acme, "{\"a\":1}").await.unwrap(), 5);
    assert_eq!(store.put_revision(&acme, "{\"c\":1}").await.unwrap(), 3);
}

#[tokio::test]
async fn what_a_crash_left_goes_with_the_next_sweep() {
    let home = Home::new();
    let store = home.open();
    store.put_revision(&tenant(), "{}").await.unwrap();
    let left = Digest::from_bytes([7; 32]).hex();
    std::fs::write(home.data().join(format!("revisions/{left}.json")), "left").unwrap();
    std::fs::write(home.data().join("revisions/notes.txt"), "not ours").unwrap();
    store.sweep_revisions(NOW).await.unwrap();
    assert_eq!(files(&home, "revisions"), 2);
    assert!(home.data().join("revisions/notes.txt").exists());
}

#[tokio::test]
async fn plugin_files_are_listed_and_removed() {
    let home = Home::new();
    let store = home.open();
    let (a, b) = (store.put_plugin(b"a").await.unwrap(), store.put_plugin(b"b").await.unwrap());
    let mut listed = store.plugins().await.unwrap();
    listed.sort();
    assert!(listed.len() == 2 && listed.contains(&a) && listed.contains(&b));
    store.remove_plugin(&a).await.unwrap();
    store.remove_plugin(&a).await.unwrap();
    assert_eq!(store.plugins().await.unwrap(), [b]);
    assert_eq!(store.plugin(&a).await.unwrap(), None);
}
