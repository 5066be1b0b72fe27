//! What cargo says of the project's crate.

use crate::command;
use crate::error::BuildError;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What cargo says of the project's crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) manifest_path: PathBuf,
    pub(super) workspace_root: PathBuf,
    pub(super) target_dir: PathBuf,
}

impl Package {
    pub(super) fn read(cargo: &Path, dir: &Path) -> Result<Self, BuildError> {
        let path = dir.join("Cargo.toml");
        let path = path.canonicalize().map_err(BuildError::file("find", &path))?;
        let mut command = Command::new(cargo);
        command.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]).arg(&path);
        let answer = command::output("cargo metadata", &mut command)?;
        let unreadable = |why| BuildError::ToolFailed(format!("cargo metadata answered no JSON: {why}"));
        Self::parse(&serde_json::from_slice(&answer).map_err(unreadable)?, path)
    }

    fn parse(metadata: &Value, manifest_path: PathBuf) -> Result<Self, BuildError> {
        let shown = manifest_path.display().to_string();
        let folder = |key: &str| metadata.get(key).and_then(Value::as_str).map(PathBuf::from);
        let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
        let package = packages
            .into_iter()
            .find(|package| package.get("manifest_path").and_then(Value::as_str).map(Path::new) == Some(&manifest_path))
            .ok_or_else(|| BuildError::Project(format!("`{shown}` is no package but a workspace: name its members")))?;
        let targets = package.get("targets").and_then(Value::as_array).into_iter().flatten();
        if !targets.into_iter().any(is_cdylib) {
            return Err(BuildError::Project(format!(
                "`{shown}` makes no cdylib: add `[lib]` with `crate-type = [\"cdylib\", \"rlib\"]`"
            )));
        }
        match (folder("workspace_root"), folder("target_directory")) {
            (Some(workspace_root), Some(target_dir)) => Ok(Self { manifest_path, workspace_root, target_dir }),
            _ => Err(BuildError::ToolFailed(format!("cargo did not say where the workspace of `{shown}` is"))),
        }
    }
}

/// Whether a target of cargo's messages is a dynamic library, which is what becomes a .wasm file.
pub(super) fn is_cdylib(target: &Value) -> bool {
    target.get("kind").and_then(Value::as_array).is_some_and(|kinds| kinds.iter().any(|kind| kind == "cdylib"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn metadata(kind: &str) -> Value {
        json!({
            "workspace_root": "/w",
            "target_directory": "/w/target",
            "packages": [{"manifest_path": "/w/x/Cargo.toml", "targets": [{"kind": [kind]}]}],
        })
    }

    #[test]
    fn a_crate_has_to_make_a_cdylib() {
        let path = PathBuf::from("/w/x/Cargo.toml");
        let package = Package::parse(&metadata("cdylib"), path.clone()).unwrap();
        assert_eq!(package.target_dir, Path::new("/w/target"));
        let why = Package::parse(&metadata("lib"), path).unwrap_err().to_string();
        assert!(why.contains("crate-type"), "{why}");
        let why = Package::parse(&metadata("cdylib"), "/w/Cargo.toml".into()).unwrap_err().to_string();
        assert!(why.contains("workspace"), "{why}");
    }
}
