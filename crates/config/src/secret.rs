//! Secrets and keys by reference: from the environment or from a file, never in the configuration itself.

use super::files::{self, FileError, Links};
use super::problem::Complaint;
use super::read::{At, Section, shown};
use super::tree::{Kind, Node, Table};
use postlude_model::action::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a secret or key file: the largest real one is a JWKS of a few keys.
pub const SECRET_FILE_BYTES: u64 = 64 * 1024;

/// Where secrets come from: the variables of the process or a map of them, and stand-ins for files.
#[derive(Clone, Default)]
pub struct Environment {
    /// Exactly these variables; none: those of the process.
    variables: Option<BTreeMap<String, String>>,
    /// What stands in for variables and files.
    stand_ins: Arc<BTreeMap<SecretRef, String>>,
    /// Whether a configuration is only tried: nobody logs in by it.
    trial: bool,
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn process() -> Self {
        Self::default()
    }

    /// Exactly these variables.
    pub fn of<K: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables: Some(variables), ..Self::default() }
    }

    /// Takes these texts for the variables and files that they are named by, whether those exist or not: a configuration can then
    /// be tried where its secrets are not, with plugins that are not signed yet.
    #[must_use]
    pub fn with_stand_ins(self, texts: impl IntoIterator<Item = (SecretRef, String)>) -> Self {
        Self { stand_ins: Arc::new(texts.into_iter().collect()), trial: true, ..self }
    }

    pub(super) const fn is_trial(&self) -> bool {
        self.trial
    }

    fn get(&self, name: &str) -> Option<String> {
        match &self.variables {
            Some(variables) => variables.get(name).cloned(),
            None => std::env::var(name).ok(),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values are secrets.
        let names = self.variables.as_ref().map(|variables| variables.keys().collect::<Vec<_>>());
        f.debug_struct("Environment").field("variables", &names).field("stand_ins", &self.stand_ins.keys()).finish()
    }
}

/// Where a secret or key is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretRef {
    /// In an environment variable.
    Env(String),
    /// In a file; one newline at its end is not part of it.
    File(PathBuf),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable `{name}`"),
            Self::File(path) => write!(f, "file `{}`", path.display()),
        }
    }
}

/// Why a secret could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or not UTF-8.
    #[error("environment variable `{0}` is not set")]
    Unset(String),
    /// The file cannot be read.
    #[error("file `{0}` cannot be read: {1}")]
    Unreadable(String, String),
    /// The file is too large.
    #[error("file `{0}` has more than {SECRET_FILE_BYTES} bytes")]
    TooLarge(String),
    /// The secret is not UTF-8.
    #[error("file `{0}` is not UTF-8")]
    NotText(String),
    /// The secret is empty.
    #[error("{0} is empty")]
    Empty(String),
}

impl SecretRef {
    /// Gets the secret now; one newline at its end is cut off.
    ///
    /// # Errors
    /// When the variable or file is missing, unreadable, too large, no text, or empty.
    pub fn resolve(&self, environment: &Environment) -> Result<Secret, SecretError> {
        let mut text = match (environment.stand_ins.get(self), self) {
            (Some(text), _) => text.clone(),
            (None, Self::Env(name)) => environment.get(name).ok_or_else(|| SecretError::Unset(name.clone()))?,
            (None, Self::File(path)) => read(path)?,
        };
        if text.ends_with('\n') {
            text.truncate(text.len() - 1);
            if text.ends_with('\r') {
                text.truncate(text.len() - 1);
            }
        }
        if text.is_empty() { Err(SecretError::Empty(self.to_string())) } else { Ok(Secret::new(text)) }
    }

    /// Whether it is a file that every user of the machine may read.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        match self {
            Self::Env(_) => false,
            Self::File(path) => is_world_readable(path),
        }
    }
}

fn read(path: &Path) -> Result<String, SecretError> {
    let shown = path.display().to_string();
    let bytes = files::read(path, SECRET_FILE_BYTES, Links::Anywhere).map_err(|why| match why {
        FileError::TooLarge(_) => SecretError::TooLarge(shown.clone()),
        FileError::Unreadable(why) => SecretError::Unreadable(shown.clone(), why.to_string()),
        why => SecretError::Unreadable(shown.clone(), format!("it {why}")),
    })?;
    String::from_utf8(bytes).map_err(|_| SecretError::NotText(shown))
}

#[cfg(unix)]
fn is_world_readable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
const fn is_world_readable(_: &Path) -> bool {
    false
}

/// Reads a reference. A value that stands in the file itself is refused, and never repeated in the message.
pub(super) fn reference(node: &Node, base: &Path) -> Result<SecretRef, Complaint> {
    const HINT: &str = "write `{ env = \"NAME\" }` or `{ file = \"path\" }`";
    let Kind::Table(table) = &node.kind else {
        return Err(Complaint::new("secrets do not stand in this file").hint(HINT));
    };
    match (text(table, "env"), text(table, "file"), table.len()) {
        (Some(name), None, 1) if is_variable(name) => Ok(SecretRef::Env(name.to_owned())),
        (Some(name), None, 1) => {
            Err(Complaint::new(format!("`{}` is not the name of an environment variable", shown(name))).hint(HINT))
        }
        (None, Some(path), 1) if !path.is_empty() => Ok(SecretRef::File(base.join(path))),
        _ => Err(Complaint::new("is not a reference to a secret").hint(HINT)),
    }
}

fn text<'t>(table: &'t Table, key: &str) -> Option<&'t str> {
    match &table.get(key)?.1.kind {
        Kind::String(text) => Some(text),
        _ => None,
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b'=')
}

/// Where files are looked up and variables come from.
#[derive(Debug, Clone)]
pub(super) struct Origin<'a> {
    /// The folder of the configuration file.
    pub(super) base: &'a Path,
    /// The variables.
    pub(super) environment: &'a Environment,
}

impl Origin<'_> {
    /// A secret by reference: it must be there now, and a file that anyone may read is a warning.
    pub(super) fn secret(&self, section: &mut Section<'_>, key: &'static str) -> Option<(At<SecretRef>, Secret)> {
        let (_, node) = section.entry(key)?;
        self.secret_at(section, key, node)
    }

    /// A text by reference, which need not be a secret: then anyone may read its file.
    pub(super) fn text(
        &self,
        section: &mut Section<'_>,
        key: &'static str,
        is_secret: bool,
    ) -> Option<(At<SecretRef>, Secret)> {
        let (_, node) = section.entry(key)?;
        self.get(section, key, node, is_secret)
    }

    /// Reads a reference in a value that was found already.
    pub(super) fn secret_at(&self, section: &Section<'_>, key: &str, node: &Node) -> Option<(At<SecretRef>, Secret)> {
        self.get(section, key, node, true)
    }

    fn get(&self, section: &Section<'_>, key: &str, node: &Node, is_secret: bool) -> Option<(At<SecretRef>, Secret)> {
        if matches!(node.kind, Kind::Broken) {
            return None;
        }
        let found = section.value_or_report(key, node.at, reference(node, self.base))?;
        let secret = found.resolve(self.environment).map_err(|why| Complaint::new(why.to_string()));
        let secret = section.value_or_report(key, node.at, secret)?;
        if is_secret && found.is_exposed() {
            let message = format!("{}: {} can be read by every user of this machine", section.label(key), found.value);
            section.log.warn(node.at, message, "take the right away: `chmod o-r`");
        }
        Some((found, secret.value))
    }
}
