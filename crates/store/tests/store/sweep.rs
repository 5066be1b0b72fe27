//! What has expired goes, in batches; what may still matter stays.

use crate::home::*;
use postlude_model::limits;
use postlude_store::{Commit, SledStore, Store};

/// How many entries the database has, by kind.
fn kinds(home: &Home) -> String {
    let db = sled::Config::new().path(home.data().join("db")).flush_every_ms(None).open().unwrap();
    db.open_tree("records").unwrap().iter().keys().map(|key| char::from(key.unwrap()[0])).collect()
}

async fn begin(store: &SledStore, id: &str) {
    let login = login_write(record(id, &format!("user of {id}"), suspended()), 0);
    store.commit(Commit { login: Some(login), ..commit() }).await.unwrap();
}

#[tokio::test]
async fn logins_go_with_their_lists() {
    let home = Home::new();
    let store = home.open();
    for n in 0..10 {
        begin(&store, &format!("l{n}")).await;
    }
    let due = NOW.plus(limits::RECORD_LIFETIME);
    assert_eq!(store.sweep(NOW, 100).await.unwrap(), 0);
    // A login and a list each, four at a time.
    let mut looked_at = 0;
    loop {
        let seen = store.sweep(due.plus(HOUR), 4).await.unwrap();
        looked_at += seen;
        if seen < 4 {
            break;
        }
    }
    assert_eq!(looked_at, 20);
    assert_eq!(status(&store, "l3").await, None);
    store.shutdown().await.unwrap();
    assert_eq!(kinds(&home), "M", "nothing but the header is left");
}

#[tokio::test]
async fn a_session_in_use_stays_with_one_expiry_entry() {
    let home = Home::new();
    let store = home.open();
    let lifetime = home.options().session_lifetime;
    for hour in 0..50 {
        let mut used = session("s");
        used.last_used_at = NOW.plus(hour * HOUR);
        write_session(&store, used, u64::from(hour)).await;
    }
    assert_eq!(store.sweep(NOW.plus(lifetime + HOUR), 100).await.unwrap(), 1);
    assert!(store.session(&tenant(), &session_id("s")).await.unwrap().is_some());
    assert_eq!(store.sweep(NOW.plus(lifetime + HOUR), 100).await.unwrap(), 0);
    assert_eq!(store.sweep(NOW.plus(lifetime + 51 * HOUR), 100).await.unwrap(), 1);
    assert_eq!(store.session(&tenant(), &session_id("s")).await.unwrap(), None);
    store.shutdown().await.unwrap();
    assert_eq!(kinds(&home), "M");
}

/// An ended session's generation outlives every login that may have begun before, however short sessions are kept.
#[tokio::test]
async fn a_tombstone_outlives_its_logins() {
    let home = Home::new();
    let mut options = home.options();
    options.session_lifetime = HOUR / 6;
    let store = SledStore::open(options).unwrap();
    let mut ended = session("s");
    ended.generation = 1;
    write_session(&store, ended, 0).await;
    store.sweep(NOW.plus(limits::LOGIN_LIFETIME * 2), 100).await.unwrap();
    assert!(store.session(&tenant(), &session_id("s")).await.unwrap().is_some());
    store.sweep(NOW.plus(limits::RECORD_LIFETIME + HOUR), 100).await.unwrap();
    assert_eq!(store.session(&tenant(), &session_id("s")).await.unwrap(), None);
}
