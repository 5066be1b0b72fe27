//! Python projects.

use crate::compiled::Compiled;
use crate::error::BuildError;
use crate::project::Project;

/// Compiles the project.
pub(crate) fn compile(project: &Project, _debug: bool) -> Result<Compiled, BuildError> {
    Err(BuildError::Project(format!("{} projects are not built by this version yet", project.language)))
}
