//! Root keys come and go: what a removed key made is refused, everything else stays, and no key is a reason not to start.

use crate::folder::*;
use postlude_store::conformance::records::{
    NOW, continued, login_id, login_write, record, session, session_id, suspended, tenant, write_login, write_session,
};
use postlude_store::{
    Commit, Commits as _, Durability, KeyUse, Logins as _, RecordMac, Scrub as _, Sessions as _, SledOptions,
    SledStore, Store as _, open_sled,
};
use std::sync::Arc;

/// Several keys: the first makes tags, all of them check.
#[derive(Debug)]
struct Keys(&'static [&'static str]);

impl RecordMac for Keys {
    fn tag(&self, bytes: &[u8]) -> [u8; 16] {
        Mac(self.0[0]).tag(bytes)
    }
    fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool {
        self.made_by(bytes, tag).is_some()
    }
    fn made_by(&self, bytes: &[u8], tag: &[u8; 16]) -> Option<usize> {
        self.0.iter().position(|key| Mac(key).verify(bytes, tag))
    }
    fn key_names(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

fn open(home: &Home, keys: &'static [&'static str]) -> SledStore {
    open_sled(SledOptions { mac: Arc::new(Keys(keys)), ..home.options() }).unwrap()
}

async fn scrub(store: &SledStore) {
    while store.scrub(3).await.unwrap() {}
}

/// What an earlier key is needed for.
fn needs(store: &SledStore, kid: &str) -> KeyUse {
    store.condition().keys.into_iter().find(|key| key.kid == kid).unwrap()
}

async fn light_login(store: &SledStore, id: &str) {
    let record = record(id, "ann", continued());
    let login = login_write(record, 0);
    let (sessions, cache, durability) = (Vec::new(), Vec::new(), Durability::Batched);
    let commit = Commit {
        tenant: tenant(),
        login: Some(login),
        sessions,
        check_session: None,
        orders_seen: None,
        cache,
        now: NOW,
        settled: true,
        durability,
    };
    store.commit(commit).await.unwrap();
}

/// A session is read under the new key alone once the store says that the old one is not needed.
#[tokio::test]
async fn a_root_key_can_be_retired() {
    let home = Home::new();
    let store = open(&home, &["a"]);
    for number in 0..20 {
        write_session(&store, session(&format!("s{number}")), 0).await;
    }
    write_login(&store, record("one", "ann", suspended()), 0).await;
    store.shutdown().await.unwrap();
    let store = open(&home, &["b", "a"]);
    assert!(!store.condition().complete);
    // A restart in between loses nothing.
    assert!(store.scrub(10).await.unwrap());
    store.shutdown().await.unwrap();
    let store = open(&home, &["b", "a"]);
    write_session(&store, session("s0"), 1).await;
    scrub(&store).await;
    let condition = store.condition();
    assert!(condition.complete && condition.damaged.is_empty(), "{condition:?}");
    assert_eq!(needs(&store, "a").records, 0);
    assert!(needs(&store, "a").replaced_at.is_some() && needs(&store, "b").replaced_at.is_none());
    assert!(needs(&store, "b").records >= 22);
    let epoch = store.epoch();
    store.shutdown().await.unwrap();
    let store = open(&home, &["b"]);
    assert_eq!(store.epoch(), epoch);
    for number in 0..20 {
        let read = store.session(&tenant(), &session_id(&format!("s{number}"))).await.unwrap().unwrap();
        assert_eq!(read.version, if number == 0 { 2 } else { 1 });
    }
    assert!(store.login(&tenant(), &login_id("one")).await.unwrap().is_some());
    scrub(&store).await;
    assert!(store.condition().damaged.is_empty());
}

/// Light logins are not written again: the store says until when their key is needed, and they are gone without it.
#[tokio::test]
async fn light_logins_need_their_key_until_they_expire() {
    let home = Home::new();
    let store = open(&home, &["a"]);
    light_login(&store, "old").await;
    store.shutdown().await.unwrap();
    let store = open(&home, &["b", "a"]);
    light_login(&store, "new").await;
    let a = needs(&store, "a");
    assert_eq!((a.light_logins, a.until), (1, Some(record("old", "ann", continued()).expires_at)));
    assert_eq!(needs(&store, "b").light_logins, 0);
    for id in ["old", "new"] {
        assert!(store.login(&tenant(), &login_id(id)).await.unwrap().is_some(), "{id}");
    }
    store.shutdown().await.unwrap();
    let store = open(&home, &["b"]);
    assert_eq!(store.login(&tenant(), &login_id("old")).await, Ok(None));
    assert!(store.login(&tenant(), &login_id("new")).await.unwrap().is_some());
    assert_eq!(store.logins(&tenant(), None, 9).await.unwrap().items.len(), 1);
}

/// A key that is removed too early makes absent what still needed it, and nothing else.
#[tokio::test]
async fn what_a_removed_key_made_is_absent() {
    let home = Home::new();
    let store = open(&home, &["a"]);
    write_session(&store, session("old"), 0).await;
    store.shutdown().await.unwrap();
    let store = open(&home, &["b", "a"]);
    write_session(&store, session("new"), 0).await;
    let epoch = store.epoch();
    store.shutdown().await.unwrap();
    let store = open(&home, &["b"]);
    assert_eq!(store.epoch(), epoch);
    assert!(store.session(&tenant(), &session_id("old")).await.unwrap().unwrap().generation > 0);
    assert_eq!(store.session(&tenant(), &session_id("new")).await.unwrap().unwrap().generation, 0);
    scrub(&store).await;
    assert_eq!(store.condition().damaged, [("session", 1)]);
}

/// Without its root key the store opens all the same, as one of a new epoch in which nothing is left.
#[tokio::test]
async fn a_lost_root_key_is_no_reason_not_to_start() {
    let home = Home::new();
    let store = open(&home, &["a"]);
    write_session(&store, session("s"), 0).await;
    let before = store.epoch();
    store.shutdown().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    let store = open(&home, &["b"]);
    let epoch = store.epoch();
    assert!(epoch > before);
    assert!(store.session(&tenant(), &session_id("s")).await.unwrap().unwrap().user.is_none());
    write_session(&store, session("t"), 0).await;
    store.shutdown().await.unwrap();
    let store = open(&home, &["b"]);
    assert_eq!(store.epoch(), epoch, "it is this key's store now");
    assert_eq!(store.session(&tenant(), &session_id("t")).await.unwrap().unwrap().version, 1);
}
