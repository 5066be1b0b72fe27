//! `postlude run --replay`: the runs of a saved login against this build of the plugin, and what comes out differently.

use super::difference::{Difference, differences};
use crate::output::{self, Paint, grouped, plain};
use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use postlude_model::action::Secret;
use postlude_model::json::Json;
use postlude_model::recording::{RecordedRun, Recording, ReplayKeys, replay};
use postlude_sandbox::{Plugin, Sandbox};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Tokens of a recording have no signature.
const KEYS: ReplayKeys = ReplayKeys { claims };

/// What to replay.
#[derive(Debug)]
pub(super) struct Replay<'a> {
    /// The saved login.
    pub(super) file: &'a Path,
    /// The action whose runs are replayed; else those of the plugin's name.
    pub(super) action: Option<&'a str>,
    /// Secrets for which there shall be no stand-in.
    pub(super) secrets: BTreeMap<String, Secret>,
    /// Another limit than the recorded one.
    pub(super) fuel: Option<u64>,
    pub(super) json: bool,
}

/// A recorded run and what came of it this time.
struct Replayed<'a> {
    recorded: &'a RecordedRun,
    outcome: Value,
    differences: Vec<Difference>,
}

/// Replays the runs, shows each, and says by the exit code whether one came out differently.
pub(super) async fn run(asked: &Replay<'_>, sandbox: &Sandbox, plugin: &Plugin) -> Result<ExitCode> {
    let file = asked.file.display();
    let text = std::fs::read_to_string(asked.file).with_context(|| format!("cannot read `{file}`"))?;
    let recording = Recording::parse(&text).with_context(|| format!("`{file}` cannot be replayed"))?;
    let mut all = Vec::new();
    for recorded in chosen(asked, &recording, plugin)? {
        all.push(again(asked, sandbox, plugin, recorded).await?);
    }
    let differ = all.iter().filter(|run| !run.differences.is_empty()).count();
    if asked.json {
        let runs: Vec<Value> = all.iter().map(as_json).collect();
        output::json(
            &json!({ "login_id": recording.login_id, "digest": plugin.digest(), "same": differ == 0, "runs": runs }),
        )?;
    } else {
        output::line(format!("login {}  {} {}", recording.login_id, plugin.manifest().name, plugin.manifest().version));
        all.iter().for_each(show);
        let (paint, summary) = match differ {
            0 => (Paint::Good, format!("all {} runs came to the same", all.len())),
            _ => (Paint::Bad, format!("{differ} of {} runs came to something else", all.len())),
        };
        output::line(output::coloured(paint, &summary));
    }
    Ok(if differ == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The runs to replay, at least one.
fn chosen<'r>(asked: &Replay<'_>, recording: &'r Recording, plugin: &Plugin) -> Result<Vec<&'r RecordedRun>> {
    let name = plugin.manifest().name.as_str();
    let ours = |run: &&RecordedRun| match asked.action {
        Some(action) => run.spec.name.as_str() == action,
        None => run.spec.plugin.as_str() == name,
    };
    let chosen: Vec<_> = recording.runs.iter().filter(ours).collect();
    if chosen.is_empty() {
        let there: Vec<_> = recording
            .runs
            .iter()
            .map(|run| format!("action `{}` of plugin `{}`", run.spec.name, run.spec.plugin))
            .collect();
        let wanted = asked.action.map_or_else(|| format!("plugin `{name}`"), |action| format!("action `{action}`"));
        bail!(
            "`{}` has no run of {wanted}; it has runs of {}; name the action with `--action`",
            asked.file.display(),
            there.join(", ")
        );
    }
    Ok(chosen)
}

async fn again<'r>(
    asked: &Replay<'_>,
    sandbox: &Sandbox,
    plugin: &Plugin,
    recorded: &'r RecordedRun,
) -> Result<Replayed<'r>> {
    let wrong = |why: String| anyhow::anyhow!("`{}` cannot be replayed: {why}", asked.file.display());
    let mut input = replay(recorded, &asked.secrets, &KEYS).map_err(wrong)?;
    let action = Arc::make_mut(&mut input.action);
    action.spec.digest = plugin.digest();
    action.spec.version.clone_from(&plugin.manifest().version);
    if let Some(fuel) = asked.fuel {
        action.spec.budget.fuel = fuel;
    }
    let report = sandbox.run(plugin, input.clone()).await;
    // What was taken out of the recording is taken out here, so that the same is the same.
    let again = RecordedRun::new(&input, recorded.event.clone(), &report).map_err(|why| wrong(why.to_string()))?;
    let differences = differences(&recorded.outcome, &again.outcome);
    Ok(Replayed { recorded, outcome: again.outcome, differences })
}

/// The claims of a compact JWS (RFC 7515, section 7.1), whoever signed it.
fn claims(token: &str) -> Option<Json> {
    let claims = token.split('.').nth(1)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
    Json::parse(std::str::from_utf8(&bytes).ok()?).ok()
}

fn show(run: &Replayed<'_>) {
    let fuel = |outcome: &Value| outcome.pointer("/usage/fuel").and_then(Value::as_u64).map_or("-".to_owned(), grouped);
    let (was, is) = (&run.recorded.outcome, &run.outcome);
    let verdict = if run.differences.is_empty() {
        output::coloured(Paint::Good, &format!("{}, the same", ending(is)))
    } else {
        output::coloured(Paint::Bad, &format!("{}, recorded was {}", ending(is), ending(was)))
    };
    let head = format!("  {} {}", run.recorded.spec.name, run.recorded.phase);
    output::line(format!("{head}  {verdict}  fuel {}, recorded {}", fuel(is), fuel(was)));
    for Difference { path, recorded, replayed } in &run.differences {
        let text =
            |value: &Option<Value>| value.as_ref().map_or("absent".to_owned(), |value| plain(&value.to_string()));
        output::line(format!("    {path}"));
        output::line(format!("      recorded  {}", text(recorded)));
        output::line(format!("      replayed  {}", text(replayed)));
    }
    let log = |outcome: &Value| outcome.pointer("/log").cloned();
    if log(was) != log(is) {
        output::line(output::coloured(Paint::Quiet, "    the log is another one; `--json` shows both"));
    }
}

/// How a run ended, in a word.
fn ending(outcome: &Value) -> String {
    let text = |name: &str| outcome.pointer(&format!("/ending/{name}")).and_then(Value::as_str);
    let word = text("decision").map(str::to_owned);
    let failed = || text("failure").map(|_| "failed".to_owned());
    word.or_else(failed).unwrap_or_else(|| "stopped".to_owned())
}

fn as_json(run: &Replayed<'_>) -> Value {
    let differences = run.differences.iter().map(
        |Difference { path, recorded, replayed }| json!({ "path": path, "recorded": recorded, "replayed": replayed }),
    );
    json!({
        "action": run.recorded.spec.name,
        "phase": run.recorded.phase,
        "same": run.differences.is_empty(),
        "differences": differences.collect::<Vec<_>>(),
        "recorded": run.recorded.outcome,
        "replayed": run.outcome,
    })
}
