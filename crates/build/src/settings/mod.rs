//! Types of a plugin's settings, made of the schema in its manifest, for languages without macros.
//!
//! `postlude new` puts the file into the project, and each build renews it. Rust has `postlude_sdk::settings!` for the same.

mod go;
mod names;
mod python;
mod schema;
mod typescript;

use crate::error::BuildError;
use crate::file;
use crate::language::Language;
use crate::project::Project;
use serde_json::Value;

/// What stands in the first line of every file that is made here: a file without it is somebody's own.
const MADE: &str = "of manifest.json";

/// The file of a language; none where its types are made otherwise.
pub(crate) const fn file_name(language: Language) -> Option<&'static str> {
    match language {
        Language::JavaScript | Language::TypeScript => Some("settings.d.ts"),
        Language::Python => Some("settings.py"),
        Language::Go => Some("settings.go"),
        Language::Rust | Language::C => None,
    }
}

/// The file's text for the manifest of a plugin; a manifest without settings makes a type without fields.
pub(crate) fn text(language: Language, manifest: &Value) -> Option<String> {
    let types = schema::types(manifest.get("settings").unwrap_or(&Value::Null));
    match language {
        Language::JavaScript | Language::TypeScript => Some(typescript::text(&types)),
        Language::Python => Some(python::text(&types)),
        Language::Go => Some(go::text(&types)),
        Language::Rust | Language::C => None,
    }
}

/// Renews the file of a project that has one. A file that is empty becomes one; somebody's own is left alone.
///
/// # Errors
/// When the file cannot be read or written.
pub(crate) fn renew(project: &Project) -> Result<(), BuildError> {
    let Some(path) = file_name(project.language).map(|name| project.dir.join(name)) else { return Ok(()) };
    if !path.is_file() {
        return Ok(());
    }
    let old = std::fs::read_to_string(&path).map_err(BuildError::file("read", &path))?;
    let ours = old.trim().is_empty() || old.lines().next().is_some_and(|line| line.contains(MADE));
    let manifest: Value = serde_json::from_slice(&project.manifest_json).unwrap_or_default();
    match text(project.language, &manifest) {
        // An unchanged file is not written: `--watch` would build for ever.
        Some(new) if ours && new != old => file::write_atomically(&path, new.as_bytes()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// A schema with everything that has a type of its own, and names that not every language can have.
    const EXAMPLE: &str = include_str!("example.json");

    fn example(language: Language) -> String {
        text(language, &serde_json::json!({ "settings": serde_json::from_str::<Value>(EXAMPLE).unwrap() })).unwrap()
    }

    #[test]
    fn every_kind_of_value_has_a_type_in_typescript() {
        insta::assert_snapshot!(example(Language::TypeScript));
        assert_eq!(example(Language::TypeScript), example(Language::JavaScript));
    }

    #[test]
    fn every_kind_of_value_has_a_type_in_python() {
        insta::assert_snapshot!(example(Language::Python));
    }

    #[test]
    fn every_kind_of_value_has_a_type_in_go() {
        insta::assert_snapshot!(example(Language::Go));
    }

    #[test]
    fn a_manifest_without_settings_makes_a_type_without_fields() {
        let all = [Language::TypeScript, Language::Python, Language::Go].map(|one| text(one, &Value::Null).unwrap());
        for text in all {
            assert!(text.contains("Settings") && text.lines().next().unwrap().contains(MADE), "{text}");
        }
    }

    fn project(dir: &Path) -> Project {
        std::fs::write(dir.join("go.mod"), "").unwrap();
        let manifest = r#"{"name": "x", "version": "1.0.0", "publisher": "example.com", "abi": "0.1.0",
            "settings": {"type": "object", "properties": {"limit": {"type": "integer"}}}}"#;
        std::fs::write(dir.join("manifest.json"), manifest).unwrap();
        Project::open(dir, None).unwrap()
    }

    #[test]
    fn only_a_file_that_was_made_here_is_renewed() {
        let dir = tempfile::tempdir().unwrap();
        let (project, path) = (project(dir.path()), dir.path().join("settings.go"));
        renew(&project).unwrap();
        assert!(!path.exists(), "a project without the file gets none");
        std::fs::write(&path, "package main\n").unwrap();
        renew(&project).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "package main\n");
        std::fs::write(&path, "").unwrap();
        renew(&project).unwrap();
        let made = std::fs::read_to_string(&path).unwrap();
        assert!(made.contains("Limit *int64 `json:\"limit\"`"), "{made}");
        std::fs::write(&path, made.replace("Limit", "Old")).unwrap();
        renew(&project).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), made);
        let before = std::fs::metadata(&path).unwrap().modified().unwrap();
        renew(&project).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().modified().unwrap(),
            before,
            "nothing is written without a change"
        );
    }
}
