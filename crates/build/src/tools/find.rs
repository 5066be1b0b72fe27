//! Looks for tools on this machine.

use super::missing::MissingTool;
use super::program::program;
use super::rust_for_wasm::Toolchain;
use super::system::System;
use super::table::{How, Tool};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A tool that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The program, or the file.
    pub path: PathBuf,
    /// The first line of what it says about its version; empty for a file.
    pub version: String,
}

/// Looks for a tool. Runs it once for its version, which takes milliseconds.
#[must_use]
pub fn find(tool: &Tool) -> Option<Found> {
    match tool.how {
        How::Program { names, variable, version } => {
            let named = variable.and_then(std::env::var_os).filter(|name| !name.is_empty());
            let path = match named {
                Some(name) => program(&name)?,
                None => names.iter().find_map(|name| program(OsStr::new(name)))?,
            };
            Some(Found { version: first_line(&path, version)?, path })
        }
        How::File(paths) => {
            let path = paths.iter().map(Path::new).find(|path| path.is_file())?;
            Some(Found { path: path.to_owned(), version: String::new() })
        }
        How::RustForWasm => {
            let toolchain = Toolchain::find(Path::new(".")).ok()?;
            Some(Found { path: toolchain.sysroot().to_owned(), version: toolchain.to_string() })
        }
    }
}

/// The tool, or what to do about its absence.
///
/// # Errors
/// When the tool is not there.
pub fn require(tool: &Tool) -> Result<Found, MissingTool> {
    find(tool).ok_or_else(|| MissingTool::new(tool, System::current()))
}

/// The first line that a program prints; none where it fails.
fn first_line(path: &Path, args: &[&str]) -> Option<String> {
    let answer = Command::new(path).args(args).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&answer.stdout).lines().next().unwrap_or_default().trim().to_owned();
    answer.status.success().then_some(text)
}
