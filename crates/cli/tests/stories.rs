//! `postlude test` as a plugin's author meets it, word for word: what passes, what fails and why, and what is wrong with a story.
#![expect(clippy::unwrap_used, reason = "tests stop at what surprises them")]

use postlude_testkit::{guests, plugin_file};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The plugins of this repository, each with its stories.
const PLUGINS: [&str; 6] = ["custom-factor", "email-domain", "enrich-claims", "new-device", "oidc-factor", "terms"];

const FACE: &str = r#"[settings]
prompt_url = "https://prompt.acme.example/check"
factor = "https://acme.example/face"
profile = "postlude"
"#;

fn test(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postlude"));
    command.arg("test").args(args).current_dir(dir).env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
    command.output().unwrap()
}

/// What was printed, without what differs from run to run: durations, and the fuel of a build.
fn printed(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (code, out, err) = (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr));
    let all = format!("exit {code}\n--- stdout\n{out}--- stderr\n{err}");
    let timeless = regex(&all, r" in \d+\.\d s", " in N s");
    let timeless = regex(&timeless, r#"time="[0-9.]+""#, r#"time="N""#);
    let timeless = regex(&timeless, r#""duration_us": \d+"#, r#""duration_us": 0"#);
    regex(&timeless, r"wasm-function\[\d+\]|<wasm function \d+>", "<wasm function>")
}

fn regex(text: &str, pattern: &str, with: &str) -> String {
    regex::Regex::new(pattern).unwrap().replace_all(text, with).into_owned()
}

/// A folder with `face.wasm` and a file of stories.
fn face(stories: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("stories")).unwrap();
    fs::copy(plugin_file("custom-factor"), dir.path().join("face.wasm")).unwrap();
    fs::write(dir.path().join("stories/face.toml"), format!("{FACE}{stories}")).unwrap();
    dir
}

fn guest(text: &str, manifest: &str, stories: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("stories")).unwrap();
    let component = guests::component(text).unwrap();
    fs::write(dir.path().join("guest.wasm"), guests::with_manifest(&component, manifest)).unwrap();
    fs::write(dir.path().join("stories/guest.toml"), stories).unwrap();
    dir
}

const MANIFEST: &str = r#"{ "name": "guest", "version": "1.0.0", "publisher": "acme.example", "abi": "0.1.0" }"#;

const GOOD: &str = r#"
[[story]]
name = "the prompt comes once a day"
[[story.step]]
login = {}
expect.outcome = "redirect"
[[story.step]]
prompt = "ok"
expect = { outcome = "continue", amr = ["pwd", "mfa"] }
[[story.step]]
wait = "25h"
[[story.step]]
login = {}
expect.outcome = "redirect"

[[story]]
name = "not written yet"
skip = "waits for the new prompt site"
[[story.step]]
login = {}
"#;

const BAD: &str = r#"
[[story]]
name = "a refusal is no consent"
[[story.step]]
login = {}
[[story.step]]
prompt = "refused"
expect = { outcome = "continue", deny = { absent = true } }

[[story]]
name = "settings that do not fit"
settings = { profile = "other" }
[[story.step]]
login = {}
"#;

#[test]
fn stories_pass_and_the_stock_ones_with_them() {
    let dir = face(GOOD);
    insta::assert_snapshot!("stories-pass", printed(&test(dir.path(), &["face.wasm"])));
    insta::assert_snapshot!("stories-list", printed(&test(dir.path(), &["face.wasm", "--list"])));
    let none = test(dir.path(), &["face.wasm", "--filter", "no such story"]);
    assert_eq!(none.status.code(), Some(1));
}

#[test]
fn a_failure_says_what_was_expected_and_what_was_found() {
    let dir = face(BAD);
    insta::assert_snapshot!("stories-fail", printed(&test(dir.path(), &["face.wasm", "--no-stock"])));
    for reporter in ["tap", "junit"] {
        let output = test(dir.path(), &["face.wasm", "--no-stock", "--reporter", reporter]);
        insta::assert_snapshot!(format!("stories-fail-{reporter}"), printed(&output));
    }
    let output = test(dir.path(), &["face.wasm", "--no-stock", "--reporter", "json", "--output", "report.json"]);
    assert_eq!(output.status.code(), Some(2), "a story that cannot be played is a mistake");
    let report: Value = serde_json::from_slice(&fs::read(dir.path().join("report.json")).unwrap()).unwrap();
    assert_eq!((&report["failed"], &report["refused"]), (&1.into(), &1.into()));
    let failure = &report["stories"][0]["failures"][0];
    assert_eq!((&failure["step"], &failure["line"]), (&2.into(), &10.into()));
    assert_eq!(failure["answer"]["deny"]["code"], "factor_refused");
    assert_eq!(test(dir.path(), &["face.wasm", "--no-stock", "--filter", "consent"]).status.code(), Some(1));
}

