//! Everything at once: load with kills, a disk that fails, clock steps, swapped plugins, new root keys and a hostile tenant. Afterwards
//! every acknowledged factor is there, no state was accepted twice, memory and disk are level, and no login of a quiet tenant failed.
//!
//! It runs for `POSTLUDE_SOAK_SECONDS`, 30 where that is not set; `make soak` runs it for an hour.
#![expect(clippy::panic, clippy::expect_used, reason = "tests stop at what surprises them")]

use postlude_testkit::faults::{Fault, errno};
use postlude_testkit::swap::{deploy, tenant, versioned};
use postlude_testkit::{IDP_KEY, Partner, Postlude, event, guests, hash, new_root_key};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const EVIL_KEY: &str = "plk_test-evil-key-0123456789abcdefghijklmno";

/// Browsers of the quiet tenant.
const BROWSERS: usize = 4;

/// How long an IdP repeats a call until it gives up: then the login failed. Longer than any trouble that is made.
const PATIENCE: Duration = Duration::from_secs(40);

/// A call takes so long at most.
const CALL: Duration = Duration::from_secs(12);

/// A completed factor: the call that recorded it, its answer, and the session.
#[derive(Debug, Clone)]
struct Acknowledged {
    user: String,
    path: String,
    body: Value,
    answer: Value,
    session: String,
}

/// What all tasks share.
struct Soak {
    base: String,
    http: reqwest::Client,
    partner: Partner,
    acknowledged: Mutex<Vec<Acknowledged>>,
    /// Calls that had to be repeated.
    repeated: AtomicU64,
    /// Answers that the hostile tenant got.
    attacks: AtomicU64,
    ended: AtomicBool,
}

