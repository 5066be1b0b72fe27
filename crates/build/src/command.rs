//! Runs a language's tools.

use crate::error::BuildError;
use std::process::{Command, Stdio};

/// Runs a tool whose standard output is wanted; what it says on standard error, the user sees. `tool` is its name in messages.
pub(crate) fn output(tool: &str, command: &mut Command) -> Result<Vec<u8>, BuildError> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
    let answer = child.and_then(|child| child.wait_with_output());
    let answer = answer.map_err(|why| BuildError::ToolFailed(format!("cannot run {tool}: {why}")))?;
    if answer.status.success() {
        return Ok(answer.stdout);
    }
    Err(BuildError::ToolFailed(format!("{tool} failed, see above")))
}
