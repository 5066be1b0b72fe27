//! `postlude keys new publisher`, `sign` and `verify` as a publisher and an operator use them.
#![expect(clippy::unwrap_used, reason = "tests stop at what surprises them")]

use postlude_testkit::guests;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

const MANIFEST: &str = r#"{ "name": "face", "version": "1.2.0", "publisher": "acme.example", "abi": "0.1.0" }"#;

fn postlude(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postlude"));
    command.args(args).current_dir(dir).env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
    command.output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8([output.stdout.clone(), output.stderr.clone()].concat()).unwrap()
}

/// A folder with a plugin, and the keys of `acme` and of `other`.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let component = guests::component(r#"(func (export "on-login") (result i32) (call $continue))"#).unwrap();
    fs::write(dir.path().join("face.wasm"), guests::with_manifest(&component, MANIFEST)).unwrap();
    for name in ["acme", "other"] {
        let keys = postlude(dir.path(), &["keys", "new", "publisher", "--out", &format!("{name}.key.pem")]);
        assert!(keys.status.success(), "{}", told(&keys));
        fs::write(dir.path().join(format!("{name}.pem")), &keys.stdout).unwrap();
    }
    dir
}

/// O02, P56.
#[test]
fn what_a_publisher_signs_verifies_by_its_key_alone() {
    let dir = folder();
    let mode = fs::metadata(dir.path().join("acme.key.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let verify = |key: &str| postlude(dir.path(), &["verify", "face.wasm", "--publisher-key", key]);
    assert!(told(&verify("acme.pem")).contains("cannot read `face.wasm.sig`"));

    let signed = postlude(dir.path(), &["sign", "face.wasm", "--key", "acme.key.pem"]);
    assert!(signed.status.success(), "{}", told(&signed));
    assert!(told(&signed).contains("as `acme.example`: face.wasm.sig"), "{}", told(&signed));
    let good = verify("acme.pem");
    assert!(good.status.success() && told(&good).contains("`acme.example` signed sha256:"), "{}", told(&good));
    let other = verify("other.pem");
    assert_eq!(other.status.code(), Some(1));
    assert!(told(&other).contains("the signature was not made for this file by this key"), "{}", told(&other));
    let json = postlude(dir.path(), &["verify", "face.wasm", "--publisher-key", "other.pem", "--json"]);
    assert_eq!(json.status.code(), Some(1));
    assert!(told(&json).contains("\"verified\": false"), "{}", told(&json));

    let mut bytes = fs::read(dir.path().join("face.wasm")).unwrap();
    // A further custom section: the plugin is as good, and another file.
    bytes.extend([0, 3, 1, b'x', 0]);
    fs::write(dir.path().join("face.wasm"), bytes).unwrap();
    assert_eq!(verify("acme.pem").status.code(), Some(1));
}

#[test]
fn signatures_are_added_while_a_key_is_changed() {
    let dir = folder();
    let sign = |key: &str, more: &[&str]| {
        let args = [&["sign", "face.wasm", "--key", key], more].concat();
        assert!(postlude(dir.path(), &args).status.success());
        fs::read_to_string(dir.path().join("face.wasm.sig")).unwrap().lines().count()
    };
    assert_eq!(
        [sign("acme.key.pem", &[]), sign("other.key.pem", &["--add"]), sign("other.key.pem", &["--add"])],
        [1, 2, 2]
    );
    for key in ["acme.pem", "other.pem"] {
        assert!(postlude(dir.path(), &["verify", "face.wasm", "--publisher-key", key]).status.success());
    }
    assert_eq!(sign("other.key.pem", &[]), 1);
}

#[test]
fn what_cannot_be_signed_is_told() {
    let dir = folder();
    fs::write(dir.path().join("no.wasm"), "no plugin").unwrap();
    let says = |args: &[&str], words: &str| {
        let output = postlude(dir.path(), args);
        assert_eq!(output.status.code(), Some(1));
        assert!(told(&output).contains(words), "{}", told(&output));
    };
    says(&["sign", "no.wasm", "--key", "acme.key.pem"], "is no plugin that a host would load");
    says(&["sign", "face.wasm", "--key", "acme.pem"], "is no Ed25519 key in PEM");
    says(&["sign", "face.wasm", "--key", "none.pem"], "cannot read `none.pem`");
    says(&["keys", "new", "publisher"], "`--out acme.key.pem`");
    says(&["keys", "new", "publisher", "--out", "acme.key.pem"], "a file that exists is not overwritten");
    says(&["verify", "face.wasm", "--publisher-key", "acme.key.pem"], "is no Ed25519 public key in PEM");
}
