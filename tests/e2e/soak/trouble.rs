//! What is done to the server, one kind after the other.

use super::quiet::{Keys, Quiet};
use super::windows::Purpose;
use postlude_testkit::faults::{Fault, errno};
use postlude_testkit::swap::{deploy, versioned};
use postlude_testkit::{OPERATOR_KEY, Partner, Postlude, hash, new_root_key};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Kinds of trouble.
pub const KINDS: u64 = 14;

/// Milliseconds of ten years.
const TEN_YEARS: i64 = 315_360_000_000;
const DAY: i64 = 86_400_000;

/// Makes the trouble of this turn, and undoes it. Faults of the disk, kills and restarts open a window in which calls may fail; whatever
/// else is done, none may.
pub async fn make(postlude: &mut Postlude, quiet: &Quiet, turn: u64) {
    match turn % KINDS {
        0 | 7 => kill(postlude, quiet).await,
        1 => disk(postlude, quiet, turn, &[(Fault::Write, errno::ENOSPC)]).await,
        2 => step_clock(postlude, turn, TEN_YEARS).await,
        3 => disk(postlude, quiet, turn, &[(Fault::Sync, errno::EIO)]).await,
        4 | 11 => swap(postlude, turn).await,
        5 => rotate_api_key(postlude, quiet, turn).await,
        6 => {
            let read_only = [Fault::Write, Fault::Open, Fault::Rename].map(|fault| (fault, errno::EROFS));
            disk(postlude, quiet, turn, &read_only).await;
        }
        8 => rotate_partner_key(postlude, quiet, turn).await,
        9 => disk(postlude, quiet, turn, &[(Fault::SyncHangs, 1)]).await,
        10 => step_clock(postlude, turn, -DAY).await,
        12 => rotate_root_key(postlude, quiet, turn).await,
        _ => swaps_in_a_row(postlude, turn).await,
    }
}

fn for_a_while(turn: u64) -> Duration {
    Duration::from_millis(300 + (turn * 137) % 900)
}

/// Waits until the server says that it is ready.
async fn ready(postlude: &Postlude) {
    let began = Instant::now();
    loop {
        let (status, text) = postlude.readiness().await;
        if status == 200 {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "not ready after a minute: {status} {text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn kill(postlude: &mut Postlude, quiet: &Quiet) {
    quiet.windows.open(Purpose::Kill);
    postlude.kill().await;
    postlude.start_again().await.expect("it starts after a kill");
    quiet.windows.close();
}

async fn disk(postlude: &Postlude, quiet: &Quiet, turn: u64, faults: &[(Fault, i64)]) {
    quiet.windows.open(Purpose::Disk);
    faults.iter().for_each(|(fault, value)| postlude.faults().set(*fault, *value));
    tokio::time::sleep(for_a_while(turn)).await;
    faults.iter().for_each(|(fault, _)| postlude.faults().clear(*fault));
    // What met the fault at its very end still has to be answered.
    tokio::time::sleep(Duration::from_millis(500)).await;
    ready(postlude).await;
    quiet.windows.close();
}

/// A clock that is wrong for a while: no call fails.
async fn step_clock(postlude: &Postlude, turn: u64, millis: i64) {
    postlude.faults().set(Fault::WallMillis, millis);
    tokio::time::sleep(for_a_while(turn)).await;
    postlude.faults().clear(Fault::WallMillis);
    ready(postlude).await;
}

/// A new build of the other tenant's plugin: no call fails.
async fn swap(postlude: &Postlude, turn: u64) {
    deploy(&postlude.dir().join("versioned.wasm"), &versioned(u32::try_from(turn).unwrap()));
    postlude.hang_up().await;
}

async fn swaps_in_a_row(postlude: &Postlude, turn: u64) {
    for part in 1..=5 {
        swap(postlude, turn * 1000 + part).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Takes the configuration that was written; no call fails meanwhile.
async fn reload(postlude: &Postlude) {
    let done = postlude.post_as(OPERATOR_KEY, "/v1/admin/reload", &json!({})).await;
    assert_eq!(done.status, 200, "{}", done.text);
}

/// The IdP gets another API key: both hold, the IdP takes the new one, the old one goes.
async fn rotate_api_key(postlude: &Postlude, quiet: &Quiet, turn: u64) {
    let before = quiet.keys.read().unwrap().as_ref().clone();
    let key = format!("plk_test-idp-key-of-turn-{turn:024}");
    let table = |key: &str| format!("role = \"idp\"\nsha256 = \"{}\"\n", hash(key));
    let second = format!("[tenants.acme.keys.next]\n{}", table(&key));
    let first = "[tenants.acme.keys.idp]\n";
    postlude.edit_config(first, &format!("{second}{first}"));
    reload(postlude).await;
    quiet.change_keys(Keys { idp: key.clone(), ..before.clone() }).await;
    postlude.edit_config(&second, "");
    postlude.edit_config(&table(&before.idp), &table(&key));
    reload(postlude).await;
    let refused = postlude.post_as(&before.idp, "/v1/sessions/get", &json!({ "id": "x" })).await;
    assert_eq!(refused.status, 401, "the old key is nobody's: {}", refused.text);
}

/// The prompt site gets another key: both hold, the site signs with the new one, the old one goes.
async fn rotate_partner_key(postlude: &Postlude, quiet: &Quiet, turn: u64) {
    let before = quiet.keys.read().unwrap().as_ref().clone();
    let partner = before.partner.of_generation(u32::try_from(turn).unwrap());
    let keys = |partner: &Partner| serde_json::from_str::<Value>(&partner.jwks()).unwrap()["keys"][0].clone();
    let write = |keys: &[Value]| {
        deploy(&postlude.dir().join("partner.jwks.json"), json!({ "keys": keys }).to_string().as_bytes());
    };
    write(&[keys(&before.partner), keys(&partner)]);
    reload(postlude).await;
    quiet.change_keys(Keys { partner: partner.clone(), ..before }).await;
    write(&[keys(&partner)]);
    reload(postlude).await;
}

/// A new root key, and with it new keys that sign request tokens: it wants a restart, in which calls may fail.
async fn rotate_root_key(postlude: &mut Postlude, quiet: &Quiet, turn: u64) {
    let (new, old) = (format!("root-{turn}.key"), format!("root-{}.key", turn.saturating_sub(KINDS)));
    let old = if turn < KINDS { "root.key".to_owned() } else { old };
    private(&postlude.dir().join(&new), &new_root_key());
    postlude.edit_config("previous_root_keys = [", &format!("previous_root_keys = [{{ file = \"{old}\" }}, "));
    let name = |file: &str| format!("root_key = {{ file = \"{file}\" }}\ndevelopment");
    postlude.edit_config(&name(&old), &name(&new));
    restart(postlude, quiet).await;
}

/// Stops and starts the server.
pub async fn restart(postlude: &mut Postlude, quiet: &Quiet) {
    quiet.windows.open(Purpose::Restart);
    postlude.restart().await;
    quiet.windows.close();
}

fn private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
