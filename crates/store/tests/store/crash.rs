//! Killed at any moment, and a disk that refuses: what was acknowledged is there, whole, and nothing is half there.

use crate::folder::Home;
use postlude_store::conformance::crash::{WORKERS, acknowledged, check, work};
use postlude_store::conformance::records::{session_id, tenant};
use postlude_store::{Sessions as _, Store as _};
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

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
