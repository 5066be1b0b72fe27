//! The drafted manifest of an action, as a file beside it.

use crate::error::BuildError;
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The manifest of an action: `login.js` has `login.manifest.json`.
#[must_use]
pub fn manifest_file(action: &Path) -> PathBuf {
    action.with_extension("manifest.json")
}

/// Writes a drafted manifest beside its action; its file.
///
/// # Errors
/// When there is a manifest already, which is never overwritten, or the file cannot be written.
pub fn write_draft(action: &Path, manifest: &Value) -> Result<PathBuf, BuildError> {
    let path = manifest_file(action);
    let text = pretty(manifest)?;
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(BuildError::Project(format!(
                "`{}` is there already, and nothing is overwritten: move it away to have it drafted anew",
                path.display()
            )));
        }
        opened => opened.map_err(BuildError::file("make", &path))?,
    };
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(BuildError::file("write", &path))?;
    Ok(path)
}

/// A manifest as it is written.
pub(super) fn pretty(manifest: &Value) -> Result<Vec<u8>, BuildError> {
    let mut text = serde_json::to_vec_pretty(manifest).map_err(|why| BuildError::Project(why.to_string()))?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_manifest_that_is_there_stays() {
        let dir = tempfile::tempdir().unwrap();
        let action = dir.path().join("login.js");
        let path = write_draft(&action, &json!({ "name": "login" })).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\n  \"name\": \"login\"\n}\n");
        let why = write_draft(&action, &json!({})).unwrap_err().to_string();
        assert!(why.contains("login.manifest.json` is there already"), "{why}");
        assert!(std::fs::read_to_string(&path).unwrap().contains("login"));
    }
}