#[test]
fn every_mistake_of_a_file_has_its_line_and_a_remedy() {
    let dir = face(
        r#"
[[story]]
name = "a"
[[story.step]]
logn = {}
[[story]]
name = "a"
setings = {}
[[story.step]]
prompt = "tamperd"
expect.outcom = "deny"
[[story.step]]
login = {}
wait = "5 hours"
expect = { outcome = "continu", log = { matches = "(" } }
[[story.step]]
login = {}
mode = "loud"
http = [{ request = { uri = "x" }, answer = { status = 7 } }, { request = {}, fail = "slow" }]
[[story.step]]
wait = "1h"
expect.outcome = "deny"
"#,
    );
    insta::assert_snapshot!("stories-broken", printed(&test(dir.path(), &["face.wasm"])));
    insta::assert_snapshot!("stories-wrong-path", printed(&test(dir.path(), &["nowhere"])));
}

#[test]
fn a_trap_fails_a_story_with_the_log_and_the_stack() {
    let trapping = r#"(func (export "on-login") (result i32) (call $say «before it goes wrong») (call $inner))
      (func $inner (result i32) unreachable)"#;
    let dir = guest(trapping, MANIFEST, "[[story]]\nname = \"a login\"\n[[story.step]]\nlogin = {}\n");
    let output = printed(&test(dir.path(), &["guest.wasm", "--no-stock"]));
    insta::assert_snapshot!("stories-trap", output);
    let looping = r#"(func (export "on-login") (result i32) (loop (br 0)) (call $continue))"#;
    let stories = "[[story]]\nname = \"a loop ends\"\n[[story.step]]\nlogin = {}\nexpect = { outcome = \"deny\", trap = { contains = \"fuel spent\" } }\n";
    let dir = guest(looping, MANIFEST, stories);
    assert_eq!(test(dir.path(), &["guest.wasm", "--no-stock"]).status.code(), Some(0), "a trap may be expected");
}

#[test]
fn made_up_logins_find_a_trap_and_make_it_small() {
    // The guest traps when the request has no address: what it read begins with the case of an option.
    let text = r#"(func (export "on-login") (result i32) (call $event.get «/request/ip» (global.get $out))
      (if (i32.eqz (i32.load8_u offset=4 (global.get $out))) (then unreachable)) (call $continue))"#;
    let manifest = r#"{ "name": "guest", "version": "1.0.0", "publisher": "acme.example", "abi": "0.1.0",
      "capabilities": { "event": ["/request/ip"] } }"#;
    let dir = guest(text, manifest, "[[story]]\nname = \"a login\"\n[[story.step]]\nlogin = {}\n");
    let output = test(dir.path(), &["guest.wasm", "--fuzz", "200", "--seed", "1"]);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("login = { request = { ip = { absent = true } } }"), "the smallest login: {text}");
    assert!(text.contains("unreachable"), "{text}");
    let again = test(dir.path(), &["guest.wasm", "--fuzz", "200", "--seed", "1"]);
    assert_eq!(again.stdout, output.stdout, "the same seed makes the same logins up");
}

/// The stock stories are there to fail: this plugin takes whatever comes back for consent.
#[test]
fn a_plugin_that_believes_every_reply_is_caught() {
    let text = r#"(func (export "on-login") (result i32)
      (call $redirect-for «https://prompt.acme.example/check» «https://acme.example/face»))"#;
    let manifest = r#"{ "name": "guest", "version": "1.0.0", "publisher": "acme.example", "abi": "0.1.0",
      "factors": [{ "name": "https://acme.example/face" }],
      "result": { "parameter": "token", "key": "partner", "profile": "postlude" },
      "capabilities": { "redirect_origins": ["https://prompt.acme.example"] } }"#;
    let dir = guest(text, manifest, "[[story]]\nname = \"a login\"\n[[story.step]]\nlogin = {}\n");
    insta::assert_snapshot!(
        "stories-gullible",
        printed(&test(dir.path(), &["guest.wasm", "--filter", "proves nothing"]))
    );
}

#[test]
fn a_request_that_no_story_expects_is_shown_to_be_pasted() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("stories")).unwrap();
    fs::copy(plugin_file("oidc-factor"), dir.path().join("oidc.wasm")).unwrap();
    let stories = r#"[settings]
