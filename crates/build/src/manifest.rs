//! Reads a project's manifest.json.

use crate::error::BuildError;
use postlude_model::manifest::Manifest;
use std::path::Path;

/// The file's name.
pub(crate) const FILE: &str = "manifest.json";

/// The manifest, checked, and its bytes with insignificant white space removed.
pub(crate) fn read(dir: &Path) -> Result<(Manifest, Vec<u8>), BuildError> {
    let path = dir.join(FILE);
    let text = match std::fs::read(&path) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
            let path = path.display();
            return Err(BuildError::Project(format!(
                "`{path}` is missing: a plugin has its manifest at the root of its project"
            )));
        }
        text => text.map_err(BuildError::file("read", &path))?,
    };
    let manifest = Manifest::parse(&text).map_err(|reason| BuildError::Manifest { path: path.clone(), reason })?;
    let not_json = |why: serde_json::Error| BuildError::Project(format!("`{}`: {why}", path.display()));
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(not_json)?;
    let compact = serde_json::to_vec(&value).map_err(not_json)?;
    Ok((manifest, compact))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"{"name": "x", "version": "1.0.0", "publisher": "example.com", "abi": "0.1.0"}"#;

    #[test]
    fn the_manifest_is_checked_and_made_compact() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), MANIFEST).unwrap();
        let (manifest, bytes) = read(dir.path()).unwrap();
        assert_eq!(manifest.name.as_str(), "x");
        assert!(!bytes.contains(&b' '));
        assert_eq!(Manifest::parse(&bytes).unwrap(), manifest);
    }

    #[test]
    fn a_manifest_with_an_unknown_field_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), MANIFEST.replace("{", r#"{"colour": 1, "#)).unwrap();
        let why = read(dir.path()).unwrap_err().to_string();
        assert!(why.contains("manifest.json") && why.contains("colour"), "{why}");
    }

    #[test]
    fn without_a_manifest_the_error_says_where_it_belongs() {
        let dir = tempfile::tempdir().unwrap();
        let why = read(dir.path()).unwrap_err().to_string();
        assert!(why.contains("at the root of its project"), "{why}");
    }
}
