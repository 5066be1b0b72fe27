//! The kit: the program that bundles actions, the modules of Node that they use, and the npm packages that they use most. It is inside this
//! program; its own packages are installed once for each user.

use super::migrate::Migration;
use super::step;
use crate::contract;
use crate::embedded::{AUTH0_KIT, SDK_JS};
use crate::error::BuildError;
use crate::javascript::{self, Import};
use crate::tools::{self, Found, NPM};
use crate::trim::Contract;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const PROGRAM: &str = "build/main.mjs";
/// The folder of the JavaScript SDK in the kit.
const SDK: &str = "sdk";
/// Claims that no action can ask for.
const RESERVED_CLAIMS: (&str, &[u8]) =
    ("reserved-claims.txt", include_bytes!("../../../../wit/0.1/reserved-claims.txt"));
/// What stands in the kit's folder once all of it is there.
const COMPLETE: &str = "complete";
/// Installing the packages takes 20 seconds on a fast network.
const INSTALLING: Duration = Duration::from_secs(15 * 60);
/// A step takes a second or two; a busy machine more.
const STEP: Duration = Duration::from_secs(120);

/// The kit, installed.
#[derive(Debug, Clone)]
pub struct Kit {
    dir: PathBuf,
    node: Found,
}

/// An action that was compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// The manifest that its source suggests.
    pub manifest: Value,
    /// The component, without a manifest.
    pub component: Vec<u8>,
    /// The tools with their versions, for people.
    pub toolchain: String,
    /// How its replies are proved, where it validates tokens.
    pub token: Option<SessionToken>,
    /// What it uses that a plugin does not have: it fails where it comes to that.
    pub notes: Vec<Note>,
}

/// Something that an action uses, and a plugin does not have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Note {
    /// What is so.
    pub what: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// The token that an action validates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SessionToken {
    /// The name of the secret that verifies it; none where only a run tells.
    pub secret: Option<String>,
    /// The parameter of the reply.
    pub parameter: String,
}

/// What the step `bundle` answers.
#[derive(Debug, Deserialize)]
struct Bundled {
    imports: Vec<Import>,
    manifest: Value,
    notes: Vec<Note>,
    token: Option<SessionToken>,
}

/// What the step `componentize` answers.
#[derive(Debug, Deserialize)]
struct Componentized {
    engine: String,
}

impl Kit {
    /// The kit of this version; installs it where it is not yet, with a line on standard error.
    ///
    /// # Errors
    /// When Node or npm is missing, or the packages cannot be installed.
    pub fn open() -> Result<Self, BuildError> {
        let node = javascript::node()?;
        let dir = cache()?.join(format!("auth0-{}", fingerprint()));
        if !dir.join(COMPLETE).is_file() {
            install(&dir)?;
        }
        Ok(Self { dir, node })
    }

    /// Bundles and compiles an action; `trace` makes its calls of `api` lines of its log.
    ///
    /// # Errors
    /// When the file is no action of the trigger post-login, or needs what a plugin does not have.
    pub fn action(&self, file: &Path, publisher: &str, trace: bool) -> Result<Action, BuildError> {
        is_file(file)?;
        let work = tempfile::tempdir().map_err(BuildError::file("make a folder in", &std::env::temp_dir()))?;
        let (code, wit, out) =
            (work.path().join("plugin.js"), work.path().join("plugin.wit"), work.path().join("plugin.wasm"));
        let mut bundle = self.step("bundle");
        bundle.arg("--file").arg(file).arg("--out").arg(&code).args(["--publisher", publisher]);
        if trace {
            bundle.arg("--trace");
        }
        let bundled: Bundled = answer("the bundler", &mut bundle, "")?;
        let whole = Contract::read()?;
        let used = javascript::used(&whole, &bundled.imports)?;
        std::fs::write(&wit, whole.trimmed(&used)?).map_err(BuildError::file("write", &wit))?;
        let mut componentize = self.step("componentize");
        componentize.arg("--wit").arg(&wit).args(["--world", contract::PLUGIN]);
        componentize.arg("--code").arg(&code).arg("--out").arg(&out);
        let made: Componentized = answer("the maker of components", &mut componentize, "")?;
        let component = std::fs::read(&out).map_err(BuildError::file("read", &out))?;
        let toolchain = format!("node {}, {}", self.node.version, made.engine);
        Ok(Action { manifest: bundled.manifest, component, toolchain, token: bundled.token, notes: bundled.notes })
    }

    /// What there is to say of an action, without building it.
    pub(super) fn migrate(&self, file: &Path, publisher: &str) -> Result<Migration, BuildError> {
        let mut command = self.step("migrate");
        command.arg("--file").arg(file).args(["--publisher", publisher]);
        answer("the analysis", &mut command, "")
    }

