//! What runs: a server in the test's own process, or one of its own, and what is done to it from outside.

use crate::files::program;
use postlude_host::{Clock, Host as PostludeHost, HostOptions};
use postlude_model::names::Timestamp;
use postlude_server::{Listeners, ServeError, Server};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

#[derive(Debug)]
pub(crate) enum Running {
    Here {
        task: JoinHandle<Result<(), ServeError>>,
        stop: oneshot::Sender<()>,
        host: PostludeHost,
        /// The server's loop listens to it as long as it is there.
        _signals: mpsc::Sender<()>,
    },
    Process(Child),
}

impl Running {
    /// A server in the test's own process.
    pub(crate) async fn here(options: HostOptions, listener: TcpListener) -> Result<Self, ServeError> {
        let server = Server::prepare(options).await?;
        let (stop, stopped) = oneshot::channel();
        let (signals, reloads) = mpsc::channel(1);
        let (host, listeners) = (server.host().clone(), Listeners::from_sockets(listener, None));
        let task = tokio::spawn(server.run(listeners, reloads, async move {
            let _ = stopped.await;
        }));
        Ok(Self::Here { task, stop, host, _signals: signals })
    }

    /// Stops it as SIGTERM does.
    pub(crate) async fn stop(self) {
        match self {
            Self::Here { task, stop, .. } => {
                let _ = stop.send(());
                task.await.unwrap().expect("it stops without an error");
            }
            Self::Process(mut child) => {
                send("-TERM", &child).await;
                assert!(child.wait().await.unwrap().success(), "it stops without an error");
            }
        }
    }
}

/// The command of a server's process over a folder, with so many open files at most.
pub(crate) fn command(program_of: Option<PathBuf>, open_files: Option<u32>, dir: &Path) -> Command {
    let program = program_of.unwrap_or_else(program);
    let mut command = match open_files {
        None => Command::new(program),
        Some(most) => {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\"")]).arg(program);
            shell
        }
    };
    command.args(["serve", "--log-level", "warn", "--config"]).arg(dir.join("postlude.toml"));
    command
}

/// A server's clock, ahead by what the test moved it; its wall clock is off by what the test stepped it.
pub(crate) fn clock(ahead: &Arc<AtomicU64>, stepped: &Arc<AtomicI64>, began: Option<Timestamp>) -> Clock {
    let (ahead, stepped) = (Arc::clone(ahead), Arc::clone(stepped));
    let (started, began) = (Instant::now(), began.unwrap_or_else(|| Clock::system().now()));
    let moved = move || Duration::from_millis(ahead.load(Ordering::SeqCst));
    let mono = move || started.elapsed().saturating_add(moved());
    let right = mono.clone();
    let wall = move || Timestamp(began.plus(right()).0.saturating_add_signed(stepped.load(Ordering::SeqCst)));
    Clock::from_sources(wall, mono)
}

/// Bytes of memory that a process has (`VmRSS`).
pub(crate) fn resident_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line VmRSS");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// Sends a process a signal.
pub(crate) async fn send(signal: &str, child: &Child) {
    let pid = child.id().expect("it runs").to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
}
