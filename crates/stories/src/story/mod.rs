//! Stories: files of logins and of what is expected of them, read strictly.

mod model;
mod read;
mod step;

pub use model::{BUILT_IN, HttpStep, PluginRef, Setup, Step, StepKind, Story, StoryFile};
pub use read::{read, read_text};
