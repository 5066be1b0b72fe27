//! Programs by name.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A program by its path, or by its name in `PATH`.
#[must_use]
pub fn program(name: &OsStr) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.components().count() > 1 {
        return path.is_file().then(|| path.to_owned());
    }
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(name)).find(|file| file.is_file())
}
