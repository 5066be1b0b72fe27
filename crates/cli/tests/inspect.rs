//! `postlude inspect` as an operator meets it before an upgrade, word for word.
#![expect(clippy::unwrap_used, reason = "tests stop at what surprises them")]

use base64::Engine as _;
use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::{Signer as _, SigningKey};
use postlude_testkit::guests;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const OLD: &str = r#"{ "name": "face", "version": "1.2.0", "publisher": "acme.example", "abi": "0.1.0",
  "factors": [{ "name": { "setting": "/factor" }, "amr": ["face"] }],
  "result": { "parameter": "token", "key": "partner", "profile": "postlude" },
  "capabilities": { "event": ["/user/user_id"], "redirect_origins": [{ "setting": "/prompt_url" }] },
  "settings": { "type": "object", "required": ["factor"], "properties": {
    "factor": { "type": "string" }, "profile": { "enum": ["postlude", "auth0"] } } },
  "limits": { "fuel": 2000000 } }"#;

fn inspect(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postlude"));
    command.arg("inspect").args(args).current_dir(dir).env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
    command.output().unwrap()
}

/// What came out, without digests: they change with every toolchain that encodes the guests.
fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let code = output.status.code().unwrap();
    let all = format!("exit {code}\n--- stdout\n{}--- stderr\n{}", text(&output.stdout), text(&output.stderr));
    let hidden = all.split("sha256:").enumerate().map(|(at, part)| match at {
        0 => part.to_owned(),
        _ => format!("sha256:..{}", &part[64..]),
    });
    hidden.collect()
}

/// A folder with two versions of a plugin, `old.wasm` and `new.wasm`.
fn versions() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let old = guests::component(r#"(func (export "on-login") (result i32) (call $say «hello») (call $continue))"#);
    let manifest = OLD.replace("1.2.0", "1.3.0").replace(r#""/user/user_id""#, r#""/user/user_id", "/user/email""#);
    let new = r#"(func (export "on-login") (result i32)
      (call $event.get «/user/email» (global.get $out)) (call $outcome-option (global.get $out)) (call $continue))"#;
    let new = guests::component(new);
    fs::write(dir.path().join("old.wasm"), guests::with_manifest(&old.unwrap(), OLD)).unwrap();
    fs::write(dir.path().join("new.wasm"), guests::with_manifest(&new.unwrap(), &manifest)).unwrap();
    dir
}

#[test]
fn a_plugin_is_shown_and_compared() {
    let dir = versions();
    insta::assert_snapshot!("inspect", told(&inspect(dir.path(), &["old.wasm"])));
    insta::assert_snapshot!("inspect-against", told(&inspect(dir.path(), &["new.wasm", "--against", "old.wasm"])));
    let less = told(&inspect(dir.path(), &["old.wasm", "--against", "new.wasm"]));
    assert!(less.contains("it asks for nothing that the other does not"), "{less}");
    let same = told(&inspect(dir.path(), &["old.wasm", "--against", "old.wasm"]));
    assert!(same.contains("the same file as `old.wasm`"), "{same}");
}

#[test]
fn scripts_read_json() {
    let dir = versions();
    let output = inspect(dir.path(), &["new.wasm", "--against", "old.wasm", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["difference"]["asks_for_more"], true);
    assert_eq!(report["manifest"]["version"], "1.3.0");
    assert_eq!(report["tier"], "zero WASI");
    assert_eq!(report["imports"], serde_json::json!(["event.get", "log.log"]));
    assert_eq!(report["size"], fs::metadata(dir.path().join("new.wasm")).unwrap().len());
}

#[test]
fn a_file_that_would_be_refused_is_shown_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let wasi = r#"(component (import "wasi:clocks/wall-clock@0.2.0" (instance (export "now" (func)))))"#;
    for (name, text) in [("wasi", wasi), ("core", "(module)"), ("foreign", r#"(component (import "env:x/y" (func)))"#)]
    {
        fs::write(dir.path().join(name), wat::parse_str(text).unwrap()).unwrap();
        insta::assert_snapshot!(format!("inspect-{name}"), told(&inspect(dir.path(), &[name])));
    }
    fs::write(dir.path().join("text"), "hello").unwrap();
    let output = inspect(dir.path(), &["text", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(report["refused"].as_str().unwrap().contains("not WebAssembly"), "{report}");
    let absent = told(&inspect(dir.path(), &["absent.wasm"]));
    assert!(absent.contains("cannot read `absent.wasm`"), "{absent}");
}

/// P56, O02.
#[test]
fn a_signature_verifies_with_the_publishers_key_alone() {
    let dir = versions();
    let path = |name: &str| dir.path().join(name);
    let bytes = fs::read(path("old.wasm")).unwrap();
    let key = |seed| SigningKey::from_bytes(&[seed; 32]);
    for (name, seed) in [("acme.pem", 1), ("other.pem", 2)] {
        fs::write(path(name), key(seed).verifying_key().to_public_key_pem(LineEnding::LF).unwrap()).unwrap();
    }
    let missing = inspect(dir.path(), &["old.wasm", "--publisher-key", "acme.pem"]);
    assert_eq!(missing.status.code(), Some(1), "{}", told(&missing));
    use sha2::Digest as _;
    let message = [b"postlude-plugin-v1\0".as_slice(), &sha2::Sha256::digest(&bytes)].concat();
    let signature = base64::engine::general_purpose::STANDARD.encode(key(1).sign(&message).to_bytes());
    fs::write(path("old.wasm.sig"), &signature).unwrap();
    fs::write(path("new.wasm.sig"), &signature).unwrap();
    let line = |args: &[&str]| {
        let output = inspect(dir.path(), args);
        let told = told(&output);
        let line = told.lines().find(|line| line.contains("signature")).unwrap().trim().to_owned();
        (output.status.code().unwrap(), line.split_once(' ').unwrap().1.trim().to_owned())
    };
    assert_eq!(line(&["old.wasm"]), (0, "there, not verified; give `--publisher-key`".to_owned()));
    assert_eq!(line(&["old.wasm", "--publisher-key", "acme.pem"]), (0, "verified".to_owned()));
    let wrong = "the signature was not made for this file by this key".to_owned();
    assert_eq!(line(&["old.wasm", "--publisher-key", "other.pem"]), (1, wrong.clone()));
    assert_eq!(line(&["new.wasm", "--publisher-key", "acme.pem"]), (1, wrong));
    let no_key = told(&inspect(dir.path(), &["old.wasm", "--publisher-key", "old.wasm.sig"]));
    assert!(no_key.contains("no Ed25519 public key in PEM"), "{no_key}");
}
