//! `postlude bench`: what it says of plugins is what their runs say, and what fails is not measured.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests stop at what surprises them")]

use postlude_testkit::{guests, plugin_file};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const SETTINGS: &str = r#"{"domains":["acme.example"]}"#;
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

fn guest(dir: &Path, lines: &str) -> String {
    let file = dir.join("guest.wasm");
    std::fs::write(&file, guests::with_manifest(&guests::component(lines).unwrap(), MANIFEST)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn each_plugin_is_measured_beside_the_reference() {
    let file = plugin_file("email-domain");
    let file = file.to_str().unwrap();
    let measured = json(&["bench", file, file, "--settings", SETTINGS, "--rounds", "3", "--turn", "20", "--json"]);
    let (reference, plugins) = (&measured["reference"], measured["plugins"].as_array().unwrap());
    assert_eq!((&reference["plugin"], plugins.len()), (&"custom-factor".into(), 2), "{measured}");
    assert_eq!(reference["ratio_to_reference"], 1.0);
    let profile = json(&["profile", file, "--settings", SETTINGS, "--json"]);
    for plugin in plugins {
        let number = |name: &str| plugin[name].as_f64().unwrap_or_else(|| panic!("no {name}: {plugin}"));
        assert_eq!((&plugin["fuel"], &plugin["host_calls"]), (&profile["fuel"], &profile["host_calls"]));
        assert_eq!(plugin["file_bytes"].as_u64(), Some(std::fs::metadata(file).unwrap().len()));
        assert!(number("p50_us") > 0.0 && number("p50_us") <= number("p99_us"), "{plugin}");
        assert!(
            number("compile_ms") > 0.0 && number("memory_bytes") > 0.0 && number("ratio_to_reference") > 0.0,
            "{plugin}"
        );
        // A run of the median's length, over and over, is not faster than the rate of all of them by much.
        assert!(number("runs_per_second") * number("p50_us") < 2e6, "{plugin}");
    }
    assert_eq!(measured["debug_build"], cfg!(debug_assertions));
}

#[test]
fn a_table_has_a_row_for_each_plugin_and_a_note_on_debug_builds() {
    let file = plugin_file("email-domain");
    let output = postlude(&["bench", file.to_str().unwrap(), "--settings", SETTINGS, "--rounds", "1", "--turn", "10"]);
    let (table, notes) = (text(&output.stdout), text(&output.stderr));
    let lines: Vec<_> = table.lines().collect();
    assert!(lines.len() == 4 && lines.iter().take(1).all(|line| line.trim().starts_with("run p50")), "{table}");
    assert!(table.contains("custom-factor 0.1.0 (reference)") && table.contains("email-domain 0.1.0 ("), "{table}");
    assert!(notes.contains("measuring 2 plugins in turn"), "{notes}");
    assert_eq!(notes.contains("built for debugging"), cfg!(debug_assertions), "{notes}");
}

#[test]
fn what_does_not_decide_is_not_measured() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |lines: &str, expected: &str| {
        let output = postlude(&["bench", &guest(dir.path(), lines)]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
        assert!(text(&output.stderr).contains(expected), "{output:?}");
    };
    refused(
        r#"(func (export "on-login") (result i32) (loop $l (br $l)) (unreachable))"#,
        "was stopped: action `guest`: fuel spent",
    );
    refused(
        r#"(func (export "on-login") (result i32) (call $fail «not today»))"#,
        "failed, and a failure is not measured: not today",
    );
    let absent = postlude(&["bench", "absent.wasm"]);
    assert!(text(&absent.stderr).contains("`absent.wasm` cannot be read"), "{absent:?}");
    assert_eq!(postlude(&["bench"]).status.code(), Some(2));
    assert_eq!(postlude(&["bench", "a.wasm", "--rounds", "0"]).status.code(), Some(2));
}
