//! `postlude migrate` over actions of our own writing (`tests/auth0/migrate`): what it says of each.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at what surprises them")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn postlude(dir: &Path, args: &[&str]) -> Output {
    let mut postlude = Command::new(env!("CARGO_BIN_EXE_postlude"));
    postlude.args(args).current_dir(dir).env("NO_COLOR", "1").output().unwrap()
}

/// What the command said on both ways, and its exit code. The kit may have been installed by it.
fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stderr);
    let said: String =
        said.lines().filter(|line| !line.starts_with("installing ")).map(|line| format!("{line}\n")).collect();
    format!("exit {}\n--- stdout\n{}--- stderr\n{said}", output.status.code().unwrap(), text(&output.stdout))
}

#[test]
fn what_is_no_file_is_refused_before_anything_is_installed() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("actions")).unwrap();
    for (name, args) in [
        ("migrate-no-file", &["migrate", "absent.js"][..]),
        ("migrate-folder", &["migrate", "actions"]),
        ("migrate-no-argument", &["migrate"]),
        ("migrate-unknown-verdict", &["migrate", "a.js", "--fail-on", "info"]),
    ] {
        insta::assert_snapshot!(name, told(&postlude(dir.path(), args)));
    }
}

#[test]
#[ignore = "it needs Node and npm's registry once; `make test-auth0` runs it"]
fn each_action_is_explained() {
    let folder = root().join("tests/auth0/migrate");
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<_> = files.collect();
    files.sort();
    assert!(files.len() >= 12, "{files:?}");
    for file in files {
        let path = format!("tests/auth0/migrate/{file}");
        insta::assert_snapshot!(format!("migrate-{file}"), told(&postlude(&root(), &["migrate", &path])));
    }
}

#[test]
#[ignore = "it needs Node and npm's registry once; `make test-auth0` runs it"]
fn scripts_get_json_and_choose_what_fails() {
    let args = ["migrate", "tests/auth0/migrate/result-stubs.js", "tests/auth0/migrate/plain-claims.js", "--json"];
    let output = postlude(&root(), &args);
    insta::assert_snapshot!("migrate-json", told(&output));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((json["actions"][0]["counts"]["risk"].as_u64(), output.status.code()), (Some(2), Some(0)));
    for (verdict, code) in [("risk", 1), ("differs", 1), ("error", 0)] {
        let output = postlude(&root(), &[&args[..2], &["--fail-on", verdict]].concat());
        assert_eq!(output.status.code(), Some(code), "{verdict}");
    }
}

/// The manifest that is shown and written is that of the build, and one that is there stays.
#[test]
#[ignore = "it needs Node and npm's registry once; `make test-auth0` runs it"]
fn the_manifest_is_that_of_the_build() {
    let dir = tempfile::tempdir().unwrap();
    let source = root().join("tests/auth0/migrate/factor-whole.js");
    for name in ["migrated.js", "built.js"] {
        std::fs::copy(&source, dir.path().join(name)).unwrap();
    }
    let write = ["migrate", "migrated.js", "--write", "--publisher", "acme.example"];
    let output = postlude(dir.path(), &write);
    assert!(output.status.success(), "{}", told(&output));
    let built = postlude(dir.path(), &["build", "--auth0", "built.js", "--publisher", "acme.example"]);
    assert!(built.status.success(), "{}", told(&built));
    let read = |name: &str| {
        let text = std::fs::read(dir.path().join(name)).unwrap();
        let mut manifest: Value = serde_json::from_slice(&text).unwrap();
        manifest["name"].take();
        manifest
    };
    assert_eq!(read("migrated.manifest.json"), read("built.manifest.json"));
    let again = postlude(dir.path(), &write);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("`migrated.manifest.json` is there already"));
    assert_eq!(read("migrated.manifest.json")["publisher"], "acme.example");
}

/// What `sdk/auth0/surface.json` says, asked inside a plugin: an action that names everything and says what is otherwise.
fn probe(surface: &Value) -> String {
    let named = |kind: &str, verdicts: &[&str]| -> Vec<String> {
        let entries = surface[kind].as_object().unwrap().iter();
        let found = entries.filter(|(_, entry)| verdicts.contains(&entry["verdict"].as_str().unwrap()));
        found.map(|(name, _)| name.clone()).collect()
    };
    let there = ["works", "differs", "handed"];
    let mut lines = Vec::new();
    for path in named("methods", &there) {
        lines.push(format!("if (typeof api.{path} !== \"function\") wrong.push(\"api.{path}\");"));
    }
    for path in named("methods", &["missing"]) {
        lines.push(format!("throws(\"api.{path}\", () => api.{path}());"));
    }
    for name in named("globals", &there) {
        lines.push(format!("if (typeof {name} === \"undefined\") wrong.push(\"{name}\");"));
    }
    for name in named("globals", &["missing"]) {
        lines.push(format!("if (typeof {name} !== \"undefined\") wrong.push(\"{name} is there\");"));
    }
    for name in named("modules", &there) {
        lines.push(format!("if (Object.keys(require(\"{name}\")).length === 0) wrong.push(\"module {name}\");"));
    }
    for name in named("modules", &["missing"]) {
        lines.push(format!("throws(\"{name}\", () => require(\"{name}\").anything());"));
    }
    for name in surface["modules"]["crypto"]["missing"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        lines.push(format!("throws(\"crypto.{name}\", () => require(\"crypto\").{name}());"));
    }
    let always = ["secrets", "configuration", "user", "client", "transaction", "request", "authentication", "stats"];
    for name in always {
        assert!(surface["event"].get(name).is_some(), "{name}");
        lines.push(format!("if (typeof event.{name} !== \"object\") wrong.push(\"event.{name}\");"));
    }
    let body = lines.join("\n  ");
    format!(
        "exports.onExecutePostLogin = async (event, api) => {{\n  const wrong = [];\n  const throws = (name, call) => {{\n    try {{\n      call();\n      \
         wrong.push(`${{name}} does not throw`);\n    }} catch (error) {{\n      if (!error.message.includes(\"is not there\")) wrong.push(`${{name}}: ${{error.message}}`);\n    \
         }}\n  }};\n  void [event.secrets.A, fetch, crypto.subtle];\n  {body}\n  console.log(\"wrong: \" + JSON.stringify(wrong));\n}};\n"
    )
}

#[test]
#[ignore = "it needs Node and npm's registry once; `make test-auth0` runs it"]
fn a_plugin_has_what_the_list_says() {
    let text = std::fs::read(root().join("sdk/auth0/surface.json")).unwrap();
    let surface: Value = serde_json::from_slice(&text).unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("probe.js"), probe(&surface)).unwrap();
    let built = postlude(dir.path(), &["build", "--auth0", "probe.js"]);
    assert!(built.status.success(), "{}", told(&built));
    let warnings = String::from_utf8_lossy(&built.stderr).into_owned();
    assert!(
        warnings.contains("warning: probe.js:") && warnings.contains("`api.notification.drop` is not there"),
        "{warnings}"
    );
    let settings = r#"{"factor":"https://a.example/f","claims":["a"],"scopes":["a"],"app_metadata":["a"],"user_metadata":["a"],"hosts":["a.example"]}"#;
    let ran = postlude(dir.path(), &["run", "build/probe.wasm", "--json", "--settings", settings]);
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(said.contains("wrong: []"), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
}
