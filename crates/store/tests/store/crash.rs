//! Killed at any moment, and a disk that refuses: what was acknowledged is there, whole, and nothing is half there.

use crate::folder::Home;
use postlude_store::conformance::crash::{WORKERS, acknowledged, check, work};
use postlude_store::conformance::light_logins;
use postlude_store::conformance::records::{continued, login_id, record, session_id, tenant};
use postlude_store::{Logins as _, Sessions as _, Store as _};
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const FOLDER: &str = "POSTLUDE_STORE_CRASH_FOLDER";
const ROUND: &str = "POSTLUDE_STORE_CRASH_ROUND";

/// Not a test by itself: the process that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let round = std::env::var(ROUND).unwrap();
    let store = Arc::new(Home::at(folder.into()).open());
    println!("epoch {}", store.epoch());
    work(Arc::<postlude_store::SledStore>::clone(&store), &round, |line| println!("{line}")).await;
    println!("read {:?}", store.session(&tenant(), &session_id("w0")).await.map(|_| ()));
    println!("shutdown {:?}", store.shutdown().await);
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

const LIGHT: &str = "POSTLUDE_STORE_CRASH_LIGHT";

/// Not a test by itself: the process that appends light logins until it is killed.
#[test]
fn light_child() {
    let Some(folder) = std::env::var_os(LIGHT) else { return };
    let round = std::env::var(ROUND).unwrap();
    let store = Home::at(folder.into()).open();
    for number in 0.. {
        let id = format!("{round}-{number}");
        light_logins::add(&store, &record(&id, "ann", continued()));
        println!("ack {id}");
    }
}

/// Of the light logins that were answered a kill takes those of the last second at most, and of the others every one is whole.
#[tokio::test]
async fn killed_while_light_logins_come_in() {
    let home = Home::new();
    let mut kept = Vec::new();
    for round in 0..5 {
        let mut child = command(&std::env::current_exe().unwrap());
        child.args(["--exact", "crash::light_child", "--nocapture", "--test-threads=1"]);
        let mut child = child.env(LIGHT, home.root()).env(ROUND, round.to_string()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            let acks = output.lines().map_while(Result::ok);
            acks.filter_map(|line| Some((line.split_once("ack ")?.1.to_owned(), Instant::now()))).collect::<Vec<_>>()
        });
        tokio::time::sleep(Duration::from_millis(1600 + round * 13)).await;
        let killed = Instant::now();
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = reader.join().unwrap();
        let old = |at: &Instant| killed.saturating_duration_since(*at) > Duration::from_secs(1);
        kept.extend(acknowledged.iter().filter(|(_, at)| old(at)).map(|(id, _)| id.clone()));
        assert!(!kept.is_empty(), "round {round} proves nothing");
        let store = home.open();
        for id in &kept {
            assert!(
                store.login(&tenant(), &login_id(id)).await.unwrap().is_some(),
                "{id} was answered a second before"
            );
        }
        // Whatever else is there is whole.
        let page = store.logins(&tenant(), None, usize::MAX).await.unwrap();
        assert!(page.items.len() >= kept.len());
        store.shutdown().await.unwrap();
    }
}

/// R05: writes fail from some size on: the store stops, answers nothing more, and lost nothing that it acknowledged.
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

/// R01: the store knows whether it was closed: what was answered in the last moments before another end may be forgotten.
#[tokio::test]
async fn an_opening_knows_whether_a_clean_stop_came_before_it() {
    let home = Home::new();
    let store = home.open();
    assert_eq!(store.opened_after_crash(), None, "a store that is new forgot nothing");
    store.shutdown().await.unwrap();
    let store = home.open();
    assert_eq!(store.opened_after_crash(), None);
    drop(store);
    let store = home.open();
    assert_eq!(store.opened_after_crash(), Some(3), "it went without a stop");
    store.shutdown().await.unwrap();
    let backup = home.back_up("backup");
    let store = home.open();
    assert_eq!(store.opened_after_crash(), None);
    store.shutdown().await.unwrap();
    home.restore(&backup);
    assert_eq!(home.open().opened_after_crash(), Some(4), "what came after the backup is forgotten");
}
