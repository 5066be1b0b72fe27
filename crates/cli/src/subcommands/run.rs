//! `postlude run`: one login with a plugin, in a real host in memory.

mod difference;
mod inputs;
mod one_action;
mod replay;
mod show;

use crate::output::{self, Paint};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use inputs::Inputs;
use postlude_model::action::Mode;
use postlude_model::names::Timestamp;
use postlude_stories::event::sample;
use postlude_stories::workbench::{
    ActionSetup, FIRST_BROWSER, LoginInput, PluginPool, PooledPlugin, Workbench, WorkbenchError, WorkbenchSetup,
};
use replay::Replay;
use serde_json::json;
use show::Shown;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Run a login with a plugin and show everything that came of it: decision, redirect, request token, commands, log, usage.
///
/// A real host in memory asks the plugin, by the same code as the server: what the server refuses is refused here, in the same
/// words. The plugin is granted all that its manifest asks for, or what `--config` grants; the prompt site, the browser and the
/// network are simulated, and nothing leaves this process.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The plugin
    #[arg(required_unless_present = "print_event")]
    plugin: Option<PathBuf>,
    /// The event, whole: a file, JSON itself, or `-` for standard input [default: a sample, see --print-event]
    #[arg(long, value_name = "JSON|FILE|-")]
    event: Option<String>,
    /// The action's settings: a file, or JSON itself
    #[arg(long, value_name = "JSON|FILE", conflicts_with = "config")]
    settings: Option<String>,
    /// Take settings, grants, secrets and policy from the action that has this plugin in a configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The action, where the configuration or the saved login has several with this plugin
    #[arg(long, value_name = "NAME")]
    action: Option<String>,
    /// How the login reached the IdP
    #[arg(long, value_enum, default_value_t = ModeArg::Interactive)]
    mode: ModeArg,
    /// What the prompt site answers when the plugin redirects; may be repeated for one prompt after another
    #[arg(long, value_name = "WORD|JSON|FILE", visible_alias = "reply")]
    prompt: Vec<String>,
    /// A secret, as NAME=VALUE; may be repeated. Those that the plugin asks for and that are not given get stand-ins
    #[arg(long, value_name = "NAME=VALUE")]
    secret: Vec<String>,
    /// Expected requests of the plugin and their answers: an array of {"request": {..}, "answer": {..}}
    #[arg(long, value_name = "JSON|FILE")]
    http: Option<String>,
    /// Fuel that a run may spend, instead of the action's limit; at least 10,000, as in a configuration
    #[arg(long, value_name = "UNITS", value_parser = clap::value_parser!(u64).range(10_000..=20_000_000_000))]
    fuel: Option<u64>,
    /// The clock, in milliseconds since 1970, instead of the system's: the same input then gives the same login
    #[arg(long, value_name = "MILLIS")]
    now: Option<u64>,
    /// Replay the runs of a login that `postlude explain --save` saved, and show what comes out differently
    #[arg(long, value_name = "FILE", conflicts_with_all = ["event", "settings", "config", "mode", "prompt", "http", "now"])]
    replay: Option<PathBuf>,
    /// Show the frames of the language's runtime in a backtrace too
    #[arg(long)]
    all_frames: bool,
    /// Print the sample event and end
    #[arg(long)]
    print_event: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const HELP: &str = "Examples:
  postlude run email-domain.wasm --settings '{\"domains\":[\"acme.example\"]}'
  postlude run acme-face.wasm --settings settings.json --prompt ok
  postlude run --print-event | jq '.user.email = \"eve@evil.example\"' | postlude run email-domain.wasm --event - ..
  postlude run acme-face.wasm --config postlude.toml --mode silent --json
  postlude run acme-face.wasm --replay login.json

