//! The workbench and its stories, with the plugins of this repository.
#![expect(clippy::unwrap_used, reason = "tests stop at what surprises them")]

mod support;
mod workbench;
