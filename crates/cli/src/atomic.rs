//! Writes a file whole or not at all: under another name first, so that a server that watches it never sees half of it.

use anyhow::{Context as _, Result};
use std::io::Write as _;
use std::path::Path;

/// Writes a file with these permission bits.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(bytes)?;
        std::fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(mode))?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    });
    written.with_context(|| format!("`{}` was not written", path.display()))
}
