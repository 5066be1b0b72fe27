//! Python projects: the interpreter, the project's modules and the SDK become a component by componentize-py, which the build
//! program of the SDK calls.

mod reproducible;

use crate::command;
use crate::compiled::{Code, Compiled};
use crate::contract;
use crate::error::BuildError;
use crate::project::Project;
use crate::tools::{self, Found, PYTHON};
use crate::trim::Contract;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The module whose variable `plugin` is the plugin.
const ENTRY: &str = "plugin";
/// The copy of the SDK in a project that `postlude new` made.
const SDK: &str = "postlude-sdk";
/// What the interpreter needs besides itself: the SDK, and the maker of components that it depends on.
const NEEDS: &str = "import componentize_py, postlude";

/// What the step `facts` answers.
#[derive(Debug, Deserialize)]
struct Facts {
    functions: BTreeSet<String>,
}

/// What the step `componentize` answers.
#[derive(Debug, Deserialize)]
struct Componentized {
    tools: String,
    reproducible: bool,
}

/// Compiles the project.
pub(crate) fn compile(project: &Project, _debug: bool) -> Result<Compiled, BuildError> {
    let python = interpreter(&project.dir)?;
    require_packages(&python, &project.dir)?;
    let work = tempfile::tempdir().map_err(BuildError::file("make a folder in", &std::env::temp_dir()))?;
    let [wit, library, out] = ["plugin.wit", "reproducible.wasm", "plugin.wasm"].map(|name| work.path().join(name));
    let step = |step: &str| {
        let mut command = python_command(&python, &project.dir);
        command.args(["-m", "postlude.build", step, "--entry", ENTRY, "--dir"]).arg(&project.dir);
        command
    };
    let facts: Facts = answer(&mut step("facts"))?;
    let text = Contract::read()?.trimmed(&facts.functions)?;
    std::fs::write(&wit, text).map_err(BuildError::file("write", &wit))?;
    std::fs::write(&library, reproducible::library()?).map_err(BuildError::file("write", &library))?;
    let mut componentize = step("componentize");
    componentize.arg("--wit").arg(&wit).args(["--world", contract::PLUGIN]).arg("--out").arg(&out);
    componentize.arg("--library").arg(&library);
    let made: Componentized = answer(&mut componentize)?;
    Ok(Compiled {
        code: Code::Component(std::fs::read(&out).map_err(BuildError::file("read", &out))?),
        toolchain: made.tools,
        reproducible: made.reproducible,
        out_dir: project.dir.join("build"),
    })
}

/// Runs a step of the SDK's build program; its answer.
fn answer<T: for<'a> Deserialize<'a>>(command: &mut Command) -> Result<T, BuildError> {
    let text = command::output("the build program of the Python SDK", command)?;
    serde_json::from_slice(&text).map_err(|why| {
        BuildError::ToolFailed(format!(
            "the Python SDK answered what this version of postlude does not understand: {why}"
        ))
    })
}

/// The interpreter of the project's virtual environment, else of the active one, else the one in `PATH`.
fn interpreter(dir: &Path) -> Result<PathBuf, BuildError> {
    let active = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    if let Some(found) = in_environments([Some(dir.join(".venv")), active].into_iter().flatten()) {
        return Ok(found);
    }
    let Found { path, .. } = tools::require(&PYTHON)?;
    Ok(path)
}

fn in_environments(folders: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let programs = folders.flat_map(|folder| [folder.join("bin/python"), folder.join("Scripts/python.exe")]);
    programs.into_iter().find(|file| file.is_file())
}

/// A command of the interpreter. The project's own copy of the SDK comes before one that is installed, and no files are left beside
/// the project's modules.
fn python_command(python: &Path, dir: &Path) -> Command {
    let mut command = Command::new(python);
    command.current_dir(dir).env("PYTHONDONTWRITEBYTECODE", "1");
    let copy = dir.join(SDK);
    if copy.join("postlude").is_dir() {
        let others = std::env::var_os("PYTHONPATH").unwrap_or_default();
        let all = std::iter::once(copy)
            .chain(std::env::split_paths(&others).filter(|path| path.as_os_str() != OsStr::new("")));
        if let Ok(path) = std::env::join_paths(all) {
            command.env("PYTHONPATH", path);
        }
    }
    command
}

fn require_packages(python: &Path, dir: &Path) -> Result<(), BuildError> {
    let mut command = python_command(python, dir);
    command.args(["-c", NEEDS]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if command.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let install = if dir.join(SDK).is_dir() { "./postlude-sdk" } else { "postlude" };
    Err(BuildError::Project(format!(
        "`{}` has not the packages `postlude` and `componentize-py`, which make plugins of Python modules; in `{}` run \
         `python3 -m venv .venv && .venv/bin/pip install {install}`",
        python.display(),
        dir.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_of_the_project_comes_first() {
        let dir = tempfile::tempdir().unwrap();
        let (own, active) = (dir.path().join("own"), dir.path().join("active"));
        let folders = || [own.clone(), active.clone()].into_iter();
        assert_eq!(in_environments(folders()), None);
        for folder in [&active, &own] {
            std::fs::create_dir_all(folder.join("bin")).unwrap();
            std::fs::write(folder.join("bin/python"), "").unwrap();
            assert_eq!(in_environments(folders()), Some(folder.join("bin/python")));
        }
    }

    #[test]
    fn packages_that_are_missing_are_named_with_the_command() {
        let dir = tempfile::tempdir().unwrap();
        let why = |dir: &Path| require_packages(&dir.join("no-python"), dir).unwrap_err().to_string();
        assert!(why(dir.path()).ends_with("run `python3 -m venv .venv && .venv/bin/pip install postlude`"));
        std::fs::create_dir(dir.path().join(SDK)).unwrap();
        assert!(why(dir.path()).ends_with(".venv/bin/pip install ./postlude-sdk`"));
    }
}
