//! A database that an earlier build made opens and serves: suspended logins finish, factors count, orders and bypasses hold.
//!
//! `freeze` is not a test: it makes such a database with the program of an earlier build (`scripts/freeze-database.sh`).

use postlude_testkit::{
    Alg, Answered, Browser, FACTOR, IDP_KEY, OPERATOR_KEY, OTHER_KEY, OTHER_OPERATOR_KEY, Partner, Postlude,
    READER_KEY, guests, hash,
};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Where the frozen server listened; its issuer says so as well.
const BASE: &str = "http://127.0.0.1:11987";
const SECOND: u64 = 1000;

/// Sends the browser to a prompt, and records the factor once it is proved.
const FACE: &str = r#"
(func (export "on-login") (result i32)
  (call $redirect-for «http://localhost:4000/prompt» «https://acme.example/face»))
(func (export "on-continue") (result i32)
  (call $session.record-factor «https://acme.example/face» (i32.const 0) (i32.const 0) (i32.const 0) (global.get $out))
  (call $continue))
"#;
const FACE_MANIFEST: &str = r#"{
  "name": "face", "version": "0.1.0", "publisher": "acme.example", "abi": "0.1.0",
  "factors": [{ "name": "https://acme.example/face", "amr": ["face"] }],
  "result": { "parameter": "token", "key": "partner", "profile": "postlude" },
  "capabilities": { "redirect_origins": ["http://localhost:4000"] }
}"#;
const QUIET_MANIFEST: &str = r#"{ "name": "quiet", "version": "0.1.0", "publisher": "acme.example", "abi": "0.1.0", "result": "none", "capabilities": {} }"#;

fn config() -> String {
    let (idp, reader, operator) = (hash(IDP_KEY), hash(READER_KEY), hash(OPERATOR_KEY));
    let (other_idp, other_operator) = (hash(OTHER_KEY), hash(OTHER_OPERATOR_KEY));
    format!(
        r#"[server]
listen = "127.0.0.1:11987"
root_key = {{ file = "root.key" }}
data_dir = "store"
development = true
watch = false

[tenants.acme]
issuer = "{BASE}/acme"
return_urls = ["http://localhost:3000/interaction/"]
[tenants.acme.keys]
idp = {{ role = "idp", sha256 = "{idp}" }}
reader = {{ role = "reader", sha256 = "{reader}" }}
operator = {{ role = "operator", sha256 = "{operator}" }}
[tenants.acme.plugins.face]
path = "face.wasm"
[[tenants.acme.pipeline]]
name = "face"
plugin = "face"
[tenants.acme.pipeline.grants]
redirect_origins = ["http://localhost:4000"]
[tenants.acme.pipeline.keys.partner]
issuer = "http://localhost:4000"
alg = "EdDSA"
jwks = {{ file = "partner.jwks.json" }}
[[tenants.acme.pipeline.factors]]
name = "{FACTOR}"
max_age = "24h"
amr = ["mfa"]

[tenants.other]
issuer = "{BASE}/other"
return_urls = ["http://localhost:3000/interaction/"]
[tenants.other.keys]
idp = {{ role = "idp", sha256 = "{other_idp}" }}
operator = {{ role = "operator", sha256 = "{other_operator}" }}
[tenants.other.plugins.quiet]
path = "quiet.wasm"
[[tenants.other.pipeline]]
name = "quiet"
plugin = "quiet"
"#
    )
}

fn partner() -> Partner {
    Partner::new(Alg::EdDsa, "postlude")
}

/// The partner's result for an open prompt; `now` in seconds.
fn result(browser: &Browser<'_>, user: &str, now: u64) -> String {
    partner().sign(&json!({
        "iss": "http://localhost:4000", "sub": user, "aud": format!("{BASE}/acme#face"), "iat": now, "exp": now + 120,
        "jti": "jti-1", "state": browser.state(), "factor": FACTOR, "verdict": "ok",
    }))
}

async fn complete(postlude: &Postlude, browser: &mut Browser<'_>, user: &str, now: u64) -> Answered {
    let token = result(browser, user, now);
    let back = postlude.come_back("GET", &[("state", &browser.state()), ("token", &token)], &[]).await;
    browser.resume(&back.sealed()).await
}

/// A login in this browser, under a key that the frozen server did not see.
async fn log_in(postlude: &Postlude, browser: &Browser<'_>, key: &str) -> Answered {
    postlude.login(&format!("thawed-{key}"), &browser.body("interactive")).await
}

fn quiet_login() -> Value {
    json!({ "trigger": "post-login", "mode": "silent", "event": postlude_testkit::event("dora", None) })
}

fn now_millis() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// Files and folders, but for what a server makes anew.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        let target = to.join(&name);
        if ["code", "lock", "README.md"].iter().any(|left_out| name == *left_out) {
            continue;
        }
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

#[tokio::test]
#[ignore = "it makes a frozen database, with the program of an earlier build: scripts/freeze-database.sh"]
async fn freeze() {
    let variable = |name: &str| PathBuf::from(std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set")));
    let (program, into) = (variable("POSTLUDE_FREEZE_PROGRAM"), variable("POSTLUDE_FREEZE_INTO"));
    let dir = TempDir::new().unwrap();
    let root = postlude_testkit::new_root_key();
    let face = guests::with_manifest(&guests::component(FACE).unwrap(), FACE_MANIFEST);
    let quiet = guests::with_manifest(&guests::component("").unwrap(), QUIET_MANIFEST);
    let files: [(&str, &[u8]); 5] = [
        ("root.key", root.as_bytes()),
        ("partner.jwks.json", &partner().jwks().into_bytes()),
        ("face.wasm", &face),
        ("quiet.wasm", &quiet),
        ("postlude.toml", &config().into_bytes()),
    ];
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).unwrap();
        fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut postlude = Postlude::over(dir, BASE, partner());
    postlude.start_program(program).await;

    let mut ana = postlude.browser("ana");
    assert_eq!(ana.login().await.outcome(), "redirect");
    let recorded = complete(&postlude, &mut ana, "ana", now_millis() / SECOND).await;
    assert_eq!((recorded.outcome(), &recorded.body["amr"]), ("continue", &json!(["pwd", "mfa"])), "{}", recorded.text);
    let mut ben = postlude.browser("ben");
    let waiting = ben.login().await;
    assert_eq!(waiting.outcome(), "redirect", "{}", waiting.text);
    let bypass =
        json!({ "user_id": "cas", "action": "face", "reason": "phone lost, ticket 7", "valid_for_seconds": 3600 });
    let bypass = postlude.post_as(OPERATOR_KEY, "/v1/admin/bypasses", &bypass).await;
    assert_eq!(bypass.status, 200, "{}", bypass.text);
    let upload = postlude.client.post(format!("{BASE}/v1/admin/plugins")).bearer_auth(OPERATOR_KEY);
    let upload = Answered::of(upload.header("content-type", "application/wasm").body(quiet)).await;
    let digest = upload.text_at("/digest").to_owned();
    let before = postlude.login_as(OTHER_KEY, "txn-quiet", &quiet_login()).await;
    assert_eq!(before.outcome(), "continue", "{}", before.text);
    let kill = json!({ "digest": digest, "reason": "INC-42" });
    let killed = postlude.post_as(OTHER_OPERATOR_KEY, "/v1/admin/kill", &kill).await;
    assert_eq!(killed.status, 200, "{}", killed.text);
    let story = json!({
        "frozen_at": now_millis(), "ana": { "session": ana.session, "login": recorded.body },
        "ben": waiting.body, "cas": bypass.body, "digest": digest, "quiet": before.body,
    });
    postlude.stop().await;
    copy(postlude.dir(), &into);
    fs::write(into.join("story.json"), serde_json::to_string_pretty(&story).unwrap() + "\n").unwrap();
}

/// The server over a copy of the frozen folder, some seconds after it was frozen; and what was done before.
async fn thawed(change: impl FnOnce(&Path)) -> (Postlude, Value) {
    let frozen = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/frozen-0.1");
    let dir = TempDir::new().unwrap();
    copy(&frozen, dir.path());
    change(dir.path());
    let story: Value = serde_json::from_slice(&fs::read(frozen.join("story.json")).unwrap()).unwrap();
    let mut postlude = Postlude::over(dir, BASE, partner());
    postlude.start_at(story["frozen_at"].as_u64().unwrap() + 5 * SECOND).await.unwrap();
    (postlude, story)
}

/// R11.
#[tokio::test]
async fn a_database_of_0_1_opens_and_serves() {
    let (mut postlude, story) = thawed(|_| ()).await;
    let pipeline = postlude.get_as(READER_KEY, "/v1/admin/pipeline").await;
    assert_eq!(pipeline.body["revision"], 1, "the same configuration keeps its revision: {}", pipeline.text);

    // The factor that ana completed counts, so there is no prompt.
    let mut ana = postlude.browser("ana");
    ana.session = story["ana"]["session"].as_str().map(str::to_owned);
    let login = log_in(&postlude, &ana, "ana-1").await;
    assert_eq!((login.outcome(), login.text_at("/actions/0/decision")), ("continue", "skipped"), "{}", login.text);
    assert_eq!(login.body["amr"], json!(["pwd", "mfa"]));

    // Old logins are there: finished, suspended, batched.
    for (key, user, login) in [(READER_KEY, "ana", &story["ana"]["login"]), (READER_KEY, "ben", &story["ben"])] {
        let path = format!("/v1/admin/logins/{}", login["login_id"].as_str().unwrap());
        let stored = postlude.get_as(key, &path).await;
        assert_eq!((stored.status, stored.text_at("/user_id")), (200, user), "{}", stored.text);
    }
    let again = postlude.login_as(OTHER_KEY, "txn-quiet", &quiet_login()).await;
    assert_eq!(again.body, story["quiet"], "a repeated call gets the answer that it got");

    // The kill holds, the bypass and the upload are listed.
    let killed = postlude.login_as(OTHER_KEY, "txn-new", &quiet_login()).await;
    assert_eq!((killed.outcome(), killed.text_at("/code")), ("deny", "plugin_killed"), "{}", killed.text);
    let listed = postlude.post_as(OPERATOR_KEY, "/v1/admin/bypasses/list", &json!({ "user_id": "cas" })).await;
    assert_eq!(listed.body["bypasses"], json!([story["cas"]]), "{}", listed.text);
    let uploads = postlude.get_as(READER_KEY, "/v1/admin/plugins").await;
    assert!(uploads.text.contains(story["digest"].as_str().unwrap()), "{}", uploads.text);
    assert_eq!(log_in(&postlude, &postlude.browser("cas"), "cas-1").await.text_at("/actions/0/decision"), "bypassed");

    // What was written today is there after a restart, beside what was frozen.
    postlude.restart().await;
    let mut ana = postlude.browser("ana");
    ana.session = story["ana"]["session"].as_str().map(str::to_owned);
    assert_eq!(log_in(&postlude, &ana, "ana-2").await.text_at("/actions/0/decision"), "skipped");
    let past = log_in(&postlude, &postlude.browser("cas"), "cas-2").await;
    assert_eq!(past.outcome(), "redirect", "the bypass is used up");
}

/// The login was suspended on a revision that is not in force any more: its stored text is read.
#[tokio::test]
async fn a_login_that_0_1_suspended_finishes_on_its_own_revision() {
    let (postlude, story) = thawed(|dir| {
        let (file, text) = (dir.join("postlude.toml"), config());
        fs::write(file, text.replace("max_age = \"24h\"", "max_age = \"12h\"")).unwrap();
    })
    .await;
    let pipeline = postlude.get_as(READER_KEY, "/v1/admin/pipeline").await;
    assert_eq!(pipeline.body["revision"], 2, "{}", pipeline.text);
    let mut ben = postlude.browser("ben");
    ben.open = Some(Answered { status: 200, body: story["ben"].clone(), text: String::new() });
    let now = story["frozen_at"].as_u64().unwrap() / SECOND;
    let finished = complete(&postlude, &mut ben, "ben", now).await;
    assert_eq!(finished.outcome(), "continue", "{}", finished.text);
    assert_eq!(finished.body["amr"], json!(["pwd", "mfa"]), "{}", finished.text);
    let next = log_in(&postlude, &ben, "ben-1").await;
    assert_eq!(
        next.text_at("/actions/0/decision"),
        "skipped",
        "the factor that was recorded today counts: {}",
        next.text
    );
}
