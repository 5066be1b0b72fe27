//! Subjects as processes of their own: `postlude serve` over a folder, and this program's own subcommands.

use crate::configuration::Tenants;
use crate::event::KEY;
use crate::folder::Folder;
use crate::load::Connection;
use crate::processor_time::ProcessorTime;
use anyhow::{Context, Result, bail};
use postlude_crypto::root::{RootKey, RootKeys};
use postlude_testkit::{Alg, Partner};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a server may take to be ready: it verifies millions of records and compiles thousands of plugins first.
const READY: Duration = Duration::from_secs(1800);
/// How long the server may take to stop.
const STOPPED: Duration = Duration::from_secs(120);

/// A subject's process; it ends with this value.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// A program that prints its address and ends when its standard input closes.
    pub(crate) fn announced(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("no standard output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse().with_context(|| format!("`{line}` is not an address"))?;
        Ok(Self { child, address })
    }

    /// Processor time that the process has used until now.
    pub(crate) fn processor_time(&self) -> Result<ProcessorTime> {
        ProcessorTime::of(&self.child.id().to_string())
    }

    /// A subcommand of this program.
    pub(crate) fn own(subcommand: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Self> {
        Self::announced(Command::new(std::env::current_exe()?).args(subcommand))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The server makes everything durable at SIGTERM; a server that does not end by itself is killed.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        drop(self.child.stdin.take());
        let began = Instant::now();
        while began.elapsed() < STOPPED {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a server is installed with, beside the tenant `acme`.
#[derive(Debug)]
pub(crate) struct Installation {
    /// Tenants with a pipeline of so many actions, each of which asks for the same factor: name, API key, actions.
    pub(crate) pipelines: Vec<(&'static str, &'static str, usize)>,
    /// Further tables of the configuration.
    pub(crate) more: String,
    /// What is logged.
    pub(crate) log_level: &'static str,
}

impl Default for Installation {
    /// Nothing else, with the log level that `postlude serve` has by itself.
    fn default() -> Self {
        Self { pipelines: Vec::new(), more: String::new(), log_level: "info" }
    }
}

/// A running `postlude serve` with the tenant `acme`, whose pipeline is the action of the story.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) partner: Partner,
}

impl Server {
    /// Starts it over this folder, and waits until it is ready.
    pub(crate) fn start(folder: &Folder, dir: &Path, installation: &Installation) -> Result<Self> {
        let partner = Partner::new(Alg::EdDsa, "postlude");
        let address = free_address()?;
        root_keys(dir)?;
        write(dir, "partner.jwks.json", &partner.jwks())?;
        let tenants = Tenants { address, plugin: &folder.plugin("custom-factor")?, issuer: partner.issuer() };
        let mut text = tenants.server() + &tenants.with_factor("acme", KEY, 1) + &installation.more;
        for &(tenant, key, actions) in &installation.pipelines {
            text += &tenants.with_factor(tenant, key, actions);
        }
        write(dir, "postlude.toml", &text)?;
        let log = std::fs::File::create(dir.join("log"))?;
        let child = Command::new(folder.postlude())
            .args(["serve", "--log-level", installation.log_level, "--config"])
            .arg(dir.join("postlude.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let mut process = Process { child, address };
        wait(&mut process, dir)?;
        Ok(Self { process, partner })
    }
}

/// The root key of a server's folder; it is made where it is missing.
pub(crate) fn root_keys(dir: &Path) -> Result<Arc<RootKeys>> {
    let file = dir.join("root.key");
    if !file.exists() {
        write(dir, "root.key", &RootKey::generate()?.to_text())?;
    }
    let text = std::fs::read_to_string(&file)?;
    Ok(Arc::new(RootKeys::only(RootKey::parse(text.trim())?)))
}

fn wait(process: &mut Process, dir: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let began = Instant::now();
    while began.elapsed() < READY {
        let address = process.address;
        let ready = runtime.block_on(async move {
            let mut connection = Connection::open(address).await?;
            let answer = connection.answer(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n");
            answer.await.map(|answer| answer.status == 200)
        });
        if ready.is_ok_and(|ready| ready) {
            return Ok(());
        }
        if process.child.try_wait()?.is_some() {
            bail!("the server did not start:\n{}", std::fs::read_to_string(dir.join("log"))?);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("the server is not ready after {} seconds", READY.as_secs())
}

/// A port that is free just now.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn write(dir: &Path, name: &str, text: &str) -> Result<()> {
    let path = dir.join(name);
    std::fs::write(&path, text)?;
    Ok(std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?)
}
