//! Actions that were written for Auth0's trigger post-login, as they are: one JavaScript file becomes a plugin, with a manifest that
//! is drafted from its source.

mod kit;
mod migrate;
mod step;

pub use kit::{Action, Kit, Note, SessionToken};
pub use migrate::{Finding, Migration, Verdict, write_draft};

use crate::built::Built;
use crate::compiled::{Code, Compiled};
use crate::component;
use crate::error::BuildError;
use crate::file;
use crate::language::Language;
use crate::shim::ShimKept;
use postlude_model::manifest::Manifest;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The publisher of a draft that nobody reads.
const DRAFTED_BY: &str = "example.com";

/// What to build, and how.
#[derive(Debug, Clone)]
pub struct Auth0Options {
    /// The action's file.
    pub file: PathBuf,
    /// The publisher that a drafted manifest names: a domain name.
    pub publisher: String,
    /// Where to write: a file, or a folder that exists; by default the folder `build` beside the action.
    pub out: Option<PathBuf>,
}

/// A plugin that was built of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltAction {
    /// The plugin.
    pub built: Built,
    /// The manifest's file, beside the action.
    pub manifest: PathBuf,
    /// Whether the manifest was drafted by this build.
    pub drafted: bool,
    /// What the action uses that a plugin does not have: it fails where it comes to that.
    pub notes: Vec<Note>,
}

/// The manifest of an action: `login.js` has `login.manifest.json`.
#[must_use]
pub fn manifest_file(action: &Path) -> PathBuf {
    action.with_extension("manifest.json")
}

/// Builds a plugin of an action. Where there is no manifest beside it, one is drafted and written there; one that is there is taken as
/// it is. Blocks for some seconds; the first time some more, while the kit is installed.
///
/// # Errors
/// When the file is no action of the trigger post-login, needs what a plugin does not have, a tool is missing or fails, or a host would
/// not load the result: then no plugin is written.
pub fn build(options: &Auth0Options) -> Result<BuiltAction, BuildError> {
    let kit = Kit::open()?;
    let action = kit.action(&options.file, &options.publisher, false)?;
    let path = manifest_file(&options.file);
    let (text, drafted) = match std::fs::read(&path) {
        Ok(text) => (text, false),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => (pretty(&action.manifest)?, true),
        Err(why) => return Err(BuildError::file("read", &path)(why)),
    };
    let manifest = Manifest::parse(&text).map_err(|reason| BuildError::Manifest { path: path.clone(), reason })?;
    let compact = serde_json::from_slice::<Value>(&text).and_then(|value| serde_json::to_vec(&value));
    let compact = compact.map_err(|why| BuildError::Project(format!("`{}`: {why}", path.display())))?;
    if drafted {
        file::write_atomically(&path, &text)?;
    }
    let plugin = component::embed_manifest(&action.component, &compact);
    let inspection = postlude_sandbox::inspect(&plugin);
    if let Some(why) = inspection.refused {
        return Err(BuildError::Refused(why));
    }
    let name = manifest.name.to_string();
    let beside = options.file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let out = file::destination(options.out.as_deref(), &beside.join("build"), &name);
    file::write_atomically(&out, &plugin)?;
    let built = Built {
        name,
        language: Language::JavaScript,
        path: out,
        size: inspection.size,
        digest: inspection.digest,
        reproducible: true,
        imports: inspection.imports,
        tier: inspection.tier,
        toolchain: action.toolchain,
        shim_kept: Some(ShimKept::Toolchain),
    };
    Ok(BuiltAction { built, manifest: path, drafted, notes: action.notes })
}

/// Compiles the action of a project. What it uses that a plugin does not have is said on standard error.
pub(crate) fn compile(action: &Path, dir: &Path) -> Result<Compiled, BuildError> {
    let Action { component, toolchain, notes, .. } = Kit::open()?.action(action, DRAFTED_BY, false)?;
    for Note { line, column, what } in notes {
        kit::tell(&format!("warning: {}:{line}:{column}: {what}", action.display()));
    }
    Ok(Compiled { code: Code::Component(component), toolchain, reproducible: true, out_dir: dir.join("build") })
}

/// What will differ, and what is risky, when an action runs as a plugin. Blocks for a second or two; the first time some more, while
/// the kit is installed. Nothing is written.
///
/// # Errors
/// When there is no such file, or Node or the kit is missing. What is wrong with the action is a finding.
pub fn migrate(file: &Path, publisher: &str) -> Result<Migration, BuildError> {
    kit::is_file(file)?;
    let kit = Kit::open()?;
    let mut migration = kit.migrate(file, publisher)?;
    migration.judge_manifest();
    Ok(migration)
}

/// The plugin of an action with its drafted manifest, as bytes.
///
/// # Errors
/// When the draft cannot be written as JSON: a defect.
pub fn with_draft(action: &Action) -> Result<Vec<u8>, BuildError> {
    let manifest = serde_json::to_vec(&action.manifest).map_err(|why| BuildError::Project(why.to_string()))?;
    Ok(component::embed_manifest(&action.component, &manifest))
}

fn pretty(manifest: &Value) -> Result<Vec<u8>, BuildError> {
    let mut text = serde_json::to_vec_pretty(manifest).map_err(|why| BuildError::Project(why.to_string()))?;
    text.push(b'\n');
    Ok(text)
}
