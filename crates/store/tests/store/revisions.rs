//! Files of revisions on the disk: one for each content, and none that nobody needs.

use crate::folder::Home;
use postlude_model::names::{Digest, TenantName};
use postlude_store::Revisions as _;
use postlude_store::conformance::records::{HOUR, NOW, tenant};

fn files(home: &Home, folder: &str) -> usize {
    std::fs::read_dir(home.data().join(folder)).unwrap().count()
}

#[tokio::test]
async fn a_file_goes_with_the_last_revision_of_its_content() {
    let home = Home::new();
    let store = home.open();
    let (acme, other) = (tenant(), TenantName::new("other").unwrap());
    for content in ["{\"a\":1}", "{\"b\":1}"] {
        let number = store.put_revision(&acme, content).await.unwrap();
        store.need_revision(&acme, number, NOW).await.unwrap();
    }
    for content in ["{\"a\":1}", "{\"c\":1}"] {
        let number = store.put_revision(&other, content).await.unwrap();
        store.need_revision(&other, number, NOW.plus(HOUR)).await.unwrap();
    }
    assert_eq!(store.sweep_revisions(NOW.plus(HOUR / 2)).await.unwrap(), [(acme, 1)]);
    assert_eq!(files(&home, "revisions"), 3, "another tenant's revision has the same content");
    assert_eq!(store.sweep_revisions(NOW.plus(2 * HOUR)).await.unwrap(), [(other, 1)]);
    assert_eq!(files(&home, "revisions"), 2);
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
