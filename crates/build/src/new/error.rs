//! Why a project was not made.

use std::io;
use std::path::{Path, PathBuf};

/// Why a project was not made. Nothing is left behind then.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// The name is not one that a plugin may have in that language.
    #[error("`{name}` is no name for a plugin: {why}")]
    Name {
        /// The name.
        name: String,
        /// What a name has to be.
        why: &'static str,
    },
    /// The publisher is no domain name.
    #[error("`{0}` is no publisher: name a domain of yours in lower case, such as `acme.example`")]
    Publisher(String),
    /// The folder is there already, with something in it.
    #[error("`{}` is there already, and nothing is overwritten: take another name, or move it away", .0.display())]
    Exists(PathBuf),
    /// The folder has no copy of the SDK that could be replaced.
    #[error("`{}` has no `postlude-sdk`: only projects that `postlude new` made have a copy of the SDK", .0.display())]
    NoSdk(PathBuf),
    /// This version of the program has no template for the language.
    #[error("there is no template `{template}` for {language} in this version of postlude")]
    NoTemplate {
        /// The template.
        template: &'static str,
        /// The language.
        language: &'static str,
    },
    /// The folder's files do not tell its language.
    #[error("`{}` is no project of one language", .0.display())]
    Language(PathBuf),
    /// The SDK inside this program is malformed.
    #[error("the SDK inside this program is malformed: {0}")]
    Sdk(String),
    /// A file or folder could not be written.
    #[error("cannot write `{}`: {reason}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        reason: io::Error,
    },
}

impl NewError {
    /// For `map_err`: the file that could not be written.
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |reason| Self::File { path, reason }
    }
}
