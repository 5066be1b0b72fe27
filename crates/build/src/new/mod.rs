//! New projects: files of a template, and a copy of the SDK, from this program alone.

mod create;
mod error;
mod sdk;
mod template;
mod words;

pub use create::{Created, NewProject, create, update_sdk};
pub use error::NewError;
pub use template::Template;
