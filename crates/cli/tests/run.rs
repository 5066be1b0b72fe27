//! `postlude run` as a plugin's author meets it: what a login shows, and each mistake with its cause and its remedy, word for word.
#![expect(clippy::unwrap_used, reason = "tests stop at what surprises them")]

use postlude_testkit::{guests, plugin_file};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const FACE: &str = r#"{"prompt_url":"http://localhost/p","factor":"https://acme.example/face","profile":"postlude"}"#;

/// The time of every login here: what is shown must not change from run to run.
const NOW: &str = "1790000000000";

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postlude"));
    command.arg("run").args(args).current_dir(dir).env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
    command
}

fn run(dir: &Path, args: &[&str]) -> Output {
    command(dir, args).output().unwrap()
}

/// What was printed, without what differs from machine to machine: digests of built plugins, handles of the login, durations.
fn printed(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (code, out, err) = (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr));
    let all = format!("exit {code}\n--- stdout\n{out}--- stderr\n{err}");
    let line = |line: &str| match line {
        line if line.starts_with("sha256:") => "sha256:..".to_owned(),
        line if line.trim_start().starts_with("usage") => {
            format!("{} us", line.rsplit_once("· ").map_or(line, |(before, _)| before).trim_end())
        }
        line => ["= \"v1.", "= v1."].iter().fold(line.to_owned(), |line, handle| match line.split_once(handle) {
            Some((before, _)) => format!("{before}{handle}.."),
            None => line,
        }),
    };
    all.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

/// A folder with a guest as `guest.wasm`.
fn guest(text: &str, manifest: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let component = guests::component(text).unwrap();
    fs::write(dir.path().join("guest.wasm"), guests::with_manifest(&component, manifest)).unwrap();
    dir
}

fn on_login(body: &str) -> String {
    format!("(func (export \"on-login\") (result i32) {body})")
}

fn golden(name: &str, dir: &TempDir, args: &[&str]) {
    insta::assert_snapshot!(name, printed(&run(dir.path(), &[&["guest.wasm", "--now", NOW], args].concat())));
}

