//! Why a workbench does not do what it was asked: mistakes of its user, in the host's own words.

use postlude_config::Problem;
use postlude_host::OpenHostError;
use std::fmt;
use std::path::PathBuf;

/// Why a workbench does not open, or does not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkbenchError {
    /// The engine does not start.
    #[error("{0}")]
    Engine(String),
    /// A file is not a plugin that this host runs.
    #[error("{0}")]
    Plugin(String),
    /// The plugins, their settings and what they are granted do not go together.
    #[error("{}", lines(.0))]
    Config(Vec<ConfigMistake>),
    /// The workbench was used wrongly; the text says how.
    #[error("{0}")]
    Usage(String),
    /// A temporary file cannot be used.
    #[error("{0}")]
    Io(String),
    /// A defect of the host or the workbench.
    #[error("{0}")]
    Internal(String),
}

/// A mistake that the host finds in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigMistake {
    /// The user's own configuration file and the line in it; none where the workbench wrote the configuration.
    pub place: Option<(PathBuf, usize)>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for ConfigMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((file, line)) = &self.place {
            write!(f, "{}:{line}: ", file.display())?;
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl WorkbenchError {
    pub(super) fn io(what: &str, why: std::io::Error) -> Self {
        Self::Io(format!("{what} cannot be written: {why}"))
    }

    /// A host that does not open. `own` says that the configuration is the user's, so that places in it mean something.
    pub(super) fn open(why: OpenHostError, own: bool) -> Self {
        match why {
            OpenHostError::Config(problems) => Self::mistakes(problems.errors(), own),
            OpenHostError::Engine(why) => Self::Engine(why.to_string()),
            other => Self::Internal(other.to_string()),
        }
    }

    pub(super) fn mistakes<'p>(problems: impl Iterator<Item = &'p Problem>, own: bool) -> Self {
        let mistake = |problem: &Problem| ConfigMistake {
            place: own.then(|| (problem.file.clone(), problem.line)),
            // The workbench has one tenant, of which its user knows nothing.
            message: if own {
                problem.message.clone()
            } else {
                problem.message.replace("tenant `stories`: ", "").replace("tenant `stories`, ", "")
            },
            hint: problem.hint.clone(),
        };
        Self::Config(problems.map(mistake).collect())
    }
}

fn lines(mistakes: &[ConfigMistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
