//! The command line as a person meets it: help, errors and outputs, word for word.
#![expect(clippy::unwrap_used, reason = "tests stop at what surprises them")]

use postlude_testkit::plugin_file;
use std::path::Path;
use std::process::{Command, Output};

fn postlude(args: &[&str]) -> Output {
    postlude_in(Path::new("."), args)
}

fn postlude_in(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postlude"));
    command.args(args).current_dir(dir).env("NO_COLOR", "1").env("COLUMNS", "100").env_remove("RUST_BACKTRACE");
    for name in ["POSTLUDE_CONFIG", "POSTLUDE_LOG", "POSTLUDE_LOG_FORMAT", "POSTLUDE_URL", "POSTLUDE_API_KEY"] {
        command.env_remove(name);
    }
    command.output().unwrap()
}

/// Everything that came out, as one text.
fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let code = output.status.code().unwrap();
    format!("exit {code}\n--- stdout\n{}--- stderr\n{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn help_is_golden() {
    for args in [
        &["--help"][..],
        &["serve", "--help"],
        &["check", "--help"],
        &["run", "--help"],
        &["new", "--help"],
        &["build", "--help"],
        &["migrate", "--help"],
        &["demo", "--help"],
        &["dev", "--help"],
        &["inspect", "--help"],
        &["sign", "--help"],
        &["verify", "--help"],
        &["push", "--help"],
        &["pull", "--help"],
        &["add", "--help"],
        &["prompt-site", "check", "--help"],
        &["keys", "new", "--help"],
        &["keys", "status", "--help"],
        &["store", "check", "--help"],
        &["uploads", "list", "--help"],
        &["uploads", "delete", "--help"],
        &["store", "repair", "--help"],
        &["explain", "--help"],
        &["test", "--help"],
        &["watch", "--help"],
        &["init", "--help"],
        &["profile", "--help"],
        &["bench", "--help"],
        &["doctor", "--help"],
    ] {
        let name = format!("help {}", args.join(" ").replace("--help", "").trim());
        insta::assert_snapshot!(name.trim().replace(' ', "-"), told(&postlude(args)));
    }
}

#[test]
fn manual_pages_and_completions_cover_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("man1");
    assert!(postlude(&["man", "--out", out.to_str().unwrap()]).status.success());
    let help = String::from_utf8(postlude(&["--help"]).stdout).unwrap();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A line that goes on is indented further.
    let names = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let commands: Vec<_> = names.filter(|name| !name.is_empty() && *name != "help").collect();
    assert!(commands.len() > 6, "{help}");
    for shell in ["bash", "zsh", "fish"] {
        let script = String::from_utf8(postlude(&["completions", shell]).stdout).unwrap();
        for command in &commands {
            assert!(script.contains(command), "{shell} does not complete `{command}`");
        }
    }
    for command in commands {
        let page = std::fs::read_to_string(out.join(format!("postlude-{command}.1"))).unwrap();
        assert!(
            page.contains(".SH SYNOPSIS") && (page.contains("Examples:") || page.contains(".SH SUBCOMMANDS")),
            "{command}: {page}"
        );
    }
}

#[test]
fn the_example_of_a_deployment_is_a_configuration() {
    let dir = tempfile::tempdir().unwrap();
    assert!(postlude_in(dir.path(), &["keys", "new", "root", "--out", "root.key"]).status.success());
    let plugin = dir.path().join("email-domain.wasm");
    std::fs::copy(plugin_file("email-domain"), &plugin).unwrap();
    // As its README says it.
    let keys = postlude_in(dir.path(), &["keys", "new", "publisher", "--out", "plugins.key.pem"]);
    std::fs::write(dir.path().join("plugins.pem"), &keys.stdout).unwrap();
    let signed = postlude_in(dir.path(), &["sign", "email-domain.wasm", "--key", "plugins.key.pem"]);
    assert!(signed.status.success(), "{}", told(&signed));
    let text = std::fs::read_to_string("../../examples/deploy/postlude.toml").unwrap();
    let text = text.replace("/usr/share/postlude/plugins/email-domain.wasm", plugin.to_str().unwrap());
    let text = text.replace("/etc/postlude/plugins.pem", "plugins.pem");
    let text = text.replace("/run/credentials/postlude.service/root.key", "root.key");
    std::fs::write(dir.path().join("postlude.toml"), text).unwrap();
    let output = postlude_in(dir.path(), &["check"]);
    assert!(output.status.success() && output.stdout.starts_with(b"ok:"), "{}", told(&output));
}

