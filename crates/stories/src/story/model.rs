//! Stories as data.

use crate::event::merge;
use crate::partner::PromptAnswer;
use postlude_model::action::Mode;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A file of stories.
#[derive(Debug, Clone)]
pub struct StoryFile {
    /// The file, as it was named.
    pub path: PathBuf,
    /// The setup of the plugin under test, for all stories.
    pub setup: Setup,
    /// The plugins of the pipeline, in order; empty: the plugin under test alone.
    pub plugins: Vec<PluginRef>,
    /// The stories, in order.
    pub stories: Vec<Story>,
}

/// What the path of a plugin begins with that the playing program has inside, such as `demo:custom-factor`.
pub const BUILT_IN: &str = "demo:";

/// A plugin of a file's pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginRef {
    /// The line of its table.
    pub line: usize,
    /// A component's file, a project's folder, or [`BUILT_IN`] and a name; none is the plugin under test.
    pub path: Option<PathBuf>,
    /// The action's name, unless it is the plugin's own.
    pub name: Option<String>,
    /// Its settings and what belongs to them; for the plugin under test, over the file's.
    pub setup: Setup,
}

/// How an action is set up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Setup {
    /// The settings, an object.
    pub settings: Map<String, Value>,
    /// Secrets by name.
    pub secrets: BTreeMap<String, String>,
    /// What an operator would write in the action's table beside these.
    pub action: Map<String, Value>,
}

impl Setup {
    /// This setup with another one over it (RFC 7396).
    #[must_use]
    pub fn with(&self, above: &Self) -> Self {
        let merged = |below: &Map<String, Value>, above: &Map<String, Value>| {
            let mut all = Value::Object(below.clone());
            merge(&mut all, &Value::Object(above.clone()));
            all.as_object().cloned().unwrap_or_default()
        };
        let secrets = self.secrets.iter().chain(&above.secrets).map(|(name, value)| (name.clone(), value.clone()));
        Self {
            settings: merged(&self.settings, &above.settings),
            secrets: secrets.collect(),
            action: merged(&self.action, &above.action),
        }
    }
}

/// One story.
#[derive(Debug, Clone)]
pub struct Story {
    /// Its name, unique in its file.
    pub name: String,
    /// The line of its table.
    pub line: usize,
    /// Why it is not played.
    pub skip: Option<String>,
    /// The setup of the plugin under test, over the file's.
    pub setup: Setup,
    /// Changes of the sample event, for all logins (RFC 7396).
    pub event: Value,
    /// Requests that any step may make.
    pub http: Vec<HttpStep>,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

impl Story {
    /// Whether a user logs in, in a story that is played.
    #[must_use]
    pub fn has_login(&self) -> bool {
        self.skip.is_none() && self.steps.iter().any(|step| matches!(step.kind, StepKind::Login { .. }))
    }
}

/// One step of a story.
#[derive(Debug, Clone)]
pub struct Step {
    /// The line of its table.
    pub line: usize,
    /// What happens.
    pub kind: StepKind,
    /// The browser in which it happens.
    pub browser: String,
    /// The requests that the plugins make in it.
    pub http: Vec<HttpStep>,
    /// What is expected of the answer: a pattern.
    pub expect: Option<Value>,
    /// Whether the whole answer is compared with a stored one.
    pub snapshot: bool,
}

/// What happens in a step.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// A user logs in.
    Login {
        /// Changes of the event.
        event: Value,
        /// How the login reached the identity provider.
        mode: Mode,
    },
    /// The prompt site answers.
    Prompt(Box<PromptAnswer>),
    /// Time passes.
    Wait(Duration),
    /// The operator deploys another version of a plugin.
    Swap(PathBuf),
    /// The user logs out.
    Logout,
}

impl StepKind {
    /// The step in a word or two, for people.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Login { event, .. } => match event.pointer("/user/user_id").and_then(Value::as_str) {
                Some(user) => format!("login of {user}"),
                None => "login".to_owned(),
            },
            Self::Prompt(answer) => format!("prompt {}", answer.kind.as_str()),
            Self::Wait(duration) => format!("wait {} s", duration.as_secs_f64()),
            Self::Swap(path) => format!("swap {}", path.display()),
            Self::Logout => "logout".to_owned(),
        }
    }
}

/// A request that is expected, and its answer; templates in it are not filled in yet.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpStep {
    /// The line of its table.
    pub line: usize,
    /// The pattern of the request.
    pub request: Value,
    /// The answer: `status`, `headers` and `body`.
    pub answer: Value,
    /// Why there is none: `timeout`, `refused` or `too-large`.
    pub fail: Option<String>,
    /// Whether every request that fits is answered so, none included.
    pub repeats: bool,
}
