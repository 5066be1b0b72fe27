//! `postlude profile`: the same fuel as the run that it profiles, and pictures that hold what the numbers say.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests stop at what surprises them")]

use postlude_testkit::{guests, plugin_file};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const SETTINGS: &str =
    r#"{"prompt_url":"http://localhost/p","factor":"https://acme.example/face","profile":"postlude"}"#;
const MANIFEST: &str = r#"{ "name": "guest", "version": "0.1.0", "publisher": "acme.example", "abi": "0.1.0", "result": "none", "capabilities": {} }"#;

fn postlude(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postlude"));
    command.args(args).env("NO_COLOR", "1").env("COLUMNS", "100").env_remove("RUST_BACKTRACE");
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json(args: &[&str]) -> Value {
    let output = postlude(args);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|why| panic!("{why}: {output:?}"))
}

/// A guest of these lines, as a file.
fn guest(dir: &Path, lines: &str) -> String {
    let file = dir.join("guest.wasm");
    std::fs::write(&file, guests::with_manifest(&guests::component(lines).unwrap(), MANIFEST)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_profile_has_the_fuel_of_the_run_and_every_unit_of_it() {
    let plugin = plugin_file("custom-factor");
    let plugin = plugin.to_str().unwrap();
    let event = json(&["run", "--print-event"]).to_string();
    let input =
        [plugin, "--event", &event, "--settings", SETTINGS, "--reply", r#"{"verdict":"ok"}"#, "--now", "1767225600000"];
    let run = json(&[&["run"], &input[..], &["--json"]].concat());
    let run = &run["steps"][1]["runs"][0];
    let profile = json(&[&["profile"], &input[..], &["--json"]].concat());
    assert_eq!(profile["fuel"], run["fuel"]);
    assert_eq!((&profile["ending"], &profile["phase"]), (&"continue".into(), &"on-continue".into()));
    let names: Vec<_> =
        profile["functions"].as_array().unwrap().iter().map(|function| function["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"host: session.record-factor"), "{names:?}");
    assert!(names.contains(&"<custom_factor::CustomFactor as postlude_sdk::action::Action>::on_continue"), "{names:?}");
    let folded = postlude(&[&["profile"], &input[..], &["--folded"]].concat());
    let fuel = |line: &str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
    let sum: u64 = text(&folded.stdout).lines().map(fuel).sum();
    assert_eq!(Some(sum), run["fuel"].as_u64());
}

#[test]
fn the_flame_graph_is_one_file_that_holds_the_host_functions() {
    let dir = tempfile::tempdir().unwrap();
    let (plugin, out) = (plugin_file("custom-factor"), dir.path().join("flame.svg"));
    let args =
        ["profile", plugin.to_str().unwrap(), "--settings", SETTINGS, "--out", out.to_str().unwrap(), "--top", "3"];
    let output = postlude(&args);
    let table = text(&output.stdout);
    assert!(output.status.success() && table.contains("more; `--top` shows them"), "{output:?}");
    assert_eq!(table.lines().skip(3).filter(|line| line.contains('.')).count(), 4, "three rows and the rest: {table}");
    let svg = std::fs::read_to_string(&out).unwrap();
    assert!(svg.starts_with("<?xml") && svg.trim_end().ends_with("</svg>"), "{svg}");
    assert!(svg.contains("custom-factor 0.1.0: fuel of on-login") && svg.contains("host: login.settings ("), "{svg}");
    let again = std::fs::read_to_string(&out).unwrap();
    assert!(postlude(&args).status.success());
    assert_eq!(svg, again, "the same profile gives the same file");
    assert!(
        !["http://", "https://"].iter().any(|scheme| svg.contains(&format!("href=\"{scheme}"))),
        "it loads nothing"
    );
}

#[test]
fn a_run_that_spends_its_fuel_is_profiled_and_a_hostile_name_is_text() {
    let dir = tempfile::tempdir().unwrap();
    let lines = r#"(func $"<script>alert(1)</script>" (loop $again (br $again)))
        (func (export "on-login") (result i32) (call $"<script>alert(1)</script>") (call $continue))"#;
    let (file, out) = (guest(dir.path(), lines), dir.path().join("flame.svg"));
    let output = postlude(&["profile", &file, "--fuel", "100000", "--out", out.to_str().unwrap()]);
    let table = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(table.contains("stopped: action `guest`: fuel spent (100,000)"), "{table}");
    let svg = std::fs::read_to_string(&out).unwrap();
    assert!(svg.contains("&lt;script&gt;alert(1)") && !svg.contains("<script>alert"), "{svg}");
}

#[test]
fn a_plugin_without_names_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let file = guest(
        dir.path(),
        r#"(func (export "on-login") (result i32) (local $n i32) (local.set $n (i32.const 9)) (loop $again (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (call $continue))"#,
    );
    let output = postlude(&["profile", &file]);
    assert!(output.status.success() && text(&output.stderr).contains("functions without a name"), "{output:?}");
}

#[test]
fn what_cannot_be_profiled_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let absent = postlude(&["profile", "absent.wasm"]);
    assert_eq!(absent.status.code(), Some(1));
    assert!(text(&absent.stderr).contains("`absent.wasm` cannot be read"), "{absent:?}");
    let plugin = plugin_file("custom-factor");
    let forgotten = postlude(&["profile", plugin.to_str().unwrap()]);
    assert!(text(&forgotten.stderr).contains("the plugin requires `prompt_url`"), "{forgotten:?}");
    let file = guest(dir.path(), "");
    let nowhere = postlude(&["profile", &file, "--out", "/nonexistent/flame.svg"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(text(&nowhere.stderr).contains("`/nonexistent/flame.svg` was not written"), "{nowhere:?}");
}
