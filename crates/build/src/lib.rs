//! Turns a partner's project into one plugin file.
//!
//! [`build()`] finds the project's language by its files, compiles it with that language's own tools, makes a component of what came
//! out, puts the manifest in, checks it as a host would, and writes one `.wasm` file. Each language is one file of this crate, with
//! one function `compile`; all that is the same for every language is in the others.

pub mod auth0;
mod build;
mod built;
mod c;
mod command;
mod compiled;
mod component;
mod contract;
mod embedded;
mod error;
mod file;
mod go;
mod javascript;
mod language;
mod manifest;
mod new;
mod preview1;
mod project;
mod python;
mod rust;
mod settings;
mod shim;
pub mod tools;
mod trim;
mod watch;

pub use build::{BuildOptions, build};
pub use built::Built;
pub use component::embed_manifest;
pub use error::BuildError;
pub use language::Language;
pub use new::{Created, NewError, NewProject, Template, create, update_sdk};
pub use project::Project;
pub use shim::ShimKept;
pub use watch::Watch;
