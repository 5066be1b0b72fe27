//! Everything at once: load with kills, a disk that fails, clock steps, swapped plugins, new keys of every kind and a hostile tenant.
//! Afterwards every acknowledged factor is there, no state was accepted twice, memory and disk are level, and no call of the quiet tenant
//! failed but while the disk was failing or the process was away, both on purpose: such windows are counted, and so is what failed in them.
//!
//! It runs for `POSTLUDE_SOAK_SECONDS`, 30 where that is not set: `make test` has five minutes of it, `make soak` an hour.
#![expect(clippy::panic, clippy::expect_used, reason = "tests stop at what surprises them")]

mod quiet;
mod trouble;
mod windows;

use postlude_testkit::swap::{tenant, versioned};
use postlude_testkit::{IDP_KEY, Postlude, event, guests, hash};
use quiet::{Keys, Quiet, browse};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const EVIL_KEY: &str = "plk_test-evil-key-0123456789abcdefghijklmno";

/// Browsers of the quiet tenant.
const BROWSERS: usize = 4;

/// Callers of the hostile tenant.
const ATTACKERS: usize = 2;

/// How long each of them rests: what is done here runs beside other tests, and must leave them a processor.
const REST: Duration = Duration::from_millis(150);

/// The hostile tenant: a plugin that never ends. Whatever comes of its calls, it must come.
async fn attack(quiet: Arc<Quiet>, attacks: Arc<AtomicU64>, at: usize) {
    for turn in 0_u64.. {
        if quiet.is_over() {
            return;
        }
        let body = json!({ "trigger": "post-login", "mode": "silent", "event": event("mallory", None) });
        let request = quiet.http.post(format!("{}/v1/logins", quiet.base)).bearer_auth(EVIL_KEY);
        let request = request.timeout(Duration::from_secs(12)).header("Idempotency-Key", format!("evil-{at}-{turn}"));
        if request.json(&body).send().await.is_ok() {
            attacks.fetch_add(1, Ordering::SeqCst);
        }
        tokio::time::sleep(REST).await;
    }
}

fn bytes_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map_while(Result::ok);
    entries
        .map(|entry| {
            entry.metadata().map_or(0, |about| if about.is_dir() { bytes_of(&entry.path()) } else { about.len() })
        })
        .sum()
}

async fn server() -> Postlude {
    let endless = r#"(func (export "on-login") (result i32) (loop (br 0)) (call $continue))"#;
    let manifest = r#"{ "name": "guest", "version": "0.1.0", "publisher": "evil.example", "abi": "0.1.0" }"#;
    let guest = guests::with_manifest(&guests::component(endless).unwrap(), manifest);
    let evil = format!(
        "[tenants.evil]\nissuer = \"http://127.0.0.1:1/evil\"\n[tenants.evil.keys.idp]\nrole = \"idp\"\nsha256 = \"{}\"\n\
         [tenants.evil.plugins.guest]\npath = \"endless.wasm\"\n[[tenants.evil.pipeline]]\nname = \"guest\"\nplugin = \"guest\"\n",
        hash(EVIL_KEY)
    );
    Postlude::builder()
        .faults()
        // Other tests may take the processors away for longer than an IdP would like: that is not what is tested here.
        .server("previous_root_keys = []\nruns = { max_wait = \"10s\" }")
        .guest("endless", guest)
        .guest("versioned", versioned(0))
        .after(&evil)
        .after(&tenant("versioned.wasm"))
        .start()
        .await
}

fn quiet(postlude: &Postlude) -> Arc<Quiet> {
    // The server closes a connection that rests for five seconds: a client gives it up before.
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    Arc::new(Quiet {
        base: postlude.base.clone(),
        http: http.pool_idle_timeout(Duration::from_secs(2)).build().unwrap(),
        windows: Default::default(),
        acknowledged: Default::default(),
        keys: Arc::new(Keys { idp: IDP_KEY.to_owned(), partner: postlude.partner.clone() }).into(),
        answered: Default::default(),
        looks: Default::default(),
        ended: Default::default(),
        rest: REST,
    })
}

/// No task may end before it is told to.
fn all_go_on(tasks: &mut JoinSet<()>) {
    if let Some(ended) = tasks.try_join_next() {
        ended.unwrap();
        panic!("a task ended too early");
    }
}

/// Memory and disk of the server.
fn size(postlude: &Postlude) -> (u64, u64) {
    (postlude.resident_bytes(), bytes_of(&postlude.dir().join("data")))
}

/// Looks at every acknowledged factor.
async fn verify_all(quiet: &Arc<Quiet>) {
    let mut tasks = JoinSet::new();
    let all = Arc::new(quiet.acknowledged());
    for part in 0..BROWSERS {
        let (quiet, all) = (Arc::clone(quiet), Arc::clone(&all));
        tasks.spawn(async move {
            for one in all.iter().skip(part).step_by(BROWSERS) {
                quiet.verify(one).await;
            }
        });
    }
    tasks.join_all().await;
}

/// R02, R05, R07, R09, S11, O01, O14, T04: whatever goes wrong at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once() {
    let seconds = std::env::var("POSTLUDE_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    let mut postlude = server().await;
    let (quiet, attacks) = (quiet(&postlude), Arc::new(AtomicU64::new(0)));
    let mut tasks = JoinSet::new();
    (0..BROWSERS).for_each(|browser| drop(tasks.spawn(browse(Arc::clone(&quiet), browser))));
    (0..ATTACKERS).for_each(|at| drop(tasks.spawn(attack(Arc::clone(&quiet), Arc::clone(&attacks), at))));
    let (began, mut turns) = (Instant::now(), 0);
    // Three quarters of the time, and every kind of trouble at least once.
    while began.elapsed() < Duration::from_secs(seconds) * 3 / 4 || turns < trouble::KINDS {
        trouble::make(&mut postlude, &quiet, turns).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        turns += 1;
        all_go_on(&mut tasks);
    }
    // A quiet quarter: what memory and disk need now they need at its end.
    trouble::restart(&mut postlude, &quiet).await;
    tokio::time::sleep(Duration::from_secs(seconds / 8 + 3)).await;
    let ((memory, disk), before) = (size(&postlude), quiet.acknowledged().len());
    tokio::time::sleep(Duration::from_secs(seconds / 8 + 3)).await;
    let (memory_now, disk_now) = size(&postlude);
    all_go_on(&mut tasks);
    quiet.ended.store(true, Ordering::SeqCst);
    tasks.join_all().await;
    let all = quiet.acknowledged().len();
    trouble::restart(&mut postlude, &quiet).await;
    let (took, (failing, windows)) = (began.elapsed(), quiet.windows.summary());
    verify_all(&quiet).await;
    let (met, attacks) = (postlude.faults().injected(), attacks.load(Ordering::SeqCst));
    let of = format!(
        "{all} factors, {turns} troubles in {} s, {met} faults, {} calls answered, {attacks} attacks; {windows}",
        took.as_secs(),
        quiet.answered.load(Ordering::SeqCst)
    );
    assert!(all > 20 && met > 10 && attacks > 5, "that proves little: {of}");
    assert!(failing < took / 2, "most of the time calls were allowed to fail, that proves little: {of}");
    let more = (all - before) as u64;
    assert!(memory_now < memory + (96 << 20) + more * 8192, "{memory} bytes of memory grew to {memory_now}: {of}");
    assert!(disk_now < disk + (32 << 20) + more * 65_536, "{disk} bytes of disk grew to {disk_now}: {of}");
    println!("{of}; {} MiB of memory, {} MiB of disk", memory_now >> 20, disk_now >> 20);
}
