//! The rows of the peers: other ways to run an operator's code in a login. The same action decides the same login in each.

use crate::effort::Effort;
use crate::engine_rows;
use crate::event;
use crate::folder::Folder;
use crate::load::{Load, Make};
use crate::prepared::{FACTOR, MAX_AGE, NOW, SETTINGS};
use crate::report::{Report, Row, progress};
use crate::rounds::{Subject, closed_loop, in_turn};
use crate::server::Process;
use crate::stats::{Round, Rounds};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// A peer that decides in a process of its own and prints how long each decision took.
struct Peer {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<PathBuf>,
}

/// Measures the peers that are installed.
pub(crate) fn measure(folder: &Folder, effort: &Effort, report: &mut Report) -> Result<()> {
    progress("peers: the same decision elsewhere");
    report.section("The same decision elsewhere, one at a time");
    let input = folder.server("peers")?.join("input.json");
    std::fs::write(&input, input_of_the_login()?.to_string())?;
    let mut peers = Vec::new();
    for (name, found) in [
        ("Node, fresh isolate (isolated-vm, from a snapshot)", node(folder, "isolate.mjs", Some("isolated-vm"))),
        ("Node, fresh context (node:vm: no security boundary)", node(folder, "context.mjs", None)),
        ("embedded QuickJS, fresh runtime", quickjs(folder)),
    ] {
        match found {
            Ok((program, mut arguments)) => {
                arguments.push(input.clone());
                peers.push(Peer { name, program, arguments });
            }
            Err(why) => report.skip(name, &format!("{why:#}")),
        }
    }
    let mut ours = Rounds::default();
    let mut rounds = vec![Rounds::default(); peers.len()];
    for _ in 0..effort.rounds {
        ours.0.push(engine_rows::sandbox_round(folder, effort)?);
        for (peer, rounds) in peers.iter().zip(&mut rounds) {
            rounds.0.push(peer.round(effort.decisions).with_context(|| peer.name)?);
        }
    }
    report.row(Row::of("our sandbox, a fresh instance", &ours));
    for (peer, rounds) in peers.iter().zip(&rounds) {
        report.row(against_ours(peer.name, rounds, &ours));
    }
    webhooks(folder, effort, &ours, report)
}

/// What the action gets to know, as the host would hand it over.
fn input_of_the_login() -> Result<Value> {
    Ok(json!({ "event": event::event("user-0", Some("session-0")), "now": NOW, "maxAge": MAX_AGE,
        "factors": [{ "name": FACTOR, "completed_at": NOW - MAX_AGE / 24 }],
        "settings": serde_json::from_str::<Value>(SETTINGS)? }))
}

type Program = Result<(PathBuf, Vec<PathBuf>)>;

fn node(folder: &Folder, script: &str, package: Option<&str>) -> Program {
    let installed = folder.built_peers().join("node");
    ensure!(Command::new("node").arg("--version").stdout(Stdio::null()).status().is_ok(), "`node` is missing");
    if let Some(package) = package {
        let there = installed.join("node_modules").join(package).is_dir();
        ensure!(there, "the npm package `{package}` could not be installed (`scripts/bench-peers.sh` says why)");
    }
    // Beside `node_modules`, where imports are looked for.
    for file in std::fs::read_dir(folder.peers().join("node"))? {
        let file = file?;
        std::fs::create_dir_all(&installed)?;
        std::fs::copy(file.path(), installed.join(file.file_name()))?;
    }
    Ok((PathBuf::from("node"), vec![installed.join(script)]))
}

fn quickjs(folder: &Folder) -> Program {
    let program = folder.built_peers().join("quickjs/release/peer-quickjs");
    ensure!(program.is_file(), "it could not be built (`scripts/bench-peers.sh` says why)");
    Ok((program, vec![folder.peers().join("node/action.js")]))
}

impl Peer {
    fn round(&self, decisions: usize) -> Result<Round> {
        let output = Command::new(&self.program).args(&self.arguments).arg(decisions.to_string()).output()?;
        if !output.status.success() {
            bail!("it failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        let took: Vec<f64> = serde_json::from_slice(&output.stdout).context("no list of durations")?;
        let took: Vec<Duration> = took.into_iter().map(|micros| Duration::from_secs_f64(micros / 1e6)).collect();
        let whole = took.iter().sum();
        Ok(Round::new(took, whole))
    }
}

/// The action behind HTTP on loopback, one request at a time, before any network.
fn webhooks(folder: &Folder, effort: &Effort, ours: &Rounds, report: &mut Report) -> Result<()> {
    let body = input_of_the_login()?.to_string();
    let make: Make = Arc::new(move |_, _, request| request.extend_from_slice(&event::post("/v1/logins", None, &body)));
    let load = |process: &Process| Load { address: process.address, make: Arc::clone(&make), expect: "\"continue\"" };
    let rust = Process::own(["webhook"])?;
    let node = node(folder, "webhook.mjs", None).and_then(|(program, arguments)| in_node(&program, &arguments));
    let mut subjects = vec![("webhook on loopback, axum", load(&rust), &rust)];
    match &node {
        Ok(process) => subjects.push(("webhook on loopback, Node", load(process), process)),
        Err(why) => report.skip("webhook on loopback, Node", &format!("{why:#}")),
    }
    let turns: Vec<_> = subjects.iter().map(|(_, load, process)| Subject::Http(load, process)).collect();
    let rounds = in_turn(effort.rounds, effort.round, &turns, &closed_loop(1))?;
    for ((name, ..), rounds) in subjects.iter().zip(&rounds) {
        report.row(against_ours(name, rounds, ours));
    }
    Ok(())
}

fn against_ours(name: &str, rounds: &Rounds, ours: &Rounds) -> Row {
    Row::of(name, rounds).against(rounds.ratio(ours, Round::p50), "times the p50 of our sandbox")
}

fn in_node(program: &Path, arguments: &[PathBuf]) -> Result<Process> {
    Process::announced(Command::new(program).args(arguments))
}
