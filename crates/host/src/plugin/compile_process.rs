//! The host's side of the compiling process: it starts the process, feeds it, and ends it when its time is over or no caller waits.

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

/// The whole environment of the compiling process. Its allocator would reserve a GiB of address space at a time, which the
/// process may not have, and sometimes ends by SIGSEGV where it cannot; in steps of 16384 KiB it fails as Rust expects.
const ENVIRONMENT: [(&str, &str); 1] = [("MIMALLOC_ARENA_RESERVE", "16384")];

/// Compiles a component in a process of `program`, within limits. Dropping the future kills the process.
///
/// # Errors
/// When the component is refused, reaches a limit or crashes the compiler, or the program does not start.
pub(super) async fn compile(program: &Path, component: &[u8], limits: &Limits) -> Result<Vec<u8>, CompileError> {
    let broken = |why: std::io::Error| CompileError::Worker { program: program.to_owned(), why: why.to_string() };
    let mut child = command(program, limits).spawn().map_err(broken)?;
    match tokio::time::timeout(limits.deadline, exchange(&mut child, component, limits)).await {
        Ok(output) => output.map_err(broken)?.outcome(limits),
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
        .args(["--niceness", &limits.niceness.to_string()])
        // No secret that the server was given by its environment, and no folder of its.
        .env_clear()
        .envs(ENVIRONMENT)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// What a compiling process printed, and how it ended.
struct ProcessOutput {
    status: ExitStatus,
    output: Vec<u8>,
    errors: Vec<u8>,
}

async fn exchange(child: &mut Child, component: &[u8], limits: &Limits) -> std::io::Result<ProcessOutput> {
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut input) = input {
            // A process that ended early says why by other means.
            let _ = input.write_all(component).await;
        }
    };
    let ((), output, errors) =
        tokio::join!(feed, read_most(output, limits.code_bytes + 1), read_most(errors, STDERR_BYTES));
    Ok(ProcessOutput { status: child.wait().await?, output: output?, errors: errors? })
}

/// Reads up to a limit. Past it the pipe is closed, and whoever writes on ends by that.
async fn read_most(pipe: Option<impl AsyncRead + Unpin>, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(limit).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

impl ProcessOutput {
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
            None if !self.status.success() => Err(CompileError::Crashed(format!("{}{}", self.status, reason(&errors)))),
            None => match self.output.strip_prefix(REFUSED) {
                Some(why) => Err(CompileError::Refused(String::from_utf8_lossy(why).into_owned())),
                None => {
                    // What the kernel has not to shut it in.
                    for line in errors.lines().map(line_of) {
                        tracing::warn!("a plugin was compiled without {line}");
                    }
                    Ok(self.output)
                }
            },
        }
    }
}

/// What standard error says, in a line.
fn reason(errors: &str) -> String {
    let line = line_of(errors);
    if line.is_empty() { line } else { format!(": {line}") }
}

/// A text in a line, without what could change a terminal.
fn line_of(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, Instant};

    /// A program of a few lines of shell in the place of `postlude`.
    async fn told_by(script: &str, component: &[u8]) -> Result<Vec<u8>, CompileError> {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("program");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let limits = Limits { deadline: Duration::from_secs(2), code_bytes: 1000, ..Limits::of(component.len()) };
        // Another thread of this test may just have started a process, which holds the script open for a moment.
        for _ in 0..50 {
            match compile(&program, component, &limits).await {
                Err(CompileError::Worker { why, .. }) if why.contains("Text file busy") => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                told => return told,
            }
        }
        panic!("the script stays busy");
    }

    #[tokio::test]
    async fn what_goes_in_comes_out() {
        assert_eq!(told_by("cat", b"code").await.unwrap(), b"code");
        assert_eq!(
            told_by("cat >/dev/null; echo $#-$1-$2-$3-$4-$5-$6-$7", b"").await.unwrap(),
            b"7-compile-worker---memory-bytes-536870912---cpu-seconds-5---niceness-0\n"
        );
    }

    #[tokio::test]
    async fn the_environment_has_the_allocators_setting_alone() {
        let environment = told_by("/usr/bin/env", b"").await.unwrap();
        let environment = String::from_utf8(environment).unwrap();
        // The shell's own.
        let own = ["PWD=", "OLDPWD=", "SHLVL=", "_=", "MIMALLOC_ARENA_RESERVE=16384"];
        assert!(environment.lines().all(|line| own.iter().any(|own| line.starts_with(own))), "{environment}");
        assert!(environment.contains("PWD=/\n"), "{environment}");
    }

    #[tokio::test]
    async fn each_end_has_its_error() {
        let large = vec![0; 1 << 20];
        let limits = Limits::of(0);
        let cases: [(&str, &[u8], CompileError); 8] = [
            ("printf 'refused\nno manifest'", b"", CompileError::Refused("no manifest".to_owned())),
            ("printf 'out of memory\n'", b"", CompileError::Memory(limits.memory_bytes)),
            (
                "echo 'memory allocation of 8 bytes failed' >&2; kill -ABRT $$",
                b"",
                CompileError::Memory(limits.memory_bytes),
            ),
            ("kill -XCPU $$", b"", CompileError::Time(limits.cpu)),
            ("kill -KILL $$", b"", CompileError::Crashed("signal 9".to_owned())),
            (
                "printf 'a \\033[1mpanic\n' >&2; exit 101",
                &large,
                CompileError::Crashed("exit status: 101: a [1mpanic".to_owned()),
            ),
            ("head -c 1001 /dev/zero", b"", CompileError::TooMuchCode(1000)),
            ("cat /dev/zero", b"", CompileError::TooMuchCode(1000)),
        ];
        for (script, component, expected) in cases {
            let expected = match expected {
                CompileError::Memory(_) if !component.is_empty() => {
                    CompileError::Memory(Limits::of(component.len()).memory_bytes)
                }
                other => other,
            };
            assert_eq!(told_by(script, component).await.unwrap_err(), expected, "{script}");
        }
        let missing = compile(Path::new("/nonexistent"), b"", &limits).await.unwrap_err();
        assert!(missing.to_string().contains("`/nonexistent` does not work as a compiler"), "{missing}");
    }

    /// Whether a process of this id is there and no zombie.
    fn alive(pid: u32) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    }

    async fn pid_in(file: &Path) -> u32 {
        for _ in 0..200 {
            if let Some(pid) = std::fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok()) {
                return pid;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the process wrote no id");
    }

    #[tokio::test]
    async fn a_process_that_hangs_is_killed_at_its_deadline() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");
        let began = Instant::now();
        let told = told_by(&format!("echo $$ > {}; exec sleep 600", file.display()), b"").await;
        assert_eq!(told.unwrap_err(), CompileError::Deadline(Duration::from_secs(2)));
        assert!(began.elapsed() < Duration::from_secs(60));
        assert!(!alive(pid_in(&file).await));
    }

    #[tokio::test]
    async fn a_process_is_killed_when_nobody_waits_any_more() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");
        let script = format!("echo $$ > {}; exec sleep 600", file.display());
        let waiting = tokio::spawn(async move { told_by(&script, b"").await });
        let pid = pid_in(&file).await;
        waiting.abort();
        for _ in 0..100 {
            if !alive(pid) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("process {pid} is still there");
    }
}
