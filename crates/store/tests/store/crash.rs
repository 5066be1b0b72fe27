//! Killed at any moment, and a disk that refuses: what was acknowledged is there, whole, and nothing is half there.

use crate::home::*;
use postlude_store::{Commit, CommitOutcome, Durability, SessionWrite, SledStore, Store};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const FOLDER: &str = "POSTLUDE_STORE_CRASH_FOLDER";
const ROUND: &str = "POSTLUDE_STORE_CRASH_ROUND";
const WORKERS: u64 = 4;

/// Not a test by itself: the process that is killed. Each commit writes a login and counts its worker's session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let round = std::env::var(ROUND).unwrap();
    let store = Arc::new(Home::at(folder.into()).open());
    println!("epoch {}", store.epoch());
    let workers: Vec<_> =
        (0..WORKERS).map(|worker| tokio::spawn(work(Arc::clone(&store), round.clone(), worker))).collect();
    for worker in workers {
        worker.await.unwrap();
    }
    println!("read {:?}", store.session(&tenant(), &session_id("w0")).await.map(|_| ()));
    println!("shutdown {:?}", store.shutdown().await);
}

async fn work(store: Arc<SledStore>, round: String, worker: u64) {
    let name = format!("w{worker}");
    loop {
        let (count, commit) = match next(&store, &round, &name).await {
            Ok(next) => next,
            Err(why) => return println!("stopped {why}"),
        };
        match store.commit(commit).await {
            Ok(CommitOutcome::Done) => println!("ack {name} {count}"),
            Ok(other) => panic!("{other:?}"),
            Err(why) => return println!("stopped {why}"),
        }
    }
}

async fn next(store: &SledStore, round: &str, name: &str) -> Result<(u64, Commit), postlude_store::StoreError> {
    let count = store.session(&tenant(), &session_id(name)).await?.map_or(0, |session| session.version);
    let mut login = record(&format!("{name}-{}", count + 1), &format!("{name} of {round}"), suspended());
    // Every tenth is large.
    let size = if count % 10 == 0 { 20_000 } else { 300 };
    login.metadata.insert("k".to_owned(), postlude_model::json::Json::string(&"x".repeat(size)));
    let login = login_write(login, 0);
    let sessions = vec![SessionWrite { session: session(name), expect: count }];
    let durability = if count % 7 == 6 { Durability::Batched } else { Durability::Synced };
    Ok((count + 1, Commit { login: Some(login), sessions, durability, ..commit() }))
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn start(mut command: Command, home: &Home, round: u32) -> Child {
    command.args(["--exact", "crash::child", "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, home.root()).env(ROUND, round.to_string()).spawn().unwrap()
}

/// What the process acknowledged as durable, by worker: a batched one counts once a later one was synced.
fn acknowledged(lines: &[String]) -> BTreeMap<String, u64> {
    let mut newest = BTreeMap::new();
    for line in lines {
        // The harness writes to the same stream; an acknowledgement that was cut off does not count.
        let Some((_, ack)) = line.split_once("ack ") else { continue };
        let Some((worker, count)) = ack.split_once(' ') else { continue };
        let Ok(count) = count.parse::<u64>() else { continue };
        if (count - 1) % 7 != 6 {
            newest.insert(worker.to_owned(), count);
        }
    }
    newest
}

/// Everything that is there is whole, and everything that was acknowledged is there.
async fn check(store: &SledStore, acknowledged: &BTreeMap<String, u64>) {
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

#[tokio::test]
async fn killed_twenty_times() {
    let home = Home::new();
    let mut total = 0;
    let mut epoch = None;
    for round in 0..20 {
        let mut child = start(command(&std::env::current_exe().unwrap()), &home, round);
        let output = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || output.lines().map_while(Result::ok).collect::<Vec<_>>());
        let delay = 30 + RandomState::new().hash_one(round) % 250;
        tokio::time::sleep(Duration::from_millis(delay)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let lines = reader.join().unwrap();
        assert!(!lines.iter().any(|line| line.contains("stopped")), "round {round}: {lines:?}");
        let acknowledged = acknowledged(&lines);
        total += acknowledged.values().sum::<u64>();
        let store = home.open();
        assert_eq!(store.epoch(), *epoch.get_or_insert(store.epoch()), "round {round}: a crash is no restore");
        check(&store, &acknowledged).await;
        store.shutdown().await.unwrap();
    }
    assert!(total > 0, "no process came so far as to acknowledge anything");
}

/// Writes fail from some size on: the store stops, answers nothing more, and lost nothing that it acknowledged.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_refuses_stops_the_store() {
    let home = Home::new();
    let mut shell = command(Path::new("/bin/sh"));
    // In blocks of 512 bytes; without the signal a write that is too long fails with EFBIG.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
    let child = start(shell, &home, 0);
    let output = child.wait_with_output().unwrap();
    let lines: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    let said = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!(said("stopped the store"), WORKERS as usize, "{:?}", lines.last_chunk::<8>());
    assert_eq!(said("read Err"), 1);
    assert_eq!(said("shutdown Err"), 1);
    let acknowledged = acknowledged(&lines);
    assert!(acknowledged.values().sum::<u64>() > 100, "{acknowledged:?}");
    let store = home.open();
    check(&store, &acknowledged).await;
}
