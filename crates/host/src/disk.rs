//! How much room the disk of the data folder has.

use std::io;
use std::path::Path;

/// The bytes that are left for this process on the disk of a folder. A folder that is not there has the disk of the one above it.
///
/// # Errors
/// When the system does not say.
pub(crate) fn free_bytes(folder: &Path) -> io::Result<u64> {
    let folder = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_has_its_parents_disk() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(folder.path()).unwrap() > 0);
        assert!(free_bytes(&folder.path().join("not/yet")).unwrap() > 0);
    }
}
