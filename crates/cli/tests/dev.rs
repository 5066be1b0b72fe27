//! `postlude dev` and `postlude demo`: what they refuse before they start anything.
#![expect(clippy::unwrap_used, reason = "tests stop at what surprises them")]

use std::path::Path;
use std::process::Command;

/// What a command says that has to end by itself, and soon: one that waits for a save would be ended by `timeout` with 124.
fn refused_in(dir: &Path, args: &[&str]) -> String {
    let mut postlude = Command::new("timeout");
    postlude.arg("60").arg(env!("CARGO_BIN_EXE_postlude"));
    let output = postlude.args(args).current_dir(dir).env("NO_COLOR", "1").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_port_that_is_taken_ends_the_command_before_anything_is_built() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = r#"{"name": "x", "version": "1.0.0", "publisher": "example.com", "abi": "0.1.0"}"#;
    std::fs::write(dir.path().join("manifest.json"), manifest).unwrap();
    std::fs::write(dir.path().join("go.mod"), "module example.com/x\n").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for command in ["dev", "demo"] {
        let said = refused_in(dir.path(), &[command, "--port", &port]);
        let expected = format!(
            "error: port {port} of this machine is taken by another program: choose another with `--port`, or any free one with `--port 0`\n"
        );
        assert_eq!(said, expected, "{command}");
    }
}

#[test]
fn a_plugin_file_is_no_project() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("face.wasm"), "").unwrap();
    insta::assert_snapshot!(refused_in(dir.path(), &["dev", "face.wasm"]), @"error: `face.wasm` is a file: name the folder of a project; a plugin that is built already is tried with `postlude run face.wasm` and `postlude test face.wasm`");
}
