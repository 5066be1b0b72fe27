//! Where a plugin file goes, and how it is written.

use crate::error::BuildError;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The file to write: `out` itself, or in it where it is a folder; in `default_dir` where there is no `out`.
pub(crate) fn destination(out: Option<&Path>, default_dir: &Path, name: &str) -> PathBuf {
    let file = format!("{name}.wasm");
    match out {
        None => default_dir.join(file),
        Some(dir) if dir.is_dir() => dir.join(file),
        Some(file) => file.to_owned(),
    }
}

/// A reader sees the old file or the new one, never a part: a server may be watching.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    write(path, bytes).map_err(BuildError::file("write", path))
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(dir)?;
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    readable_by_all(file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Temporary files are the owner's alone, but a plugin is no secret and the server may run as another user.
#[cfg(unix)]
fn readable_by_all(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_is_a_file_or_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(destination(None, Path::new("/t/postlude"), "x"), Path::new("/t/postlude/x.wasm"));
        assert_eq!(destination(Some(dir.path()), Path::new("/t"), "x"), dir.path().join("x.wasm"));
        assert_eq!(destination(Some(Path::new("y.wasm")), Path::new("/t"), "x"), Path::new("y.wasm"));
    }

    #[test]
    fn writing_replaces_the_file_and_leaves_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/x.wasm");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