/// A file that is named on the command line wins over the environment.
#[test]
fn a_key_file_wins_over_the_environment() {
    let mut explain = Command::new(env!("CARGO_BIN_EXE_postlude"));
    explain
        .args(["explain", "lgn_1", "--key-file", "/nonexistent/key"])
        .env("POSTLUDE_API_KEY", "plk_of_the_environment");
    let output = explain.env("NO_COLOR", "1").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`/nonexistent/key`"), "{}", told(&output));
}

#[test]
fn wrong_usage_exits_with_2() {
    let denied = &["watch", "--outcome", "denied"];
    for args in [&["srve"][..], &["run"], &["keys", "new", "toor"], &["check", "--jsn"], denied] {
        assert_eq!(postlude(args).status.code(), Some(2), "{args:?}");
    }
}

/// Runs a command whose standard output is this, and returns its exit code and what it said on standard error.
fn with_stdout(args: &[&str], stdout: impl Into<std::process::Stdio>) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postlude"));
    command.args(args).env("NO_COLOR", "1").env_remove("RUST_BACKTRACE").stdout(stdout);
    let output = command.stderr(std::process::Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// What `postlude .. | head` comes to when `head` has gone.
#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    let file = plugin_file("email-domain");
    let file = file.to_str().unwrap();
    let settings = r#"{"domains":["acme.example"]}"#;
    for args in [
        &["--help"][..],
        &["--version"],
        &["completions", "bash"],
        &["inspect", file],
        &["inspect", file, "--json"],
        &["keys", "new", "api"],
        &["run", file, "--settings", settings],
        &["run", "--print-event"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (code, said) = with_stdout(args, writer);
        assert_eq!(code, Some(0), "{args:?}: {said}");
        assert!(!said.contains("panicked") && !said.contains("error"), "{args:?}: {said}");
    }
}

#[test]
fn a_full_disk_is_one() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let (code, said) = with_stdout(&["completions", "bash"], full);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("cannot write to standard output: No space left on device"), "{said}");
}

#[test]
fn the_version_names_the_contracts() {
    let told = told(&postlude(&["--version"]));
    assert!(told.contains("plugin contracts accepted: postlude:action@0.1.0"), "{told}");
}

#[test]
fn a_missing_configuration_says_how_to_name_one() {
    let dir = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(told(&postlude_in(dir.path(), &["check"])));
}

#[test]
fn a_configuration_with_many_mistakes_shows_them_all() {
    let dir = tempfile::tempdir().unwrap();
    let config = r#"[server]
listen = "127.0.0.1:99999"
root_key = "postlude-root-1.AAAA"
developmnt = true

[tenants.acme]
issuer = "http://login.example/acme"
return_urls = ["https://idp.example/interaction/?postlude=1"]
[tenants.acme.keys.idp]
role = "idpp"
sha256 = "abc"
[tenants.acme.plugins.face]
path = "face.wasm"
[[tenants.acme.pipeline]]
name = "face"
plugin = "fase"
on_failure = "maybe"
"#;
    std::fs::write(dir.path().join("postlude.toml"), config).unwrap();
    let told = told(&postlude_in(dir.path(), &["check"])).replace(dir.path().to_str().unwrap(), "[dir]");
    insta::assert_snapshot!(told);
    let json = postlude_in(dir.path(), &["check", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["ok"], false);
    assert!(json["problems"].as_array().unwrap().iter().all(|problem| problem["line"].is_u64()), "{json}");
    let served = postlude_in(dir.path(), &["serve"]);
    assert_eq!(served.status.code(), Some(1), "nothing is served with a mistake");
}

#[test]
fn run_refuses_what_is_no_plugin() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("text.wasm"), "(component)").unwrap();
    std::fs::write(dir.path().join("core.wasm"), b"\0asm\x01\0\0\0").unwrap();
    for file in ["text.wasm", "core.wasm", "absent.wasm"] {
        let output = postlude_in(dir.path(), &["run", file, "--event", "{}"]);
        insta::assert_snapshot!(format!("run-{}", file.trim_end_matches(".wasm")), told(&output));
    }
}

/// O11.
#[test]
fn keys_are_new_each_time_and_never_overwrite() {
    let dir = tempfile::tempdir().unwrap();
    let first = postlude_in(dir.path(), &["keys", "new", "root", "--out", "root.key"]);
    assert_eq!(first.status.code(), Some(0), "{}", told(&first));
    let text = std::fs::read_to_string(dir.path().join("root.key")).unwrap();
    assert!(text.starts_with("postlude-root-1."), "{text}");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(dir.path().join("root.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let again = postlude_in(dir.path(), &["keys", "new", "root", "--out", "root.key"]);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(dir.path().join("root.key")).unwrap(), text, "the key was kept");
    let api = |()| String::from_utf8(postlude(&["keys", "new", "api"]).stdout).unwrap();
    let (one, two) = (api(()), api(()));
    assert!(one.starts_with("plk_") && one != two, "{one}");
}