impl Soak {
    /// A POST, repeated as an IdP does while nobody answers or the answer is 503.
    async fn post(&self, key: &str, path: &str, idempotency_key: &str, body: &Value) -> Value {
        let (began, mut last) = (Instant::now(), String::new());
        while began.elapsed() < PATIENCE {
            let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(key).timeout(CALL);
            match request.header("Idempotency-Key", idempotency_key).json(body).send().await {
                Ok(answered) if answered.status() == 200 => {
                    if let Ok(answer) = answered.json().await {
                        return answer;
                    }
                }
                Ok(answered) if answered.status() == 503 => last = answered.text().await.unwrap_or_default(),
                Ok(answered) => panic!("{path} {idempotency_key}: {}", answered.text().await.unwrap_or_default()),
                Err(why) => last = why.to_string(),
            }
            self.repeated.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{path} {idempotency_key} failed for {PATIENCE:?}: {last}")
    }

    /// A user logs in and completes the factor.
    async fn complete(&self, user: &str) -> Acknowledged {
        let start = json!({ "trigger": "post-login", "mode": "interactive", "event": event(user, None),
            "return_url": "http://localhost:3000/interaction/x" });
        let open = self.post(IDP_KEY, "/v1/logins", user, &start).await;
        assert_eq!(open["outcome"], "redirect", "{open}");
        let location = open["location"].as_str().unwrap();
        let token = self.partner.result(location, &json!({}));
        let sealed = self.bring(location, &token).await;
        let path = format!("/v1/logins/{}/continue", open["login_id"].as_str().unwrap());
        let body = json!({ "resume_key": open["resume_key"], "reply": sealed, "event": event(user, None) });
        let answer = self.post(IDP_KEY, &path, user, &body).await;
        assert_eq!(answer["outcome"], "continue", "{answer}");
        let session = answer["subject"]["session_id"].as_str().unwrap().to_owned();
        Acknowledged { user: user.to_owned(), path, body, answer, session }
    }

    /// The browser comes back from the prompt, and is patient as well.
    async fn bring(&self, location: &str, token: &str) -> String {
        let url = url::Url::parse(location).unwrap();
        let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let request = self.http.get(format!("{}/acme/continue", self.base)).timeout(CALL);
            let sent = request.query(&[("state", state.as_str()), ("postlude_result", token)]).send().await;
            let target = sent.ok().and_then(|sent| sent.headers().get("location")?.to_str().ok().map(str::to_owned));
            if let Some(target) = target {
                let target = url::Url::parse(&target).unwrap();
                return target.query_pairs().find(|(name, _)| name == "postlude").unwrap().1.into_owned();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no browser came back for {PATIENCE:?}")
    }

    /// The factor counts, and the used state gives the answer that it gave.
    async fn verify(&self, one: &Acknowledged, turn: &str) {
        let key = format!("{}-{turn}", one.user);
        let body = json!({ "trigger": "post-login", "mode": "silent", "event": event(&one.user, Some(&one.session)) });
        let answer = self.post(IDP_KEY, "/v1/logins", &key, &body).await;
        assert_eq!(answer["outcome"], "continue", "the factor of {} counts: {answer}", one.user);
        let again = self.post(IDP_KEY, &one.path, &key, &one.body).await;
        assert_eq!(again, one.answer, "a used state gives the answer that it gave");
        let session = self.post(IDP_KEY, "/v1/sessions/get", &key, &json!({ "id": one.session })).await;
        assert_eq!(session["factors"].as_array().map(Vec::len), Some(1), "recorded once: {session}");
    }

    fn is_over(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    fn acknowledged(&self) -> Vec<Acknowledged> {
        self.acknowledged.lock().unwrap().clone()
    }
}

/// Users of the quiet tenant: each completes its factor once; now and then an earlier one is looked at.
async fn browse(soak: Arc<Soak>, browser: usize) {
    let mut turn = 0_u64;
    while !soak.is_over() {
        turn += 1;
        let one = soak.complete(&format!("user-{browser}-{turn}")).await;
        let earlier = {
            let mut all = soak.acknowledged.lock().unwrap();
            all.push(one);
            all[(turn as usize * 31) % all.len()].clone()
        };
        soak.verify(&earlier, &format!("{browser}-{turn}")).await;
    }
}

/// The hostile tenant: a plugin that never ends. Whatever comes of its calls, it must come.
async fn attack(soak: Arc<Soak>, at: usize) {
    for turn in 0_u64.. {
        if soak.is_over() {
            return;
        }
        let body = json!({ "trigger": "post-login", "mode": "silent", "event": event("mallory", None) });
        let request = soak.http.post(format!("{}/v1/logins", soak.base)).bearer_auth(EVIL_KEY).timeout(CALL);
        if request.header("Idempotency-Key", format!("evil-{at}-{turn}")).json(&body).send().await.is_ok() {
            soak.attacks.fetch_add(1, Ordering::SeqCst);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until the server says that it is ready.
async fn ready(postlude: &Postlude) {
    let began = Instant::now();
    loop {
        let (status, text) = postlude.readiness().await;
        if status == 200 {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "not ready after 30 seconds: {status} {text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// One kind of trouble after the other.
async fn trouble(postlude: &mut Postlude, turn: u64) {
    let for_a_while = Duration::from_millis(300 + (turn * 137) % 900);
    let disk = |fault, error| vec![(fault, error)];
    let faults = match turn % 10 {
        0 | 5 => {
            postlude.kill().await;
            return postlude.start_again().await.expect("it starts after a kill");
        }
        1 => disk(Fault::Write, errno::ENOSPC),
        2 => disk(Fault::WallMillis, 315_360_000_000),
        3 => disk(Fault::Sync, errno::EIO),
        4 => {
            let file = postlude.dir().join("versioned.wasm");
            deploy(&file, &versioned(u32::try_from(turn).unwrap()));
            return postlude.hang_up().await;
        }
        6 => vec![(Fault::Write, errno::EROFS), (Fault::Open, errno::EROFS), (Fault::Rename, errno::EROFS)],
        7 => disk(Fault::SyncHangs, 1),
        8 => disk(Fault::WallMillis, -86_400_000),
        _ => {
            let (new, old) = (format!("root-{turn}.key"), format!("root-{}.key", turn.saturating_sub(10)));
            let old = if turn < 10 { "root.key".to_owned() } else { old };
            private(&postlude.dir().join(&new), &new_root_key());
            postlude.edit_config("previous_root_keys = [", &format!("previous_root_keys = [{{ file = \"{old}\" }}, "));
            let name = |file: &str| format!("root_key = {{ file = \"{file}\" }}\ndevelopment");
            postlude.edit_config(&name(&old), &name(&new));
            postlude.stop().await;
            return postlude.start_again().await.expect("it starts with a new root key");
        }
    };
    faults.iter().for_each(|(fault, value)| postlude.faults().set(*fault, *value));
    tokio::time::sleep(for_a_while).await;
    faults.iter().for_each(|(fault, _)| postlude.faults().clear(*fault));
    ready(postlude).await;
}

fn private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
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
        .server("previous_root_keys = []")
        .guest("endless", guest)
        .guest("versioned", versioned(0))
        .after(&evil)
        .after(&tenant("versioned.wasm"))
        .start()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once() {
    let seconds = std::env::var("POSTLUDE_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    let mut postlude = server().await;
    let soak = Arc::new(Soak {
        base: postlude.base.clone(),
        http: postlude.client.clone(),
        partner: postlude.partner.clone(),
        acknowledged: Mutex::default(),
        repeated: AtomicU64::new(0),
        attacks: AtomicU64::new(0),
        ended: AtomicBool::new(false),
    });
    let mut tasks = tokio::task::JoinSet::new();
    (0..BROWSERS).for_each(|browser| drop(tasks.spawn(browse(Arc::clone(&soak), browser))));
    (0..2).for_each(|at| drop(tasks.spawn(attack(Arc::clone(&soak), at))));
    let (began, mut turns) = (Instant::now(), 0);
    // Every kind of trouble at least once.
    while began.elapsed() < Duration::from_secs(seconds) || turns < 10 {
        trouble(&mut postlude, turns).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        turns += 1;
        assert_eq!(tasks.len(), BROWSERS + 2, "none of them may end: {:?}", tasks.try_join_next());
    }
    // A quiet quarter: what memory and disk need now they need at its end.
    postlude.restart().await;
    tokio::time::sleep(Duration::from_secs(seconds / 8 + 3)).await;
    let (memory, disk, before) =
        (postlude.resident_bytes(), bytes_of(&postlude.dir().join("data")), soak.acknowledged().len());
    tokio::time::sleep(Duration::from_secs(seconds / 8 + 3)).await;
    let (memory_now, disk_now) = (postlude.resident_bytes(), bytes_of(&postlude.dir().join("data")));
    soak.ended.store(true, Ordering::SeqCst);
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let all = soak.acknowledged();
    let (met, repeated, attacks) =
        (postlude.faults().injected(), soak.repeated.load(Ordering::SeqCst), soak.attacks.load(Ordering::SeqCst));
    let of =
        format!("{} factors, {turns} troubles, {met} faults, {repeated} calls repeated, {attacks} attacks", all.len());
    assert!(all.len() > 20 && met > 10 && attacks > 5, "that proves little: {of}");
    for restarted in ["before", "after"] {
        for one in &all {
            soak.verify(one, restarted).await;
        }
        postlude.restart().await;
    }
    let more = (all.len() - before) as u64;
    assert!(memory_now < memory + (96 << 20) + more * 8192, "{memory} bytes of memory grew to {memory_now}: {of}");
    assert!(disk_now < disk + (32 << 20) + more * 65_536, "{disk} bytes of disk grew to {disk_now}: {of}");
    println!("{of}; {} MiB of memory, {} MiB of disk", memory_now >> 20, disk_now >> 20);
}
