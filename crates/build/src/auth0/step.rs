//! Runs a step of the kit's program within a time, and keeps what it says.

use crate::error::BuildError;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often a step is asked whether it is done.
const EVERY: Duration = Duration::from_millis(5);
/// The most that is kept of what a step says about its failure.
const SAID_BYTES: usize = 4096;

/// Runs a command; its standard output. What it says on standard error is in the error, or is passed on. `name` is its name in messages.
pub(super) fn run(name: &str, command: &mut Command, input: &str, within: Duration) -> Result<Vec<u8>, BuildError> {
    let failed = |why: std::io::Error| BuildError::ToolFailed(format!("cannot run {name}: {why}"));
    // Files and no pipes: a full pipe would stop the step.
    let files = (|| Ok([tempfile::tempfile()?, tempfile::tempfile()?, written(input)?]))();
    let [mut out, mut said, input] = files.map_err(failed)?;
    let child = command
        .stdin(Stdio::from(input))
        .stdout(Stdio::from(out.try_clone().map_err(failed)?))
        .stderr(Stdio::from(said.try_clone().map_err(failed)?))
        .spawn();
    let mut child = child.map_err(failed)?;
    let end = Instant::now().checked_add(within);
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if end.is_none_or(|end| Instant::now() < end) => std::thread::sleep(EVERY),
            None => {
                child.kill().and_then(|()| child.wait()).map_err(failed)?;
                let seconds = within.as_secs();
                return Err(BuildError::TimedOut(format!("{name} did not end within {seconds} s")));
            }
        }
    };
    let said = read(&mut said).map_err(failed)?;
    let said = String::from_utf8_lossy(said.get(..SAID_BYTES).unwrap_or(&said)).trim().to_owned();
    if !status.success() {
        return Err(BuildError::ToolFailed(format!("{name} failed: {said}")));
    }
    read(&mut out).map_err(failed)
}

fn written(text: &str) -> std::io::Result<File> {
    use std::io::Write as _;
    let mut file = tempfile::tempfile()?;
    file.write_all(text.as_bytes())?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

fn read(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, input: &str, within: Duration) -> Result<String, String> {
        let mut command = Command::new("sh");
        let ran = run("the step", command.args(["-c", script]), input, within);
        ran.map(|out| String::from_utf8(out).unwrap()).map_err(|why| why.to_string())
    }

    #[test]
    fn a_step_answers_or_says_why_not() {
        let within = Duration::from_secs(20);
        assert_eq!(shell("cat; echo no >&2", "yes", within), Ok("yes".to_owned()));
        assert_eq!(shell("echo no >&2; exit 1", "", within), Err("the step failed: no".to_owned()));
    }

    #[test]
    fn a_step_that_does_not_end_is_ended() {
        let why = shell("exec sleep 60", "", Duration::from_millis(50)).unwrap_err();
        assert_eq!(why, "the step did not end within 0 s");
    }
}
