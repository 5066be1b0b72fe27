//! `postlude auth0 diff`: runs each action of a folder in Node and as a plugin, and says where they differ.

use super::case::Case;
use super::compare::{cover_calls, difference};
use super::observed::observed;
use crate::output::{self, Paint};
use anyhow::{Context as _, Result, bail};
use postlude_build::BuildError;
use postlude_build::auth0::{Action, Kit, with_draft};
use postlude_model::action::Mode;
use postlude_model::http::{HttpError, Response};
use postlude_sandbox::SandboxConfig;
use postlude_stories::partner::{PromptAnswer, PromptKind};
use postlude_stories::workbench::{
    ActionSetup, Answer, LoginInput, PluginPool, ScriptedExchange, Workbench, WorkbenchSetup,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Run actions in Node and as plugins, with the same events, and compare what they do.
///
/// Each file of the folder (`*.js`, `*.cjs`, `*.mjs`, `*.ts`) is an action of the trigger post-login. Node runs it with an `api` that records;
/// the plugin that is built of it runs in a host in memory. The same calls with the same arguments in the same order, the same requests to the
/// network (which a script answers) and the same outcome make it `same`. Where an action redirects, the browser comes back. Packages
/// are taken from the node_modules beside the action, or else from those that Postlude brings along.
///
/// `ACTION.case.json` beside an action says with what it is run: `event` (a merge patch), `secrets`, `configuration`, `http`, `mode`, `reply`,
/// `token`; and, as `known_difference`, why it does not do the same as a plugin.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  postlude auth0 diff actions\n  postlude auth0 diff actions --json | jq 'map(select(.verdict != \"same\"))'\n\n\
    Verdicts: same; differs; unsupported (it is no action of post-login, or needs what a plugin does not have); error (it cannot be run).\n\
    Exit codes: 0 when every action is the same, unsupported or differs as its case says; 1 otherwise."
)]
pub(crate) struct Args {
    /// The folder of the actions, or one action
    #[arg(value_name = "DIR")]
    path: PathBuf,
    /// Only actions whose path contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How many actions are compared at the same time [default: the number of processors]
    #[arg(long, short, value_name = "N")]
    jobs: Option<usize>,
    /// Print JSON: a list of `{file, verdict, detail}`
    #[arg(long)]
    json: bool,
}

/// How long an action may take in Node.
const IN_NODE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Same,
    Differs,
    Unsupported,
    Error,
}

#[derive(Debug, Serialize)]
struct Compared {
    file: String,
    verdict: Verdict,
    detail: String,
    /// A difference that the case names.
    #[serde(skip)]
    known: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut files = Vec::new();
    find(&args.path, &mut files).with_context(|| format!("cannot read `{}`", args.path.display()))?;
    files.sort();
    let name = |file: &Path| {
        let inside = file.strip_prefix(&args.path).ok().filter(|inside| !inside.as_os_str().is_empty());
        inside.unwrap_or(file).display().to_string()
    };
    files.retain(|file| args.filter.as_ref().is_none_or(|text| name(file).contains(text.as_str())));
    if files.is_empty() {
        bail!("`{}` has no actions: files that end in .js, .cjs, .mjs or .ts", args.path.display());
    }
    let kit = Kit::open()?;
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let jobs = args.jobs.unwrap_or_else(cores).clamp(1, files.len());
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (verdict, detail, known) = compared(&kit, file);
                    let one = Compared { file: name(file), verdict, detail, known };
                    if !args.json {
                        show(&one);
                    }
                    all.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(one);
                }
            });
        }
    });
    let mut all = all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    all.sort_by(|one, other| one.file.cmp(&other.file));
    let count = |verdict| all.iter().filter(|one| one.verdict == verdict).count();
    let [same, differ, unsupported, errors] =
        [Verdict::Same, Verdict::Differs, Verdict::Unsupported, Verdict::Error].map(count);
    if args.json {
        output::json(&all)?;
    } else {
        output::line(format!("{same} same, {differ} differ, {unsupported} unsupported, {errors} errors"));
    }
    let known = all.iter().filter(|one| one.known).count();
    Ok(if differ + errors == known { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The actions in a folder and those in it; packages are none.
fn find(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_action =
            [".js", ".cjs", ".mjs", ".ts"].iter().any(|ending| name.ends_with(ending)) && !name.ends_with(".d.ts");
        if name == "node_modules" || name == "build" || name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            find(&path, files)?;
        } else if is_action {
            files.push(path);
        }
    }
    Ok(())
}

fn show(one: &Compared) {
    let (paint, word) = match one.verdict {
        Verdict::Same => (Paint::Good, "same       "),
        Verdict::Differs if one.known => (Paint::Careful, "differs    "),
        Verdict::Differs => (Paint::Bad, "differs    "),
        Verdict::Unsupported => (Paint::Careful, "unsupported"),
        Verdict::Error => (Paint::Bad, "error      "),
    };
    let word = output::coloured(paint, word);
    let detail = output::plain(&one.detail.replace('\n', " "));
    output::line(format!("{word} {}{}{detail}", one.file, if detail.is_empty() { "" } else { "  " }));
}

