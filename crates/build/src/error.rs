//! Why a project did not become a plugin.

use crate::tools::MissingTool;
use postlude_model::manifest::ManifestError;
use postlude_sandbox::LoadError;
use std::io;
use std::path::{Path, PathBuf};

/// Why a project did not become a plugin.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The project is not as it has to be; the sentence says where and what to do.
    #[error("{0}")]
    Project(String),
    /// The manifest is not acceptable.
    #[error("`{}`: {reason}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: ManifestError,
    },
    /// A tool is not installed.
    #[error(transparent)]
    MissingTool(#[from] MissingTool),
    /// A tool ran and failed; what it said is on standard error already, or in the sentence.
    #[error("{0}")]
    ToolFailed(String),
    /// A tool did not end in its time.
    #[error("{0}")]
    TimedOut(String),
    /// What the compiler made is not a plugin; the sentence says what to do.
    #[error("{0}")]
    NotAPlugin(String),
    /// A host would refuse the plugin.
    #[error("no host would load this plugin: {0}")]
    Refused(LoadError),
    /// A file or folder could not be read or written.
    #[error("cannot {doing} `{}`: {reason}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        reason: io::Error,
    },
}

impl BuildError {
    /// For `map_err`: what was being done with which file.
    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |reason| Self::File { doing, path, reason }
    }
}
