//! From a project to a plugin file.

use crate::compiled::{Code, Compiled};
use crate::error::BuildError;
use crate::language::Language;
use crate::project::Project;
use crate::shim::ShimKept;
use crate::{c, component, file, go, javascript, python, rust, settings};
use postlude_model::names::Digest;
use postlude_sandbox::Tier;
use std::path::PathBuf;

/// What to build, and how.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// The project's folder.
    pub dir: PathBuf,
    /// The language, where the folder's files do not tell it.
    pub language: Option<Language>,
    /// Build without optimisation.
    pub debug: bool,
    /// Where to write: a file, or a folder that exists; by default the language's own place for what is built.
    pub out: Option<PathBuf>,
}

/// A plugin that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The plugin's name.
    pub name: String,
    /// The project's language.
    pub language: Language,
    /// The file.
    pub path: PathBuf,
    /// Bytes of the file.
    pub size: usize,
    /// The file's SHA-256 digest.
    pub digest: Digest,
    /// Whether another build of the same source with the same tools gives the same digest.
    pub reproducible: bool,
    /// The functions of the contract that it calls, as `session.record-factor`.
    pub imports: Vec<String>,
    /// What it asks of a host besides the contract.
    pub tier: Tier,
    /// The tools that compiled it, for people.
    pub toolchain: String,
    /// Why each run of it makes and drops instances that only hand its imports on; none where it does not.
    pub shim_kept: Option<ShimKept>,
}

/// Builds one plugin. What the language's tools say goes to standard error. Blocks until the tools are done, seconds to minutes.
///
/// # Errors
/// When the project is not as it has to be, a tool is missing or fails, or a host would not load the result: then nothing is written.
pub fn build(options: &BuildOptions) -> Result<Built, BuildError> {
    let project = Project::open(&options.dir, options.language)?;
    settings::renew(&project)?;
    let Compiled { code, toolchain, reproducible, out_dir } = compile(&project, options.debug)?;
    let (component, shim_kept) = match code {
        Code::Module(module) => component::from_module(&module, project.language)?,
        Code::Component(component) => (component, Some(ShimKept::Toolchain)),
    };
    let plugin = component::embed_manifest(&component, &project.manifest_json);
    let inspection = postlude_sandbox::inspect(&plugin);
    if let Some(why) = inspection.refused {
        return Err(BuildError::Refused(why));
    }
    let name = project.manifest.name.to_string();
    let path = file::destination(options.out.as_deref(), &out_dir, &name);
    file::write_atomically(&path, &plugin)?;
    Ok(Built {
        name,
        language: project.language,
        path,
        size: inspection.size,
        digest: inspection.digest,
        reproducible,
        imports: inspection.imports,
        tier: inspection.tier,
        toolchain,
        shim_kept,
    })
}

/// Each language in a file of its own.
fn compile(project: &Project, debug: bool) -> Result<Compiled, BuildError> {
    match project.language {
        Language::Rust => rust::compile(project, debug),
        Language::JavaScript | Language::TypeScript => javascript::compile(project, debug),
        Language::Python => python::compile(project, debug),
        Language::Go => go::compile(project, debug),
        Language::C => c::compile(project, debug),
    }
}
