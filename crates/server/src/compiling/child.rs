//! This end of the compiling process: starts it, feeds it, and ends it when its time is over or nobody waits any more.

use super::error::CompileError;
use super::limits::{Limits, STDERR_BYTES};
use super::worker::{OUT_OF_MEMORY, REFUSED};
use rustix::process::Signal;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// The subcommand of `postlude` that is the compiling process.
pub(super) const SUBCOMMAND: &str = "compile-worker";

/// Compiles a component in a process of `program`, within limits. Dropping the future kills the process.
///
/// # Errors
/// When the component is refused, reaches a limit or crashes the compiler, or the program does not start.
pub(super) async fn compile(program: &Path, component: &[u8], limits: &Limits) -> Result<Vec<u8>, CompileError> {
    let broken = |why: std::io::Error| CompileError::Worker { program: program.to_owned(), why: why.to_string() };
    let mut child = command(program, limits).spawn().map_err(broken)?;
    match tokio::time::timeout(limits.deadline, talk(&mut child, component, limits)).await {
        Ok(told) => told.map_err(broken)?.outcome(limits),
        Err(_) => {
            child.kill().await.map_err(broken)?;
            Err(CompileError::Deadline(limits.deadline))
        }
    }
}

fn command(program: &Path, limits: &Limits) -> Command {
    let mut command = Command::new(program);
    command
        .arg0("postlude")
        .arg(SUBCOMMAND)
        .args(["--memory-bytes", &limits.memory_bytes.to_string()])
        .args(["--cpu-seconds", &limits.cpu.as_secs().to_string()])
        // No secret that the server was given by its environment, and no folder of its.
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// All that a process left behind.
struct Told {
    status: ExitStatus,
    output: Vec<u8>,
    errors: Vec<u8>,
}

async fn talk(child: &mut Child, component: &[u8], limits: &Limits) -> std::io::Result<Told> {
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut input) = input {
            // A process that ended early says why by other means.
            let _ = input.write_all(component).await;
        }
    };
    let ((), output, errors) = tokio::join!(feed, most(output, limits.code_bytes + 1), most(errors, STDERR_BYTES));
    Ok(Told { status: child.wait().await?, output: output?, errors: errors? })
}

/// Reads up to a limit. Past it the pipe is closed, and whoever writes on ends by that.
async fn most(pipe: Option<impl AsyncRead + Unpin>, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(limit).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

impl Told {
    fn outcome(self, limits: &Limits) -> Result<Vec<u8>, CompileError> {
        let errors = String::from_utf8_lossy(&self.errors);
        if self.output == OUT_OF_MEMORY || errors.contains("memory allocation of") {
            return Err(CompileError::Memory(limits.memory_bytes));
        }
        if self.output.len() as u64 > limits.code_bytes {
            return Err(CompileError::TooMuchCode(limits.code_bytes));
        }
        match self.status.signal() {
            Some(signal) if signal == Signal::XCPU.as_raw() => Err(CompileError::Time(limits.cpu)),
            Some(signal) => Err(CompileError::Crashed(format!("signal {signal}{}", reason(&errors)))),
            None if !self.status.success() => {
                Err(CompileError::Crashed(format!("{}{}", self.status, reason(&errors))))
            }
            None => match self.output.strip_prefix(REFUSED) {
                Some(why) => Err(CompileError::Refused(String::from_utf8_lossy(why).into_owned())),
                None => Ok(self.output),
            },
        }
    }
}

/// What standard error says, in a line, without what could change a terminal.
fn reason(errors: &str) -> String {
    let line: String = errors.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).take(300).collect();
    if line.is_empty() { line } else { format!(": {line}") }
}