    /// Runs an action in Node with an `api` that records, as the case says.
    ///
    /// # Errors
    /// When the step fails or does not end; what the action itself throws is part of the answer.
    pub fn record(&self, case: &Value, within: Duration) -> Result<Value, BuildError> {
        let text = step::run("node", &mut self.step("record"), &case.to_string(), within)?;
        read("node", &text)
    }

    fn step(&self, name: &str) -> Command {
        let mut command = Command::new(&self.node.path);
        command.arg(self.dir.join(PROGRAM)).arg(name).env("TZ", "UTC").env_remove("NODE_OPTIONS");
        command
    }
}

pub(super) fn is_file(file: &Path) -> Result<(), BuildError> {
    if file.is_file() {
        return Ok(());
    }
    Err(BuildError::Project(format!("`{}` is no file: name an action's JavaScript file", file.display())))
}

fn answer<T: for<'a> Deserialize<'a>>(tool: &str, command: &mut Command, input: &str) -> Result<T, BuildError> {
    let text = step::run(tool, command, input, STEP)?;
    read(tool, &text)
}

fn read<T: for<'a> Deserialize<'a>>(tool: &str, text: &[u8]) -> Result<T, BuildError> {
    serde_json::from_slice(text)
        .map_err(|why| BuildError::ToolFailed(format!("{tool} did not answer as expected: {why}")))
}

/// The user's cache (XDG Base Directory Specification).
fn cache() -> Result<PathBuf, BuildError> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let dir =
        named("XDG_CACHE_HOME").filter(|dir| dir.is_absolute()).or_else(|| named("HOME").map(|dir| dir.join(".cache")));
    let dir = dir.ok_or_else(|| {
        BuildError::Project("there is no place for the kit: set `HOME` or `XDG_CACHE_HOME` to a folder".to_owned())
    })?;
    Ok(dir.join("postlude"))
}

/// All files of the kit, with their paths in its folder.
fn files() -> impl Iterator<Item = (String, &'static [u8])> {
    let own = AUTH0_KIT.iter().chain([&RESERVED_CLAIMS]).map(|(path, bytes)| ((*path).to_owned(), *bytes));
    own.chain(SDK_JS.iter().map(|(path, bytes)| (format!("{SDK}/{path}"), *bytes)))
}

/// A kit with other files is another kit.
fn fingerprint() -> String {
    let mut hash = Sha256::new();
    for (path, bytes) in files() {
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update(bytes.len().to_le_bytes());
        hash.update(bytes);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the kit beside its place and moves it there, so that it is never there in part.
fn install(dir: &Path) -> Result<(), BuildError> {
    let npm = tools::require(&NPM)?;
    let parent = dir.parent().unwrap_or(dir);
    std::fs::create_dir_all(parent).map_err(BuildError::file("make the folder", parent))?;
    let scratch = tempfile::Builder::new().prefix(".auth0-").tempdir_in(parent);
    let scratch = scratch.map_err(BuildError::file("make a folder in", parent))?;
    let root = scratch.path().join("kit");
    for (path, bytes) in files() {
        let path = root.join(path);
        let folder = path.parent().unwrap_or(&root);
        std::fs::create_dir_all(folder).map_err(BuildError::file("make the folder", folder))?;
        std::fs::write(&path, bytes).map_err(BuildError::file("write", &path))?;
    }
    tell(&format!("installing what Auth0's actions are built with into {} (once, half a minute)", dir.display()));
    let mut command = Command::new(&npm.path);
    command.current_dir(&root).args([
        "ci",
        "--omit=dev",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--loglevel=error",
    ]);
    step::run("`npm ci`", &mut command, "", INSTALLING)?;
    let complete = root.join(COMPLETE);
    std::fs::write(&complete, "").map_err(BuildError::file("write", &complete))?;
    match std::fs::rename(&root, dir) {
        // Somebody else was faster.
        Err(_) if dir.join(COMPLETE).is_file() => Ok(()),
        moved => moved.map_err(BuildError::file("move the kit to", dir)),
    }
}

/// A line for who waits.
pub(super) fn tell(text: &str) {
    use std::io::Write as _;
    // Nobody is left to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kit_is_complete() {
        let all: Vec<String> = files().map(|(path, _)| path).collect();
        for path in
            [PROGRAM, "package.json", "package-lock.json", "src/run.js", "sdk/src/promises.js", "sdk/build/engine.mjs"]
        {
            assert!(all.iter().any(|one| one == path), "{path}");
        }
        assert_eq!(fingerprint().len(), 16);
    }

    #[test]
    fn a_folder_is_no_action() {
        let dir = tempfile::tempdir().unwrap();
        let node = Found { path: PathBuf::from("node"), version: String::new() };
        let kit = Kit { dir: dir.path().to_owned(), node };
        let why = kit.action(dir.path(), "example.com", false).unwrap_err().to_string();
        assert!(why.ends_with("is no file: name an action's JavaScript file"), "{why}");
    }
}
