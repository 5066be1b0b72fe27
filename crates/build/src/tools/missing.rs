//! The error for a tool that is not installed.

use super::system::System;
use super::table::Tool;

/// A tool that is not installed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is missing, which {does}; install it: {install}")]
pub struct MissingTool {
    /// The tool's name.
    pub name: &'static str,
    /// What it does.
    pub does: &'static str,
    /// How it is installed on this system: a phrase with the command in backticks.
    pub install: &'static str,
}

impl MissingTool {
    /// For a tool that was not found.
    #[must_use]
    pub const fn new(tool: &Tool, system: System) -> Self {
        Self { name: tool.name, does: tool.does, install: tool.install.on(system) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::{CLANG, GO, RUST_FOR_WASM};

    #[test]
    fn the_command_is_that_of_the_system() {
        let texts: Vec<_> = [System::Debian, System::Fedora, System::MacOs, System::Other]
            .iter()
            .flat_map(|system| [CLANG, GO, RUST_FOR_WASM].map(|tool| MissingTool::new(&tool, *system).to_string()))
            .collect();
        insta::assert_snapshot!(texts.join("\n"));
    }
}
