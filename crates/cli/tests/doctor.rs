//! `postlude doctor`: what is needed and missing has a command that mends it, and what nobody asks for is no mistake.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests stop at what surprises them")]

use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postlude"));
    command.args(args).current_dir(dir).env("NO_COLOR", "1").env("COLUMNS", "100").env_remove("RUST_BACKTRACE");
    for name in ["POSTLUDE_CONFIG", "CARGO", "CC", "RUSTC"] {
        command.env_remove(name);
    }
    command
}

fn postlude(dir: &Path, args: &[&str]) -> Output {
    command(dir, args).output().unwrap()
}

/// On a machine on which no program is found.
fn without_tools(dir: &Path, args: &[&str]) -> Output {
    command(dir, args).env("PATH", "/nonexistent").output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|why| panic!("{why}: {output:?}"))
}

fn finding<'a>(doctor: &'a Value, name: &str) -> &'a Value {
    let findings = doctor["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["name"] == name).unwrap_or_else(|| panic!("no `{name}` in {doctor:#}"))
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn tools_that_nobody_asks_for_are_no_mistake() {
    let dir = tempfile::tempdir().unwrap();
    let doctor = without_tools(dir.path(), &["doctor", "--json"]);
    let found = json(&doctor);
    assert_eq!((doctor.status.code(), &found["ok"]), (Some(0), &true.into()), "{found:#}");
    assert_eq!(finding(&found, "go")["status"], "not_needed");
    assert_eq!(finding(&found, "sandbox")["status"], "ok");
    assert_eq!(finding(&found, "postlude.toml")["status"], "not_needed");
}

#[test]
fn tools_of_a_language_that_is_asked_for_are_missing_and_have_a_command() {
    let dir = tempfile::tempdir().unwrap();
    let doctor = without_tools(dir.path(), &["doctor", "--for", "go,c", "--json"]);
    let found = json(&doctor);
    assert_eq!((doctor.status.code(), &found["ok"]), (Some(1), &false.into()), "{found:#}");
    for name in ["go", "clang", "wasm-ld"] {
        let finding = finding(&found, name);
        assert_eq!(finding["status"], "missing", "{finding}");
        assert!(!finding["remedy"].as_str().unwrap().is_empty(), "{finding}");
    }
    assert_eq!(finding(&found, "npm")["status"], "not_needed");
    let text = String::from_utf8(without_tools(dir.path(), &["doctor", "--for", "go"]).stdout).unwrap();
    assert!(text.contains("  missing go ") && text.ends_with("\n1 thing is missing\n"), "{text}");
    assert_eq!(postlude(dir.path(), &["doctor", "--for", "cobol"]).status.code(), Some(2));
}

#[test]
fn in_a_plugins_folder_the_tools_of_its_language_are_needed() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("go.mod"), "module example.com/plugin\n").unwrap();
    let manifest =
        r#"{ "name": "gate", "version": "0.1.0", "publisher": "acme.example", "abi": "0.1.0", "result": "none" }"#;
    std::fs::write(dir.path().join("manifest.json"), manifest).unwrap();
    let doctor = without_tools(dir.path(), &["doctor", "--json"]);
    assert_eq!(finding(&json(&doctor), "go")["status"], "missing");
    assert_eq!(doctor.status.code(), Some(1));
}

#[test]
fn a_configuration_has_its_ports_folders_and_keys_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let listen = free_address();
    assert!(postlude(dir.path(), &["init", "--listen", &listen]).status.success());
    let doctor = postlude(dir.path(), &["doctor", "--json"]);
    let found = json(&doctor);
    assert_eq!(doctor.status.code(), Some(0), "{found:#}");
    for name in ["postlude.toml", "listen", "data_dir", "high_water_file", "root key"] {
        assert_eq!(finding(&found, name)["status"], "ok", "{found:#}");
    }
    assert!(!dir.path().join("data").exists(), "looking makes nothing");

    let taken = TcpListener::bind(&listen).unwrap();
    let doctor = postlude(dir.path(), &["doctor", "--json"]);
    let found = json(&doctor);
    let port = finding(&found, "listen");
    assert_eq!((doctor.status.code(), &port["status"]), (Some(1), &"missing".into()), "{port}");
    let holder = format!("process {}", std::process::id());
    assert!(port["found"].as_str().unwrap().ends_with(&holder), "{port}");
    drop(taken);
}

#[test]
fn a_configuration_with_a_mistake_is_missing_and_leads_to_check() {
    let dir = tempfile::tempdir().unwrap();
    assert!(postlude(dir.path(), &["init", "--listen", &free_address()]).status.success());
    let file = dir.path().join("postlude.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"staff-only\"", "\"Staff Only\"")).unwrap();
    let doctor = postlude(dir.path(), &["doctor", "--json"]);
    let found = json(&doctor);
    let config = finding(&found, "postlude.toml");
    assert_eq!((doctor.status.code(), &config["status"]), (Some(1), &"missing".into()), "{config}");
    assert_eq!(config["remedy"], "`postlude check --config postlude.toml` shows them");
    let absent = postlude(dir.path(), &["doctor", "--config", "absent.toml"]);
    assert_eq!(absent.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&absent.stderr).contains("`absent.toml` is not there"), "{absent:?}");
}
