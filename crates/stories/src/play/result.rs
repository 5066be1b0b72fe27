//! What came of a story.

use crate::pattern::Difference;
use crate::workbench::Answer;
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

/// What came of one story.
#[derive(Debug, Clone)]
pub struct StoryResult {
    /// The file in which the story stands; [`STOCK_FILE`](super::STOCK_FILE) for a stock story.
    pub file: PathBuf,
    /// The line at which it begins; zero for a stock story.
    pub line: usize,
    /// The story's name.
    pub name: String,
    /// Whether it passed.
    pub verdict: Verdict,
    /// How long it took.
    pub duration: Duration,
}

/// Whether a story passed.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Every answer was as expected.
    Passed,
    /// Steps were not as expected, in their order. After the first one whose answer is wrong no more steps were played; one whose
    /// answer is only not the stored one stops nothing.
    Failed(Vec<Failure>),
    /// It was not played; the reason stands in the story.
    Skipped(String),
    /// It cannot be played: its settings, plugins or steps do not go together.
    Refused(String),
}

/// The step of a story that was not as expected.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The step, from 1.
    pub step: usize,
    /// Its line.
    pub line: usize,
    /// The step in a few words.
    pub title: String,
    /// Everything that was not as expected.
    pub reasons: Vec<Reason>,
    /// The answer.
    pub answer: Answer,
}

/// One thing that was not as expected.
#[derive(Debug, Clone)]
pub enum Reason {
    /// A value of the answer is another one.
    Difference(Difference),
    /// A run was stopped, which nobody expected.
    Trap {
        /// What happened.
        message: String,
        /// The plugin's stack, innermost first.
        backtrace: Vec<String>,
    },
    /// A plugin made a request that no script expects.
    UnexpectedRequest {
        /// The request.
        request: Value,
        /// The lines that would expect it, to paste.
        script: String,
    },
    /// An expected request was not made.
    MissingRequest {
        /// The pattern of the request.
        request: Value,
        /// Its line.
        line: usize,
    },
    /// The answer is not the stored one, or none is stored.
    Snapshot {
        /// The file of the stored answer.
        file: PathBuf,
        /// The stored text; none where nothing is stored.
        stored: Option<String>,
        /// The answer's text.
        text: String,
    },
}

impl StoryResult {
    /// Whether the story was played and was as expected, or was not to be played.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self.verdict, Verdict::Passed | Verdict::Skipped(_))
    }
}

impl Reason {
    /// The reason in one line or several, without colour.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Difference(Difference { path, expected, found }) => {
                let found = found.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
                format!("{path}: expected {expected}, found {found}")
            }
            Self::Trap { message, .. } => format!("the plugin was stopped: {message}"),
            Self::UnexpectedRequest { request, .. } => {
                let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                format!("a request that no script expects: {} {}", text("method"), text("url"))
            }
            Self::MissingRequest { request, line } => {
                format!("the request of line {line} was not made: {request}")
            }
            Self::Snapshot { file, stored: None, .. } => {
                format!("no answer is stored in `{}`; `postlude test --accept` stores it", file.display())
            }
            Self::Snapshot { file, .. } => {
                format!(
                    "the answer is not the one stored in `{}`; `postlude test --review` shows the difference and asks, `--accept` takes it",
                    file.display()
                )
            }
        }
    }
}
