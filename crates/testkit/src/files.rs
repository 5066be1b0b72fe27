//! Files that tests need: the program, the built plugins, and files that only their owner may read.

use std::path::{Path, PathBuf};

/// The `postlude` program, as cargo builds it beside this test.
#[must_use]
pub fn program() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    // A test lies one folder deeper than a program.
    let found = this.ancestors().skip(1).take(2).map(|folder| folder.join("postlude")).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("the program is missing beside {}: run `cargo build` first", this.display()))
}

/// The file of a plugin of this repository, as `make plugins` builds it. A test whose plugin is not built fails with one line
/// that says so, and without the backtrace of a panic: nothing in the code is wrong.
#[must_use]
#[expect(clippy::print_stderr, reason = "the test's own output, which the harness shows when it fails")]
pub fn plugin_file(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/postlude");
    folder.join(format!("{name}.wasm")).canonicalize().unwrap_or_else(|_| {
        eprintln!("the plugin `{name}` is not built: run `make plugins` first");
        std::panic::resume_unwind(Box::new("a plugin is not built"))
    })
}

/// Writes a file that only its owner may read: some are keys.
pub(crate) fn write(dir: &Path, name: &str, bytes: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Replaces a text in a file that must be there.
pub(crate) fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "`{from}` is not in {}", path.display());
    std::fs::write(path, text.replace(from, to)).unwrap();
}
