//! The write-behind buffer on the disk: logins that expire together share an entry of the index.

use crate::folder::{Home, tree};
use postlude_model::names::TenantName;
use postlude_store::conformance::records::{HOUR, NOW, batched, login_id, sweep};
use postlude_store::{Commit, CommitOutcome, Commits as _, Logins as _, Store as _};

/// A full batch of the longest names, and one login more: 32 share a mark, which stays small enough for a leaf.
#[tokio::test]
async fn a_full_batch_of_the_longest_names_expires() {
    let home = Home::new();
    let store = home.open();
    let tenant = TenantName::new("t".repeat(32)).unwrap();
    let names: Vec<String> = (0..33).map(|number| format!("{number:_>64}")).collect();
    for name in &names {
        let commit = Commit { tenant: tenant.clone(), ..batched(name) };
        assert_eq!(store.commit(commit).await.unwrap(), CommitOutcome::Done);
    }
    store.shutdown().await.unwrap();
    let marks: Vec<usize> = {
        let (_db, tree) = tree(&home);
        tree.scan_prefix(b"E").map(|mark| mark.unwrap().1.len()).collect()
    };
    // A length, a kind, and two parts with their lengths.
    let each = 2 + 1 + 2 + 32 + 2 + 64;
    assert!(marks.iter().all(|mark| mark % each == 0), "{marks:?}");
    assert_eq!(marks.iter().map(|mark| mark / each + 1).sum::<usize>(), 33, "each login is in one mark: {marks:?}");
    assert!(marks.iter().all(|mark| *mark <= 31 * each) && 31 * each <= 3200, "{marks:?}");
    assert!(marks.len() > 1, "the last one has a mark of its own: {marks:?}");
    let store = home.open();
    let later = NOW.plus(HOUR * 24 * 365);
    sweep(&store, later).await;
    for name in &names {
        assert_eq!(store.login(&tenant, &login_id(name)).await.unwrap(), None);
    }
}
