//! Logins that happened, as they were observed.

use crate::partner::PromptAnswer;
use crate::story::{HttpStep, PluginRef, Setup};
use postlude_model::action::Mode;
use postlude_model::names::Timestamp;
use serde_json::Value;

/// Something that was observed.
#[derive(Debug, Clone)]
pub struct Observed {
    /// When.
    pub at: Timestamp,
    /// The browser.
    pub browser: String,
    /// What happened.
    pub call: ObservedCall,
    /// What came of it, as [`Answer::json`](crate::workbench::Answer::json) has it; members that are not there are not expected.
    pub answer: Value,
    /// The requests that the plugins made, and their answers.
    pub http: Vec<HttpStep>,
}

/// The pipeline in which something was observed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordedPipeline {
    /// The setup of the plugin under test.
    pub setup: Setup,
    /// The plugins, in order; empty: the plugin under test alone.
    pub plugins: Vec<PluginRef>,
}

/// A login that becomes a story.
#[derive(Debug, Clone)]
pub struct RecordedStory {
    /// What the story is called; of one file each story has another name.
    pub name: String,
    /// The pipeline.
    pub pipeline: RecordedPipeline,
    /// What happened, in order.
    pub observed: Vec<Observed>,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum ObservedCall {
    /// A user logged in.
    Login {
        /// The whole event. Its session is left out: a story's browser brings its own.
        event: Value,
        /// How the login reached the identity provider.
        mode: Mode,
    },
    /// The prompt site answered, and the browser was back.
    Prompt(PromptAnswer),
    /// The user logged out.
    Logout,
}
