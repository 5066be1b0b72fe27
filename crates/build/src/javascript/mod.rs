//! JavaScript and TypeScript projects: bundled by esbuild, and made a component with a JavaScript engine, both by the build
//! program of the SDK's npm package.

mod package;
#[cfg(test)]
mod types;

use crate::command;
use crate::compiled::{Code, Compiled};
use crate::contract;
use crate::error::BuildError;
use crate::project::Project;
use crate::tools::{self, Found, NODE};
use crate::trim::{Contract, camel_case};
use package::{Api, Package};
use postlude_model::abi::AbiVersion;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The SDK's npm package.
const SDK: &str = "@postlude/sdk";
/// The SDK's build program, in its package.
const PROGRAM: &str = "build/main.mjs";
/// The oldest Node that the SDK runs on.
const NODE_MAJOR: u32 = 20;

/// What the step `bundle` answers.
#[derive(Debug, Deserialize)]
struct Bundled {
    imports: Vec<Import>,
}

/// A function of the contract that a bundle imports.
#[derive(Debug, Deserialize)]
pub(crate) struct Import {
    module: String,
    name: String,
}

/// What the step `componentize` answers.
#[derive(Debug, Deserialize)]
struct Componentized {
    engine: String,
}

/// Compiles the project.
pub(crate) fn compile(project: &Project, _debug: bool) -> Result<Compiled, BuildError> {
    let package = Package::read(&project.dir)?;
    let node = node()?;
    let program = program(&project.dir)?;
    let work = tempfile::tempdir().map_err(BuildError::file("make a folder in", &std::env::temp_dir()))?;
    let (code, wit, out) =
        (work.path().join("plugin.js"), work.path().join("plugin.wit"), work.path().join("plugin.wasm"));
    let step = |step: &str| {
        let mut command = Command::new(&node.path);
        command.arg(&program).arg(step).args(["--engine", package.engine.id()]).current_dir(&project.dir);
        command
    };
    let mut bundle = step("bundle");
    bundle.arg("--dir").arg(&project.dir).arg("--entry").arg(&package.entry).arg("--out").arg(&code);
    let bundled: Bundled = answer("the bundler", &mut bundle)?;
    let whole = Contract::read()?;
    let used = used(&whole, &bundled.imports)?;
    std::fs::write(&wit, whole.trimmed(&used)?).map_err(BuildError::file("write", &wit))?;
    let mut componentize = step("componentize");
    componentize
        .arg("--wit")
        .arg(&wit)
        .args(["--world", contract::PLUGIN])
        .arg("--code")
        .arg(&code)
        .arg("--out")
        .arg(&out);
    let made: Componentized = answer("the maker of components", &mut componentize)?;
    let component = std::fs::read(&out).map_err(BuildError::file("read", &out))?;
    Ok(Compiled {
        code: Code::Component(component),
        toolchain: format!("node {}, {}", node.version, made.engine),
        reproducible: true,
        out_dir: project.dir.join("build"),
    })
}

/// The action's file, where the project in a folder is one of Auth0's.
pub(crate) fn auth0_action(dir: &Path) -> Result<Option<PathBuf>, BuildError> {
    let package = Package::read(dir)?;
    Ok((package.api == Api::Auth0).then(|| dir.join(package.entry)))
}

/// Runs a step of the build program; its answer.
fn answer<T: for<'a> Deserialize<'a>>(tool: &str, command: &mut Command) -> Result<T, BuildError> {
    let text = command::output(tool, command)?;
    serde_json::from_slice(&text).map_err(|why| {
        BuildError::ToolFailed(format!(
            "{tool} of {SDK} answered what this version of postlude does not understand: {why}"
        ))
    })
}

/// The contract's names of the functions that the bundle imports.
pub(crate) fn used(contract: &Contract, imports: &[Import]) -> Result<BTreeSet<String>, BuildError> {
    let functions = contract.functions();
    let name_of = |import: &Import| {
        let (_, interface) = AbiVersion::of_import(&import.module)?;
        functions.iter().find(|function| {
            function.split_once('.').is_some_and(|(of, name)| of == interface && camel_case(name) == import.name)
        })
    };
    let named = imports.iter().map(|import| {
        name_of(import).cloned().ok_or_else(|| {
            let Import { module, name } = import;
            BuildError::NotAPlugin(format!(
                "the plugin imports `{name}` of `{module}`, which the contract does not have"
            ))
        })
    });
    named.collect()
}

/// Node, of a version that the SDK runs on.
pub(crate) fn node() -> Result<Found, BuildError> {
    let node = tools::require(&NODE)?;
    let major = node.version.trim_start_matches('v').split('.').next().and_then(|number| number.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        return Err(BuildError::ToolFailed(format!(
            "`{}` is node {}, and the SDK needs node {NODE_MAJOR} or later; install it: {}",
            node.path.display(),
            node.version,
            NODE.install.on(tools::System::current())
        )));
    }
    Ok(node)
}

/// The SDK's build program, in the node_modules of the project or of a folder above it, as Node looks for packages.
fn program(dir: &Path) -> Result<PathBuf, BuildError> {
    let found = dir.ancestors().map(|dir| dir.join("node_modules").join(SDK).join(PROGRAM)).find(|file| file.is_file());
    found.ok_or_else(|| {
        let dir = dir.display();
        BuildError::Project(format!("the npm package `{SDK}` is not installed in `{dir}`: run `npm install` there"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(module: &str, name: &str) -> Import {
        Import { module: module.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn imports_of_the_bundle_are_functions_of_the_contract() {
        let contract = Contract::read().unwrap();
        let imports = [
            import("postlude:action/session@0.1.0", "recordFactor"),
            import("postlude:action/log@0.1.0", "log"),
            import("postlude:action/log@0.1.0", "log"),
        ];
        assert_eq!(
            used(&contract, &imports).unwrap().into_iter().collect::<Vec<_>>(),
            ["log.log", "session.record-factor"]
        );
    }

    #[test]
    fn an_import_that_the_contract_does_not_have_is_named() {
        let contract = Contract::read().unwrap();
        for (module, name) in [("postlude:action/log@0.1.0", "shout"), ("postlude:other/log@0.1.0", "log")] {
            let why = used(&contract, &[import(module, name)]).unwrap_err().to_string();
            assert_eq!(why, format!("the plugin imports `{name}` of `{module}`, which the contract does not have"));
        }
    }

    #[test]
    fn the_sdk_is_found_as_node_finds_packages() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("plugins/one");
        std::fs::create_dir_all(&project).unwrap();
        let why = program(&project).unwrap_err().to_string();
        assert!(why.ends_with("run `npm install` there"), "{why}");
        let installed = dir.path().join("node_modules/@postlude/sdk/build");
        std::fs::create_dir_all(&installed).unwrap();
        std::fs::write(installed.join("main.mjs"), "").unwrap();
        assert_eq!(program(&project).unwrap(), installed.join("main.mjs"));
    }
}
