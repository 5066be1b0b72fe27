//! What a language's tools made of a project.

use std::path::PathBuf;

/// What a language's tools made of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compiled {
    /// The code.
    pub(crate) code: Code,
    /// The tools with their versions, for people.
    pub(crate) toolchain: String,
    /// Whether another build of the same source with the same tools gives the same bytes.
    pub(crate) reproducible: bool,
    /// The folder of the plugin where the caller names none.
    pub(crate) out_dir: PathBuf,
}

/// The form in which a toolchain gives its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Code {
    /// A core module with its component type in a custom section. It may import WASI preview 1, which is adapted.
    Module(Vec<u8>),
    /// A component, without a manifest.
    Component(Vec<u8>),
}
