//! Rust projects: a crate with a cdylib, compiled by cargo for wasm32.

mod package;

use crate::command;
use crate::compiled::{Code, Compiled};
use crate::error::BuildError;
use crate::project::Project;
use crate::tools::rust_for_wasm::{self, Toolchain};
use crate::tools::{self, CARGO};
use package::{Package, is_cdylib};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles the project.
pub(crate) fn compile(project: &Project, debug: bool) -> Result<Compiled, BuildError> {
    let cargo = tools::require(&CARGO)?.path;
    let package = Package::read(&cargo, &project.dir)?;
    let toolchain = Toolchain::find(&project.dir)?;
    let module = run_cargo(&cargo, &package, &toolchain, debug)?;
    let code = Code::Module(std::fs::read(&module).map_err(BuildError::file("read", &module))?);
    let out_dir = package.target_dir.join("postlude");
    Ok(Compiled { code, toolchain: toolchain.to_string(), reproducible: true, out_dir })
}

/// Runs cargo; the path of the core module.
fn run_cargo(cargo: &Path, package: &Package, toolchain: &Toolchain, debug: bool) -> Result<PathBuf, BuildError> {
    let mut command = Command::new(cargo);
    command.args(["build", "--lib", "--target", rust_for_wasm::TARGET, "--message-format", "json-render-diagnostics"]);
    command.arg("--manifest-path").arg(&package.manifest_path);
    if !debug {
        command.arg("--release");
    }
    toolchain.apply(&mut command, &package.workspace_root);
    let messages = command::output("cargo", &mut command)?;
    let path = package.manifest_path.display();
    artifact(&String::from_utf8_lossy(&messages), &package.manifest_path)
        .ok_or_else(|| BuildError::ToolFailed(format!("cargo made no .wasm file of `{path}`")))
}

/// The .wasm file among cargo's messages.
fn artifact(messages: &str, manifest_path: &Path) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ours = messages.filter(|message| {
        message.get("reason").is_some_and(|reason| reason == "compiler-artifact")
            && message.get("manifest_path").and_then(Value::as_str).map(Path::new) == Some(manifest_path)
            && message.get("target").is_some_and(is_cdylib)
    });
    let files =
        ours.flat_map(|message| message.get("filenames").and_then(Value::as_array).cloned().unwrap_or_default());
    files
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .find(|file| file.extension().is_some_and(|it| it == "wasm"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_artifact_is_that_of_the_crate_and_not_of_a_dependency() {
        let message = |manifest: &str, kind: &str, file: &str| json!({"reason": "compiler-artifact", "manifest_path": manifest, "target": {"kind": [kind]}, "filenames": [file]});
        let messages = [
            message("/other/Cargo.toml", "cdylib", "/t/other.wasm"),
            message("/w/Cargo.toml", "lib", "/t/lib.rlib"),
            message("/w/Cargo.toml", "cdylib", "/t/x.wasm"),
            json!({"reason": "build-finished"}),
        ]
        .map(|message| message.to_string())
        .join("\n");
        assert_eq!(artifact(&messages, Path::new("/w/Cargo.toml")), Some("/t/x.wasm".into()));
        assert_eq!(artifact("", Path::new("/w/Cargo.toml")), None);
    }
}
