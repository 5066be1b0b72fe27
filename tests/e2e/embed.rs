//! The programs of `examples/embed` do what their page says.

use postlude_testkit::plugin_file;
use std::path::PathBuf;
use std::process::Command;

/// An example as cargo builds it beside this test.
fn example(name: &str) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let file = this.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(file.is_file(), "{} is missing: run `cargo build --workspace --examples` first", file.display());
    file
}

fn printed(name: &str, plugin: &str) -> String {
    let output = Command::new(example(name)).arg(plugin_file(plugin)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_plugin_runs_without_a_server() {
    let printed = printed("embed", "email-domain");
    assert!(printed.starts_with("Decided(Continue)  commands: []  fuel: "), "{printed}");
}

#[test]
fn a_whole_login_runs_without_a_server() {
    let printed = printed("embed-login", "custom-factor");
    assert_eq!(printed, "redirect to http://localhost:4000\ncontinue with amr [\"face\"] and 1 factor\n");
}