factor = "https://acme.example/partner"
issuer = "https://login.partner.example"
client_id = "acme"
client_auth = { method = "none" }
match = { claim = "sub", pointer = "/user/user_id" }
[[story]]
name = "a login"
[[story.step]]
login = {}
[[story.step.http]]
request = { method = "GET", url = "https://login.partner.example/other" }
fail = "timeout"
"#;
    fs::write(dir.path().join("stories/oidc.toml"), stories).unwrap();
    insta::assert_snapshot!("stories-request", printed(&test(dir.path(), &["oidc.wasm", "--no-stock"])));
}

#[test]
fn stored_answers_are_compared_until_they_are_accepted() {
    let dir = face(
        "[[story]]\nname = \"A refusal\"\n[[story.step]]\nlogin = {}\n[[story.step]]\nprompt = \"refused\"\nsnapshot = true\n",
    );
    let run = |args: &[&str]| test(dir.path(), &[&["face.wasm", "--no-stock"], args].concat());
    assert_eq!(run(&[]).status.code(), Some(1), "nothing is stored");
    assert_eq!(run(&["--accept"]).status.code(), Some(0));
    let file = dir.path().join("stories/snapshots/face.a-refusal.2.json");
    let stored = fs::read_to_string(&file).unwrap();
    assert!(stored.contains("\"login_id\": \"[login_id]\""), "{stored}");
    assert_eq!(run(&[]).status.code(), Some(0));
    fs::write(&file, stored.replace("factor_refused", "another_code")).unwrap();
    insta::assert_snapshot!("stories-snapshot", printed(&run(&[])));
    let review = run(&["--review"]);
    assert!(String::from_utf8_lossy(&review.stderr).contains("--accept"), "there is no terminal to ask at");
}

#[test]
fn the_stories_of_every_plugin_pass() {
    for name in PLUGINS {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins").join(name);
        let (file, stories): (PathBuf, PathBuf) = (plugin_file(name), project.join("stories"));
        let output = test(&project, &[file.to_str().unwrap(), "--stories", stories.to_str().unwrap()]);
        assert!(output.status.success(), "{name}: {}", printed(&output));
    }
}

/// A file beside the plugin names other plugins by their path.
#[test]
fn several_plugins_make_a_pipeline() {
    let dir = face("");
    fs::copy(plugin_file("email-domain"), dir.path().join("domain.wasm")).unwrap();
    let stories = r#"
[[plugin]]
path = "../domain.wasm"
name = "staff-only"
settings = { domains = ["acme.example"] }
[[plugin]]
settings = { claim = "https://acme.example/face_at" }

[[story]]
name = "the second action is reached by staff alone"
[[story.step]]
login = {}
expect = { outcome = "redirect", actions = [{ name = "staff-only", decision = "continue" }, { name = "custom-factor", decision = "redirect" }] }
[[story.step]]
prompt = "ok"
expect.id_token = { length = 1 }
[[story.step]]
login = { user = { email = "eve@other.example" } }
browser = "another"
expect = { outcome = "deny", deny = { action = "staff-only" } }
"#;
    fs::write(dir.path().join("stories/face.toml"), format!("{FACE}{stories}")).unwrap();
    let output = test(dir.path(), &["face.wasm"]);
    assert!(output.status.success(), "{}", printed(&output));
}

#[test]
fn a_story_names_the_plugins_that_are_in_the_program() {
    let dir = tempfile::tempdir().unwrap();
    let story = |plugin: &str| {
        format!(
            "[[plugin]]\npath = \"demo:{plugin}\"\nsettings = {{ domains = [\"acme.example\"] }}\n[[story]]\nname = \"eve is not of the company\"\n\
             [[story.step]]\nlogin = {{ user = {{ email = \"eve@other.example\" }} }}\nexpect.outcome = \"deny\"\n"
        )
    };
    fs::write(dir.path().join("good.toml"), story("email-domain")).unwrap();
    let good = printed(&test(dir.path(), &["good.toml", "--no-stock"]));
    assert!(good.starts_with("exit 0") && good.contains("ok   eve is not of the company"), "{good}");
    fs::write(dir.path().join("bad.toml"), story("email-domian")).unwrap();
    let bad = printed(&test(dir.path(), &["bad.toml"]));
    let why = "`demo:email-domian` is no plugin of this program; it has `demo:custom-factor`, `demo:email-domain`";
    assert!(bad.starts_with("exit 1") && bad.contains(why), "{bad}");
}
