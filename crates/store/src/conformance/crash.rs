//! The workload of a process that is killed at any moment, and the check of what it left behind.
//!
//! A test of an engine starts itself as another process that runs [`work`], kills it, hands the lines that it printed to
//! [`acknowledged`], opens the store again and calls [`check`].

use super::records::*;
use crate::api::{Commit, CommitOutcome, Durability, SessionWrite, Store, StoreError};
use postlude_model::json::Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many workers write at the same time.
pub const WORKERS: u64 = 4;

/// Writes until it is killed or the store stops: each commit writes a login and counts its worker's session. `say` gets a line
/// for each acknowledgement, and one that begins with `stopped` for each worker that the store refused.
pub async fn work(store: Arc<dyn Store>, round: &str, say: fn(String)) {
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        workers.spawn(write(Arc::clone(&store), round.to_owned(), worker, say));
    }
    workers.join_all().await;
}

async fn write(store: Arc<dyn Store>, round: String, worker: u64, say: fn(String)) {
    let name = format!("w{worker}");
    loop {
        let (count, commit) = match next(&*store, &round, &name).await {
            Ok(next) => next,
            Err(why) => return say(format!("stopped {why}")),
        };
        match store.commit(commit).await {
            Ok(CommitOutcome::Done) => say(format!("ack {name} {count}")),
            Ok(other) => panic!("{other:?}"),
            Err(why) => return say(format!("stopped {why}")),
        }
    }
}

async fn next(store: &dyn Store, round: &str, name: &str) -> Result<(u64, Commit), StoreError> {
    let count = store.session(&tenant(), &session_id(name)).await?.map_or(0, |session| session.version);
    let mut login = record(&format!("{name}-{}", count + 1), &format!("{name} of {round}"), suspended());
    // Every tenth is large.
    let size = if count % 10 == 0 { 20_000 } else { 300 };
    login.metadata.insert("k".to_owned(), Json::string(&"x".repeat(size)));
    let login = login_write(login, 0);
    let sessions = vec![SessionWrite { session: session(name), expect: count }];
    let durability = if is_batched(count + 1) { Durability::Batched } else { Durability::Synced };
    Ok((count + 1, Commit { login: Some(login), sessions, durability, ..commit() }))
}

const fn is_batched(count: u64) -> bool {
    count.is_multiple_of(7)
}

/// What the process acknowledged as durable, by worker: a batched commit counts once a later one was synced.
pub fn acknowledged(lines: &[String]) -> BTreeMap<String, u64> {
    let mut newest = BTreeMap::new();
    for line in lines {
        // Others may write to the same stream; an acknowledgement that was cut off does not count.
        let Some((_, ack)) = line.split_once("ack ") else { continue };
        let Some((worker, count)) = ack.split_once(' ') else { continue };
        let Ok(count) = count.parse::<u64>() else { continue };
        if !is_batched(count) {
            newest.insert(worker.to_owned(), count);
        }
    }
    newest
}

/// Everything that is there is whole, and everything that was acknowledged is there.
pub async fn check(store: &dyn Store, acknowledged: &BTreeMap<String, u64>) {
    for worker in (0..WORKERS).map(|worker| format!("w{worker}")) {
        let session = store.session(&tenant(), &session_id(&worker)).await.unwrap();
        let count = session.map_or(0, |session| session.version);
        let least = acknowledged.get(&worker).copied().unwrap_or_default();
        assert!(count >= least, "{worker}: {least} was acknowledged, {count} is there");
        for number in 1..=count {
            let id = login_id(&format!("{worker}-{number}"));
            assert!(store.login(&tenant(), &id).await.unwrap().is_some(), "{id} of {count} is missing");
        }
        let after = login_id(&format!("{worker}-{}", count + 1));
        assert_eq!(store.login(&tenant(), &after).await.unwrap(), None);
    }
}