#[test]
fn a_factor_is_asked_for_and_recorded() {
    let (dir, file) = (tempfile::tempdir().unwrap(), plugin_file("custom-factor"));
    let file = file.to_str().unwrap();
    let shown = |more: &[&str]| printed(&run(dir.path(), &[&[file, "--settings", FACE, "--now", NOW], more].concat()));
    // Fuel and memory are those of the build: the golden has none.
    let without_usage =
        |text: String| text.lines().filter(|line| !line.contains("usage  ")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("run-prompt-ok", without_usage(shown(&["--prompt", "ok"])));
    insta::assert_snapshot!("run-prompt-refused", without_usage(shown(&["--prompt", "refused"])));
    insta::assert_snapshot!("run-silent", without_usage(shown(&["--mode", "silent"])));
    assert_eq!(shown(&["--prompt", "ok"]), shown(&["--prompt", "ok"]), "the same input gives the same login");
    for attack in ["missing", "tampered", "expired", "other-user", "other-factor", "reflected", "wrong-key", "unsigned"]
    {
        let json = run(dir.path(), &[file, "--settings", FACE, "--prompt", attack, "--json"]);
        let json: Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_ne!(json["steps"][1]["outcome"], "continue", "{attack}: {json}");
    }
}

#[test]
fn scripts_read_json() {
    let (dir, file) = (tempfile::tempdir().unwrap(), plugin_file("custom-factor"));
    let output =
        run(dir.path(), &[file.to_str().unwrap(), "--settings", FACE, "--reply", r#"{"verdict":"ok"}"#, "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &json["steps"][0]["outcome"]), (Some(0), &"redirect".into()), "{json}");
    assert_eq!(json["steps"][0]["redirect"]["url"], "http://localhost/p");
    assert_eq!(json["steps"][0]["redirect"]["token"]["sub"], "ana");
    assert_eq!(json["steps"][0]["token_header"]["alg"], "EdDSA");
    assert_eq!(json["steps"][1]["factors"][0], "https://acme.example/face");
    assert_eq!(json["steps"][1]["runs"][0]["commands"][0]["command"], "record_factor");
    assert!(
        json["steps"][1]["fuel"].as_u64() > Some(0) && json["steps"][1]["memory_bytes"].as_u64() > Some(0),
        "{json}"
    );
}

#[test]
fn an_event_comes_from_a_file_from_the_argument_or_from_standard_input() {
    let (dir, file) = (tempfile::tempdir().unwrap(), plugin_file("email-domain"));
    let settings = r#"{"domains":["acme.example"]}"#;
    let sample = run(dir.path(), &["--print-event"]).stdout;
    let event: Value = serde_json::from_slice(&sample).unwrap();
    assert_eq!(event["user"]["user_id"], "ana");
    let outcome = |output: &Output| {
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        json["steps"][0]["outcome"].as_str().unwrap().to_owned()
    };
    let args = |event: &str| -> Vec<String> {
        [file.to_str().unwrap(), "--settings", settings, "--json", "--event", event].map(str::to_owned).into()
    };
    let with = |event: &str| run(dir.path(), &args(event).iter().map(String::as_str).collect::<Vec<_>>());
    fs::write(dir.path().join("event.json"), &sample).unwrap();
    assert_eq!(outcome(&with("event.json")), "continue");
    let other = String::from_utf8(sample).unwrap().replace("ana@acme.example", "ana@evil.example");
    assert_eq!(outcome(&with(&other)), "deny");
    let args = args("-");
    let mut child = command(dir.path(), &args.iter().map(String::as_str).collect::<Vec<_>>());
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(other.as_bytes()).unwrap();
    assert_eq!(outcome(&child.wait_with_output().unwrap()), "deny");
}

/// What a file can have that no server loads.
#[test]
fn files_that_no_server_loads() {
    let dir = tempfile::tempdir().unwrap();
    let other = r#"(component (import "other:world/tools@1.0.0" (instance (export "f" (func)))))"#;
    for (name, text) in [("other-world", other), ("no-exports", "(component)")] {
        let component = guests::binary(text).unwrap();
        fs::write(dir.path().join("guest.wasm"), guests::with_manifest(&component, guests::MANIFEST)).unwrap();
        golden(&format!("run-{name}"), &dir, &[]);
    }
    let undeclared =
        on_login("(call $claims.set-id-token «https://acme.example/x» «1» (global.get $out)) (call $continue)");
    let modest = r#"{"name":"guest","version":"1","publisher":"acme.example","abi":"0.1.0"}"#;
    golden("run-undeclared-import", &guest(&undeclared, modest), &[]);
    let misspelt = modest.replace("\"publisher\"", "\"publsher\"");
    golden("run-bad-manifest", &guest("", &misspelt), &[]);
}

/// `check`, and so `serve`, name the import, what the manifest lacks and the line to add, at the plugin's place in the configuration.
#[test]
fn a_configuration_with_a_plugin_that_calls_what_it_does_not_declare() {
    let undeclared = on_login("(call $claims.add-scope «read» (global.get $out)) (call $continue)");
    let dir = guest(&undeclared, r#"{"name":"custom-factor","version":"1","publisher":"acme.example","abi":"0.1.0"}"#);
    config(dir.path(), &dir.path().join("guest.wasm"), "");
    let mut command = Command::new(env!("CARGO_BIN_EXE_postlude"));
    let output = command.arg("check").current_dir(dir.path()).env("NO_COLOR", "1").output().unwrap();
    let shown = printed(&output);
    let remedy = r#"the plugin calls `claims.add-scope`, but its manifest does not ask for a scope: add `"scopes": ["read:profile"]` to `capabilities` in manifest.json"#;
    assert!(shown.contains("postlude.toml:10") && shown.contains(remedy), "{shown}");
}

#[test]
fn a_handler_that_panics_shows_its_message_and_the_authors_frames() {
    let text = format!(
        "(func $face::check (call $core::panicking::panic_fmt))
         (func $core::panicking::panic_fmt (call $log.panic «panicked at src/lib.rs:12:9: index out of bounds»))
         {}",
        on_login("(call $face::check) (call $continue)")
    );
    let dir = guest(&text, guests::MANIFEST);
    golden("run-panic", &dir, &[]);
    let all = printed(&run(dir.path(), &["guest.wasm", "--all-frames"]));
    assert!(all.contains("core::panicking::panic_fmt"), "{all}");
}

#[test]
fn an_endless_loop_is_stopped_by_its_fuel() {
    golden(
        "run-endless-loop",
        &guest(&on_login("(loop (br 0)) (unreachable)"), guests::MANIFEST),
        &["--fuel", "1000000"],
    );
}

#[test]
fn what_the_server_denies_is_refused_here() {
    let redirect = |url: &str, factor: &str| {
        guest(&on_login(&format!("(call $redirect-for «{url}» «{factor}»)")), guests::MANIFEST)
    };
    golden("run-undeclared-factor", &redirect("https://prompt.example/p", "https://acme.example/fase"), &[]);
    golden("run-undeclared-origin", &redirect("https://evil.example/p", "https://acme.example/face"), &[]);
    let silent = redirect("https://prompt.example/p", "https://acme.example/face");
    golden("run-silent-redirect", &silent, &["--mode", "silent"]);
    golden("run-no-user", &guest("", guests::MANIFEST), &["--event", r#"{"client":{"client_id":"shop"}}"#]);
    golden("run-no-redirect", &guest("", guests::MANIFEST), &["--prompt", "ok"]);
    // The prompt comes back, and another factor than the declared one is recorded.
    let record = r#"(func (export "on-continue") (result i32) (call $session.record-factor «https://acme.example/fase»
        (i32.const 0) (i32.const 0) (i32.const 0) (global.get $out)) (call $outcome (global.get $out)) (call $continue))"#;
    let text = on_login("(call $redirect-for «https://prompt.example/p» «https://acme.example/face»)") + record;
    let result = r#"{ "parameter": "token", "key": "partner", "profile": "postlude" }"#;
    let external = guests::MANIFEST.replace(result, "\"external\"");
    let recorded = printed(&run(guest(&text, &external).path(), &["guest.wasm", "--prompt", "{}"]));
    let both = "the plugin records `https://acme.example/fase`, but its manifest declares `https://acme.example/face`";
    assert!(recorded.contains(both), "{recorded}");
}

#[test]
fn settings_are_checked_against_the_schema() {
    let (dir, file) = (tempfile::tempdir().unwrap(), plugin_file("custom-factor"));
    let shown = |more: &[&str]| printed(&run(dir.path(), &[&[file.to_str().unwrap()], more].concat()));
    insta::assert_snapshot!("run-settings-forgotten", shown(&[]));
    insta::assert_snapshot!(
        "run-settings-wrong",
        shown(&["--settings", r#"{"prompt_url":1,"factor":"f","profile":"none","x":1}"#])
    );
}

#[test]
fn a_request_that_nobody_expected_is_shown_as_the_pair_to_add() {
    let send = "(call $http.send «GET» «https://api.example/v1» (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 0) (global.get $out)) (call $say-at (global.get $out)) (call $continue)";
    let dir =
        guest(&on_login(&send.replace("(call $say-at (global.get $out))", "(call $say «asked»)")), guests::MANIFEST);
    let shown = printed(&run(dir.path(), &["guest.wasm"]));
    let pair = r#"add {"answer":{"body":{},"status":200},"request":{"method":"GET","url":"https://api.example/v1"}} to `--http`"#;
    assert!(shown.contains(pair), "{shown}");
    let answered = r#"[{"request":{"url":"https://api.example/v1"},"answer":{"status":204}}]"#;
    let shown = printed(&run(dir.path(), &["guest.wasm", "--http", answered]));
    assert!(!shown.contains("--http"), "{shown}");
}

/// A configuration with the action `face`, and one that is in the way.
fn config(dir: &Path, plugin: &Path, more: &str) -> PathBuf {
    let key = Command::new(env!("CARGO_BIN_EXE_postlude")).args(["keys", "new", "root"]).output().unwrap().stdout;
    fs::write(dir.join("root.key"), key).unwrap();
    let text = format!(
        r#"[server]
root_key = {{ file = "root.key" }}
development = true
[tenants.acme]
issuer = "http://localhost:8480/acme"
return_urls = ["http://localhost:3000/interaction/"]
[tenants.acme.keys.idp]
role = "idp"
sha256 = "{hash}"
[tenants.acme.plugins.custom-factor]
path = "{plugin}"
[tenants.acme.plugins.absent]
path = "absent.wasm"
[[tenants.acme.pipeline]]
name = "first"
plugin = "absent"
[[tenants.acme.pipeline]]
name = "face"
plugin = "custom-factor"
settings = {{ prompt_url = "http://localhost:4000/prompt", factor = "https://acme.example/face", profile = "auth0" }}
[tenants.acme.pipeline.grants]
redirect_origins = ["http://localhost:4000"]
[tenants.acme.pipeline.keys.partner]
issuer = "http://localhost:4000"
alg = "HS256"
secret = {{ file = "partner.secret" }}
[[tenants.acme.pipeline.factors]]
name = "https://acme.example/face"
max_age = "1h"
amr = ["mfa"]
{more}"#,
        hash = "ab".repeat(32),
        plugin = plugin.display(),
    );
    fs::write(dir.join("postlude.toml"), text).unwrap();
    dir.join("postlude.toml")
}

#[test]
fn grants_settings_and_policy_come_from_a_configuration() {
    let (dir, plugin) = (tempfile::tempdir().unwrap(), plugin_file("custom-factor"));
    let file = plugin.to_str().unwrap();
    config(dir.path(), &plugin, "");
    fs::write(dir.path().join("partner.secret"), "0123456789abcdef0123456789abcdef").unwrap();
    let output = run(dir.path(), &[file, "--config", "postlude.toml", "--prompt", "ok"]);
    let shown = printed(&output);
    assert!(output.status.success() && shown.contains("http://localhost:4000/prompt"), "{shown}");
    assert!(shown.contains("record factor"), "{shown}");
    // A secret that is too short for its algorithm.
    fs::write(dir.path().join("partner.secret"), "short").unwrap();
    insta::assert_snapshot!("run-short-secret", printed(&run(dir.path(), &[file, "--config", "postlude.toml"])));
    let no_such = printed(&run(dir.path(), &[file, "--config", "postlude.toml", "--action", "voice"]));
    assert!(
        no_such.contains("has no action with the name `voice`; name one of its actions with `--action`"),
        "{no_such}"
    );
    // What the operator did not grant is not granted here.
    let text = fs::read_to_string(dir.path().join("postlude.toml")).unwrap();
    fs::write(dir.path().join("postlude.toml"), text.replace("redirect_origins = [\"http://localhost:4000\"]", ""))
        .unwrap();
    fs::write(dir.path().join("partner.secret"), "0123456789abcdef0123456789abcdef").unwrap();
    insta::assert_snapshot!("run-not-granted", printed(&run(dir.path(), &[file, "--config", "postlude.toml"])));
}