What a prompt site answers:
  ok, refused, error, never      a right result with that verdict; or the browser does not come back
  missing, tampered, expired, replayed, other-user, other-factor, reflected, wrong-key, unsigned, again
                                 what an attacker may try: each must be refused
  {\"verdict\":\"ok\", \"claims\":{..}, \"query\":{..}, \"form\":{..}, \"method\":\"POST\"}
                                 the same in parts; every member may be left out, `verdict` is one of the words

Expected requests: [{\"request\":{\"method\":\"POST\", \"url\":\"https://..\"}, \"answer\":{\"status\":200, \"body\":{..}}}];
an answer may be {\"fail\":\"timeout\"}, too-large or any other text; `\"repeats\":true` answers each such request.

A replay has stand-ins for secrets (give one with --secret where it matters) and for keys: tokens are not verified.

Exit codes: 0 the action decided, or all replayed runs came to the same; 1 it failed, was stopped or was refused, or a replayed
run came to something else; 2 wrong usage.";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeArg {
    Interactive,
    Silent,
    Refresh,
    Password,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let Some(file) = args.plugin.as_ref().filter(|_| !args.print_event) else {
        output::json(&sample())?;
        return Ok(ExitCode::SUCCESS);
    };
    let bytes = std::fs::read(file).with_context(|| format!("`{}` cannot be read", file.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let pool = PluginPool::new(Default::default())?;
        let plugin = pool.add(&bytes).await.with_context(|| format!("`{}` was refused", file.display()))?;
        match &args.replay {
            Some(saved) => {
                let secrets = inputs::secrets(&args.secret)?;
                let asked =
                    Replay { file: saved, action: args.action.as_deref(), secrets, fuel: args.fuel, json: args.json };
                replay::run(&asked, pool.compiler().sandbox(), &plugin.plugin).await
            }
            None => login(args, &pool, plugin).await,
        }
    })
}

/// Logs a user in, answers the prompts, and shows each step.
async fn login(args: &Args, pool: &PluginPool, plugin: PooledPlugin) -> Result<ExitCode> {
    let inputs = Inputs::read(args.event.as_deref(), &args.prompt, args.http.as_deref())?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut bench =
        Workbench::open(setup(args, folder.path(), pool, &plugin)?).await.map_err(|why| refused(args, why))?;
    bench.http().expect(inputs.http);
    let asked =
        LoginInput { event: inputs.event, exact: true, browser: FIRST_BROWSER.to_owned(), mode: args.mode.into() };
    let first = bench.login(&asked).await.map_err(not_an_event)?;
    let mut steps = vec![Shown { what: "login".to_owned(), answer: first }];
    for (word, answer) in &inputs.prompts {
        let why = "`--prompt` has nothing to answer: the plugin did not redirect";
        if steps.last().is_none_or(|step| step.answer.outcome() != "redirect") {
            show(args, &bench, &plugin, &steps)?;
            bail!("{why}; it needs an event and settings with which it does");
        }
        let answer = bench.prompt(answer).await.context(why)?;
        steps.push(Shown { what: format!("prompt {word}"), answer });
    }
    show(args, &bench, &plugin, &steps)?;
    let unexpected = bench.http().take_unexpected();
    for request in &unexpected {
        let pair = json!({ "request": { "method": request.method, "url": request.url }, "answer": { "status": 200, "body": {} } });
        let text = format!("a request had no answer: add {pair} to `--http`");
        output::note(output::coloured_note(Paint::Careful, &text));
    }
    let failed = steps.iter().any(|step| step.failed());
    bench.close().await;
    Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn setup(args: &Args, folder: &Path, pool: &PluginPool, plugin: &PooledPlugin) -> Result<WorkbenchSetup> {
    let setup = WorkbenchSetup::new(pool).beginning(args.now.map_or_else(system_now, Timestamp));
    if let Some(config) = &args.config {
        let mut chosen = one_action::choose(config, args.action.as_deref(), plugin)?;
        chosen.change(folder, &inputs::secrets(&args.secret)?, args.fuel)?;
        return Ok(setup.config(chosen.write(folder)?));
    }
    let mut action = ActionSetup::new(plugin.clone());
    if let Some(settings) = &args.settings {
        action.settings = inputs::object("--settings", settings)?;
    }
    let secrets = inputs::secrets(&args.secret)?;
    action.secrets = secrets.into_iter().map(|(name, secret)| (name, secret.reveal().to_owned())).collect();
    if let Some(fuel) = args.fuel {
        action.operator.insert("limits".to_owned(), json!({ "fuel": fuel, "wall_clock": "10s" }));
    }
    Ok(setup.action(action))
}

/// An event that no identity provider may send.
fn not_an_event(why: WorkbenchError) -> anyhow::Error {
    match why {
        WorkbenchError::Usage(why) => {
            anyhow::anyhow!("{why}\n  hint: `postlude run --print-event` prints a complete event")
        }
        why => why.into(),
    }
}

/// The host's words about a configuration that was written for this call: its hints speak of `postlude.toml`, where the user has
/// options.
fn refused(args: &Args, why: WorkbenchError) -> anyhow::Error {
    let WorkbenchError::Config(mistakes) = why else { return why.into() };
    let own = args.config.is_some();
    let mut text = String::from("the server would not take this plugin:");
    for mistake in &mistakes {
        text.push_str(&format!("\n  {}", mistake.message));
        if let Some(hint) = mistake.hint.as_ref().filter(|_| own) {
            text.push_str(&format!("\n    hint: {hint}"));
        }
    }
    if !own && mistakes.iter().any(|mistake| mistake.message.contains("setting")) {
        let verb = if args.settings.is_none() { "give" } else { "correct" };
        let hint = format!(
            "{verb} the settings with `--settings JSON|FILE`, or take an action's with `--config postlude.toml`"
        );
        text.push_str(&format!("\n    hint: {hint}"));
    }
    anyhow::anyhow!(text)
}

fn show(args: &Args, bench: &Workbench, plugin: &PooledPlugin, steps: &[Shown]) -> Result<()> {
    if args.json {
        return output::json(&show::as_json(plugin, bench.notes(), steps));
    }
    show::header(plugin, bench.notes());
    steps.iter().for_each(|step| step.show(args.mode.into(), args.all_frames));
    Ok(())
}

fn system_now() -> Timestamp {
    Timestamp::default().plus(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Interactive => Self::Interactive,
            ModeArg::Silent => Self::Silent,
            ModeArg::Refresh => Self::Refresh,
            ModeArg::Password => Self::Password,
        }
    }
}
