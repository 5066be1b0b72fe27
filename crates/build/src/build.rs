//! From a project to a plugin file.

use crate::built::Built;
use crate::compiled::{Code, Compiled};
use crate::error::BuildError;
use crate::language::Language;
use crate::project::Project;
use crate::shim::ShimKept;
use crate::{auth0, c, component, file, go, javascript, python, rust, settings};
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
        Language::JavaScript | Language::TypeScript => match javascript::auth0_action(&project.dir)? {
            Some(action) => auth0::compile(&action, &project.dir),
            None => javascript::compile(project, debug),
        },
        Language::Python => python::compile(project, debug),
        Language::Go => go::compile(project, debug),
        Language::C => c::compile(project, debug),
    }
}
