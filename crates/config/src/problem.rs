//! What is wrong with a configuration: file, line, what, and what to do about it. All of it at once.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::path::{Path, PathBuf};

/// A place in the configuration file. Lines and columns count from 1; columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Default for Place {
    fn default() -> Self {
        Self { line: 1, column: 1 }
    }
}

/// Whether a problem stops the configuration from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// The configuration can be used; a person should look.
    Warning,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The configuration file, as it was named to us.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Error or warning.
    pub severity: Severity,
}

impl Problem {
    /// Whether it is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file.display(), self.line)?;
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// Every problem of a configuration, in the order of the file, none twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Sorts the problems by place and drops repetitions.
    #[must_use]
    pub fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|a, b| {
            let key = |p: &Problem| (p.file.clone(), p.line, p.column, p.severity);
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
        problems.dedup();
        Self(problems)
    }

    /// All of them, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }

    /// The errors, in order.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter().filter(|problem| problem.is_error())
    }

    /// The warnings, in order.
    pub fn warnings(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter().filter(|problem| !problem.is_error())
    }

    /// Whether one of them stops the configuration from being used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }

    /// The problems themselves.
    #[must_use]
    pub fn into_vec(self) -> Vec<Problem> {
        self.0
    }

    /// The value and its warnings.
    ///
    /// # Errors
    /// All problems, when one of them is an error.
    pub fn into_warnings<T>(self, value: T) -> Result<(T, Vec<Problem>), Self> {
        if self.has_errors() { Err(self) } else { Ok((value, self.0)) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Where problems are collected while a file is read and bound.
#[derive(Debug)]
pub struct Log {
    file: PathBuf,
    problems: RefCell<Vec<Problem>>,
    unparsed: Cell<bool>,
}

impl Log {
    /// An empty log about a file.
    #[must_use]
    pub fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), problems: RefCell::default(), unparsed: Cell::new(false) }
    }

    /// Notes an error without a hint.
    pub fn error(&self, at: Place, message: impl Into<String>) {
        self.push(at, Severity::Error, message.into(), None);
    }

    /// Notes an error with the remedy.
    pub fn error_hint(&self, at: Place, message: impl Into<String>, hint: impl Into<String>) {
        self.push(at, Severity::Error, message.into(), Some(hint.into()));
    }

    /// Notes a warning with the remedy.
    pub fn warn(&self, at: Place, message: impl Into<String>, hint: impl Into<String>) {
        self.push(at, Severity::Warning, message.into(), Some(hint.into()));
    }

    /// Notes a complaint about a value: what is wrong with it, and the remedy if there is one.
    pub fn complain(&self, at: Place, label: &str, complaint: Complaint) {
        self.push(at, Severity::Error, format!("{label}: {}", complaint.message), complaint.hint);
    }

    fn push(&self, at: Place, severity: Severity, message: String, hint: Option<String>) {
        let file = self.file.clone();
        self.problems.borrow_mut().push(Problem { file, line: at.line, column: at.column, message, hint, severity });
    }

    /// Notes a syntax error: from now on it is not certain what the file says.
    pub fn syntax(&self, at: Place, message: &str) {
        self.unparsed.set(true);
        self.error(at, format!("not TOML: {message}"));
    }

    /// Whether there was a syntax error.
    #[must_use]
    pub fn is_unparsed(&self) -> bool {
        self.unparsed.get()
    }

    /// How many errors there are so far.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.problems.borrow().iter().filter(|problem| problem.is_error()).count()
    }

    /// All problems, in the order of the file.
    #[must_use]
    pub fn into_problems(self) -> Problems {
        Problems::new(self.problems.into_inner())
    }
}

/// What is wrong with one value, before it is known where the value stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Complaint {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Complaint {
    /// A complaint without a remedy.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// Adds a remedy to the complaint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