/// Compares one action: the verdict, its detail, and whether the case names the difference.
fn compared(kit: &Kit, file: &Path) -> (Verdict, String, bool) {
    let action = match kit.action(file, "example.com", true) {
        Ok(action) => action,
        Err(why @ BuildError::TimedOut(_)) => return (Verdict::Error, why.to_string(), false),
        Err(why @ (BuildError::ToolFailed(_) | BuildError::NotAPlugin(_) | BuildError::Project(_))) => {
            return (Verdict::Unsupported, why.to_string(), false);
        }
        Err(why) => return (Verdict::Error, why.to_string(), false),
    };
    let outcome = (|| {
        let case = Case::of(file, &action)?;
        let record =
            |seed| kit.record(&case.for_node(file, seed)?, IN_NODE).context("the action cannot be run in Node");
        let node = record(0)?;
        let random = node.get("random").and_then(Value::as_bool) == Some(true);
        let again = if random { record(1)? } else { node.clone() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let difference = runtime.block_on(play(&action, &case, &node, &again))?;
        Ok((difference, case.known_difference().map(str::to_owned)))
    })();
    match outcome {
        Ok((None, None)) => (Verdict::Same, String::new(), false),
        Ok((None, Some(known))) => {
            (Verdict::Error, format!("`known_difference` says `{known}`, and it does the same as Node"), false)
        }
        Ok((Some(difference), None)) => (Verdict::Differs, difference, false),
        Ok((Some(difference), Some(known))) => (Verdict::Differs, format!("known: {known}  ({difference})"), true),
        Err(why) => {
            let why: anyhow::Error = why;
            (Verdict::Error, format!("{why:#}"), false)
        }
    }
}

/// Plays the plugin, and says where it first differs.
async fn play(action: &Action, case: &Case, node: &Value, again: &Value) -> Result<Option<String>> {
    let pool = PluginPool::new(SandboxConfig::single())?;
    let mut setup = ActionSetup::new(pool.add(&with_draft(action)?).await?);
    setup.settings = case.settings(&action.manifest, node);
    setup.secrets.clone_from(&case.secrets);
    setup.operator = key_of(action, case);
    let mut workbench = Workbench::open(WorkbenchSetup::new(&pool).action(setup)).await?;
    let phase = |name: &str| {
        [node, again].map(|one| {
            let mut phase = one.get(name).cloned().unwrap_or_default();
            cover_calls(&mut phase, &case.secrets);
            phase
        })
    };
    let [login, other] = phase("login");
    workbench.http().expect(script(&login));
    let input = LoginInput { event: case.event.clone(), exact: true, mode: case.mode, ..LoginInput::default() };
    let answer = workbench.login(&input).await?;
    let state = state_of(&answer);
    let plugin = ran(&answer, case.mode)?;
    if let Some(difference) = difference("login", &login, &other, &plugin, &state) {
        return Ok(Some(difference));
    }
    let [back, other] = phase("continue");
    if back.is_null() || answer.outcome() != "redirect" {
        return Ok(None);
    }
    workbench.http().expect(script(&back));
    let reply = PromptAnswer { kind: PromptKind::Missing, query: case.reply(&state)?, ..PromptAnswer::default() };
    let answer = workbench.prompt(&reply).await?;
    let plugin = ran(&answer, case.mode)?;
    Ok(difference("continue", &back, &other, &plugin, &state))
}

/// The key that proves replies is the secret of the action.
fn key_of(action: &Action, case: &Case) -> Map<String, Value> {
    let key = action.manifest.pointer("/result/key").and_then(Value::as_str);
    let issuer = json!({ "issuer": "https://prompt.example" });
    let keys = key.filter(|key| case.secrets.contains_key(*key)).map(|key| (key.to_owned(), issuer));
    keys.map(|(name, key)| ("keys".to_owned(), json!({ name: key }))).into_iter().collect()
}

/// What the plugin's run did. A host that takes no redirect from a login that has no browser says so in its answer.
fn ran(answer: &Answer, mode: Mode) -> Result<Value> {
    let Some(run) = answer.runs.last() else {
        bail!("the host did not run the plugin: {}", answer.json);
    };
    let mut plugin = observed(run);
    let refused = plugin.get("outcome").and_then(Value::as_str) != Some(answer.outcome());
    if let (true, Some(members)) = (refused, plugin.as_object_mut()) {
        let was_error = members.get("outcome").and_then(Value::as_str) == Some("error");
        if answer.outcome() == "interaction_required" && mode != Mode::Interactive {
            members.insert("outcome".to_owned(), "interaction_required".into());
            members.insert("effects".to_owned(), json!({}));
            members.remove("redirect");
        } else if !was_error {
            let why = answer.json.pointer("/actions/0/why").cloned().unwrap_or_default();
            members.insert("outcome".to_owned(), "error".into());
            members.insert("error".to_owned(), json!({ "message": format!("the host refused it: {why}") }));
        }
    }
    Ok(plugin)
}

fn state_of(answer: &Answer) -> String {
    let state = answer.json.pointer("/redirect/query/state").and_then(Value::as_str);
    state.unwrap_or("no state").to_owned()
}

/// The answers that the reference got, in its order.
fn script(phase: &Value) -> Vec<ScriptedExchange> {
    let all = phase.get("requests").and_then(Value::as_array).into_iter().flatten();
    let exchanges = all.filter_map(|one| {
        let text = |pointer: &str| one.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let status =
            one.pointer("/answer/status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok())?;
        let headers = one.pointer("/answer/headers").and_then(Value::as_object).into_iter().flatten();
        let headers = headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
        let answer: Result<_, HttpError> = Ok(Response { status, headers, body: text("/answer/body").into_bytes() });
        let request = json!({ "method": text("/request/method"), "url": text("/request/url") });
        Some(ScriptedExchange { request, answer, repeats: false })
    });
    exchanges.collect()
}
