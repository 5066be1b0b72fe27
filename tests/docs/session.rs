//! The shell session of a chapter: its commands run one after the other in a folder of their own, as a reader would type them.

use crate::chapter::{Block, Directive, Shown, commands, matches};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

/// How long a command in the background may take until it prints what shows that it is ready.
const READY: Duration = Duration::from_secs(180);

/// A session: the folder that its commands are in, their variables, and what runs in the background.
#[derive(Debug)]
pub struct Session {
    home: TempDir,
    background: Vec<Child>,
}

impl Session {
    pub fn new() -> Self {
        let session = Self { home: TempDir::new().unwrap(), background: Vec::new() };
        fs::create_dir(session.home.path().join("work")).unwrap();
        fs::write(session.state("folder"), session.home.path().join("work").to_str().unwrap()).unwrap();
        fs::write(session.state("variables"), "").unwrap();
        session
    }

    fn state(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The folder that the commands are in now.
    pub fn folder(&self) -> PathBuf {
        PathBuf::from(fs::read_to_string(self.state("folder")).unwrap().trim_end())
    }

    /// Plays a block.
    ///
    /// # Errors
    /// What differs from the documentation.
    pub fn play(&mut self, block: &Block) -> Result<(), String> {
        match (&block.directive, block.language.as_str()) {
            (Some(Directive::File(name)), _) => {
                let file = self.folder().join(name);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, &block.text).unwrap();
                Ok(())
            }
            (Some(Directive::Same(name)), _) => self.compare(name, &block.text),
            (Some(Directive::Elsewhere | Directive::Part), _) | (_, "text" | "") => Ok(()),
            (Some(Directive::Server(command)), _) => {
                self.start(&Shown { command: command.clone(), output: Vec::new() }, "127.0.0.1:")
            }
            (Some(Directive::Run(command)), _) => self.run(&Shown { command: command.clone(), output: Vec::new() }, 0),
            (_, "json") => serde_json::from_str::<serde_json::Value>(&block.text).map(drop).map_err(|e| e.to_string()),
            (_, "toml") => toml::from_str::<toml::Table>(&block.text).map(drop).map_err(|e| e.to_string()),
            (directive, "console") => self.console(&commands(&block.text), directive.as_ref()),
            (_, language) => {
                Err(format!("a block of language `{language}` is neither a file, a command nor text: nothing tests it"))
            }
        }
    }

    fn compare(&self, name: &str, shown: &str) -> Result<(), String> {
        let made = fs::read_to_string(self.folder().join(name)).map_err(|why| format!("`{name}`: {why}"))?;
        if made.trim_end() == shown.trim_end() {
            return Ok(());
        }
        Err(format!("`{name}` is\n{made}\nwhere the documentation shows\n{shown}"))
    }

    fn console(&mut self, all: &[Shown], directive: Option<&Directive>) -> Result<(), String> {
        if directive == Some(&Directive::Stop) {
            self.stop();
        }
        for (at, shown) in all.iter().enumerate() {
            let last = at + 1 == all.len();
            match directive {
                Some(Directive::Background(ready)) if last => self.start(shown, ready)?,
                Some(Directive::Fails(code)) if last => self.run(shown, *code)?,
                _ => self.run(shown, 0)?,
            }
        }
        Ok(())
    }

    /// Runs a command to its end, in a shell that begins where the one before it ended.
    fn run(&self, shown: &Shown, code: i32) -> Result<(), String> {
        let script = format!(
            "set -o pipefail\nsource {state}/variables 2>/dev/null\ncd \"$(cat {state}/folder)\" || exit 99\n{{ {command}\n}} 2>&1\nended=$?\n\
             pwd > {state}/folder\n{{ declare -p | grep -v '^declare -[^ ]*r'; declare -f; }} > {state}/variables\nexit $ended\n",
            state = self.home.path().display(),
            command = shown.command,
        );
        let ended = self.shell(&script).stdin(Stdio::null()).output().map_err(|e| e.to_string())?;
        let printed = String::from_utf8_lossy(&ended.stdout);
        let lines: Vec<&str> = printed.lines().collect();
        if ended.status.code() != Some(code) {
            return Err(format!("`{}` ended with {} instead of {code}:\n{printed}", shown.command, ended.status));
        }
        if !matches(&shown.output, &lines) {
            return Err(format!(
                "`{}` printed\n{printed}\nwhere the documentation shows\n{}",
                shown.command,
                shown.output.join("\n")
            ));
        }
        Ok(())
    }

    /// Starts a command, and waits until it prints a line with this text.
    fn start(&mut self, shown: &Shown, ready: &str) -> Result<(), String> {
        let script = format!(
            "set -o pipefail\nsource {state}/variables 2>/dev/null\ncd \"$(cat {state}/folder)\" || exit 99\nexec {command} 2>&1\n",
            state = self.home.path().display(),
            command = shown.command,
        );
        let mut child = self.shell(&script).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, printed) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        // The thread reads on when the text was seen, so that the command never waits for a reader.
        std::thread::spawn(move || output.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        self.background.push(child);
        let mut lines = Vec::new();
        while let Ok(line) = printed.recv_timeout(READY) {
            lines.push(line);
            if lines.last().is_some_and(|line| line.contains(ready)) {
                return Ok(());
            }
        }
        Err(format!("`{}` did not print `{ready}`, but\n{}", shown.command, lines.join("\n")))
    }

    fn shell(&self, script: &str) -> Command {
        let program = postlude_testkit::program();
        let path = std::env::var("PATH").unwrap();
        let mut shell = Command::new("bash");
        shell.args(["-c", script]).env("PATH", format!("{}:{path}", program.parent().unwrap().display()));
        shell
            .env("REPOSITORY", crate::root())
            .env("NO_COLOR", "1")
            .env_remove("RUST_BACKTRACE")
            .env_remove("CARGO_TARGET_DIR");
        for (name, _) in std::env::vars() {
            // Cargo's variables of this test would reach the cargo of a reader.
            if name.starts_with("CARGO_") && name != "CARGO_HOME" || name.starts_with("INSTA_") {
                shell.env_remove(name);
            }
        }
        // A group of its own: what a command leaves behind is ended with it.
        shell.process_group(0).env("XDG_CACHE_HOME", cache());
        shell
    }

    fn stop(&mut self) {
        for mut child in self.background.drain(..) {
            let group = format!("-{}", child.id());
            let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
            let _ = child.wait();
            let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Where tools keep what they make once, shared by all chapters and runs.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/docs-cache")
}
