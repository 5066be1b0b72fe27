//! The SDKs, as they are copied into projects.

use super::error::NewError;
use crate::embedded::{SDK_C, SDK_GO, SDK_JS, SDK_PYTHON, SDK_RUST};
use crate::language::Language;
use toml::{Table, Value};

/// The settings of the workspace that the Rust SDK is a member of here.
const WORKSPACE: &str = include_str!("../../../../Cargo.toml");
/// For editors: the schema of a manifest.
const MANIFEST_SCHEMA: &[u8] = include_bytes!("../../../../wit/0.1/manifest.schema.json");

/// The files of a language's SDK, with their paths in its folder. An action of Auth0's has none: what it is built with is in the user's
/// cache, and only the manifest's schema is for its editor.
pub(super) fn files(language: Language, is_auth0: bool) -> Result<Vec<(String, Vec<u8>)>, NewError> {
    let sdk = match language {
        Language::JavaScript if is_auth0 => &[],
        Language::Rust => SDK_RUST,
        Language::JavaScript | Language::TypeScript => SDK_JS,
        Language::Python => SDK_PYTHON,
        Language::Go => SDK_GO,
        Language::C => SDK_C,
    };
    let mut files = vec![("manifest.schema.json".to_owned(), MANIFEST_SCHEMA.to_vec())];
    for (path, bytes) in sdk {
        let is_crate = *path == "Cargo.toml" || path.ends_with("/Cargo.toml");
        let bytes = if is_crate { standalone(bytes)? } else { bytes.to_vec() };
        files.push(((*path).to_owned(), bytes));
    }
    Ok(files)
}

/// A Cargo.toml that takes nothing from a workspace: what it inherits stands in it. `cargo package` does the same.
fn standalone(text: &[u8]) -> Result<Vec<u8>, NewError> {
    let malformed = |why: toml::de::Error| NewError::Sdk(why.to_string());
    let workspace: Table = toml::from_str(WORKSPACE).map_err(malformed)?;
    let of_workspace = |section: &str, key: &str| workspace.get("workspace")?.get(section)?.get(key);
    let text = std::str::from_utf8(text).map_err(|why| NewError::Sdk(why.to_string()))?;
    let mut manifest: Table = toml::from_str(text).map_err(malformed)?;
    manifest.remove("lints");
    manifest.remove("dev-dependencies");
    for section in ["package", "dependencies"] {
        inherit(manifest.get_mut(section), |key| of_workspace(section, key));
    }
    for (_, target) in manifest.get_mut("target").and_then(Value::as_table_mut).into_iter().flatten() {
        inherit(target.get_mut("dependencies"), |key| of_workspace("dependencies", key));
    }
    let text = toml::to_string(&manifest).map_err(|why| NewError::Sdk(why.to_string()))?;
    Ok(text.into_bytes())
}

fn inherit<'a>(section: Option<&mut Value>, of_workspace: impl Fn(&str) -> Option<&'a Value>) {
    for (key, value) in section.and_then(Value::as_table_mut).into_iter().flatten() {
        let inherits = value.get("workspace").and_then(Value::as_bool) == Some(true);
        if let (true, Some(inherited)) = (inherits, of_workspace(key)) {
            *value = inherited.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_rust_sdk_inherits_nothing() {
        let files = files(Language::Rust, false).unwrap();
        let manifests: Vec<_> = files.iter().filter(|(path, _)| path.ends_with("Cargo.toml")).collect();
        assert_eq!(manifests.len(), 2);
        for (path, bytes) in manifests {
            let text = std::str::from_utf8(bytes).unwrap();
            assert!(!text.contains("workspace"), "{path}: {text}");
            assert!(text.contains("edition = \"2024\"") && text.contains("serde_json"), "{path}: {text}");
        }
        for path in ["src/lib.rs", "macros/src/lib.rs", "wit/world.wit", "manifest.schema.json"] {
            assert!(files.iter().any(|(other, _)| other == path), "{path}");
        }
    }

    #[test]
    fn every_sdk_of_this_crate_is_complete() {
        let has = |language, path: &str| files(language, false).unwrap().iter().any(|(other, _)| other == path);
        assert!(has(Language::Go, "go.mod") && has(Language::Go, "internal/bindings/wit_exports.go"));
        assert!(has(Language::C, "postlude.h") && has(Language::C, "bindings/post_login.c"));
    }
}
