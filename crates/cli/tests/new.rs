//! `postlude new`: what it says, and what it refuses.
#![expect(clippy::unwrap_used, reason = "tests stop at what surprises them")]

use std::path::Path;
use std::process::{Command, Output};

fn postlude_in(dir: &Path, args: &[&str]) -> Output {
    let mut postlude = Command::new(env!("CARGO_BIN_EXE_postlude"));
    postlude.args(args).current_dir(dir).env("NO_COLOR", "1").output().unwrap()
}

/// What the command said on both ways, and its exit code.
fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap();
    format!("exit {code}\n--- stdout\n{}--- stderr\n{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_project_is_made_and_its_files_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let output = postlude_in(dir.path(), &["new", "acme-face", "--lang", "rust"]);
    let mut told = told(&output);
    // Whether a tool is missing is this machine's matter, and the SDK may grow.
    told.truncate(told.find("--- stderr").unwrap());
    let sdk = told.split("the SDK's ").nth(1).unwrap().split(',').next().unwrap().to_owned();
    insta::assert_snapshot!(told.replace(&format!("SDK's {sdk},"), "SDK's [n],"));
    for (lang, next) in
        [("js", "npm install && "), ("python", ".venv/bin/pip install ./postlude-sdk && "), ("c", "cd c && ")]
    {
        let output = postlude_in(dir.path(), &["new", lang, "--lang", lang]);
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(out.trim_end().ends_with(&format!("{next}postlude dev")), "what has to be installed once: {out}");
    }
    let again = postlude_in(dir.path(), &["new", "acme-face", "--lang", "go"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("`acme-face` is there already"));
    assert!(!dir.path().join("acme-face/go.mod").exists(), "nothing was written");
    let updated = postlude_in(dir.path(), &["new", "acme-face", "--update-sdk"]);
    assert!(updated.status.success(), "{}", String::from_utf8_lossy(&updated.stderr));
}

#[test]
fn json_names_the_files_for_scripts() {
    let dir = tempfile::tempdir().unwrap();
    let output = postlude_in(dir.path(), &["new", "below/acme-gate", "--lang", "c", "--template", "gate", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((json["name"].as_str(), json["path"].as_str()), (Some("acme-gate"), Some("below/acme-gate")));
    let files = json["files"].as_array().unwrap();
    assert!(files.iter().any(|file| file == "plugin.c") && files.iter().any(|file| file == "stories/gate.toml"));
    assert!(files.iter().all(|file| dir.path().join("below/acme-gate").join(file.as_str().unwrap()).is_file()));
}

/// An action of Auth0's has one language, and no copy of the SDK but for the manifest's schema.
#[test]
fn an_action_of_auth0s_is_a_project() {
    let dir = tempfile::tempdir().unwrap();
    let output = postlude_in(dir.path(), &["new", "acme-login", "--template", "auth0"]);
    insta::assert_snapshot!("new-auth0", told(&output).split("--- stderr").next().unwrap());
    assert!(dir.path().join("acme-login/postlude-sdk/manifest.schema.json").is_file());
    assert!(!dir.path().join("acme-login/postlude-sdk/src").exists());
    let updated = postlude_in(dir.path(), &["new", "acme-login", "--update-sdk"]);
    assert!(updated.status.success() && !dir.path().join("acme-login/postlude-sdk/src").exists());
    let other = postlude_in(dir.path(), &["new", "acme-gate", "--template", "auth0", "--lang", "rust"]);
    assert!(String::from_utf8_lossy(&other.stderr).contains("there is no template `auth0` for rust"));
}

#[test]
fn what_cannot_be_a_project_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (name, args) in [
        ("new-without-a-language", &["new", "acme"][..]),
        ("new-unknown-language", &["new", "acme", "--lang", "cobol"]),
        ("new-unknown-template", &["new", "acme", "--lang", "go", "--template", "fctor"]),
        ("new-bad-name", &["new", "Acme_Face", "--lang", "go"]),
        ("new-no-name", &["new", "..", "--lang", "go"]),
        ("new-bad-publisher", &["new", "acme", "--lang", "go", "--publisher", "Acme"]),
        ("new-nothing-to-update", &["new", ".", "--update-sdk"]),
    ] {
        insta::assert_snapshot!(name, told(&postlude_in(dir.path(), args)));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{name}: nothing was written");
    }
}

#[test]
fn a_folder_that_cannot_be_built_says_what_is_missing_there() {
    let dir = tempfile::tempdir().unwrap();
    let says = |args: &[&str]| {
        let output = postlude_in(dir.path(), args);
        told(&output).replace(dir.path().canonicalize().unwrap().to_str().unwrap(), "[dir]")
    };
    insta::assert_snapshot!("build-no-project", says(&["build"]));
    insta::assert_snapshot!("build-no-folder", says(&["build", "absent"]));
    std::fs::write(dir.path().join("go.mod"), "module x").unwrap();
    insta::assert_snapshot!("build-no-manifest", says(&["build"]));
    std::fs::write(dir.path().join("package.json"), "{}").unwrap();
    insta::assert_snapshot!("build-several-projects", says(&["build"]));
}

/// A tool that is not installed: its name, what it is for, and the command that installs it.
#[test]
fn a_missing_tool_is_named_with_the_command_that_installs_it() {
    let dir = tempfile::tempdir().unwrap();
    for (language, tool) in [("go", "go is missing"), ("c", "clang is missing"), ("rust", "cargo is missing")] {
        let name = format!("acme-{language}");
        assert!(postlude_in(dir.path(), &["new", &name, "--lang", language]).status.success());
        let mut build = Command::new(env!("CARGO_BIN_EXE_postlude"));
        build.args(["build", &name]).current_dir(dir.path()).env("NO_COLOR", "1").env("PATH", dir.path());
        let output = build.env_remove("CARGO").env_remove("CC").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains(tool) && said.contains("; install it: "), "{said}");
    }
}
