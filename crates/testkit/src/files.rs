//! Files of the tests: the program and the plugins as they were built, and private files of a server's folder.

use std::path::{Path, PathBuf};

/// The `postlude` program, as cargo builds it beside this test.
#[must_use]
pub fn program() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    // A test lies one folder deeper than a program.
    let found = this.ancestors().skip(1).take(2).map(|folder| folder.join("postlude")).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("the program is missing beside {}: run `cargo build` first", this.display()))
}

/// A plugin of this repository, as `make plugins` builds it.
#[must_use]
pub fn plugin_file(name: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../plugins/target/postlude/{name}.wasm"));
    assert!(file.is_file(), "{} is missing: run `make plugins` first", file.display());
    file.canonicalize().unwrap()
}

/// Writes a file that its owner alone may read.
pub(crate) fn write(dir: &Path, name: &str, bytes: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
