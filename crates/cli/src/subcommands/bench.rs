//! `postlude bench`: how fast plugins run here, beside a reference plugin that takes turns with them.

mod measure;
mod report;
mod statistics;

use crate::login::LoginArgs;
use crate::output;
use anyhow::{Context as _, Result, bail, ensure};
use measure::{Effort, Subject};
use postlude_demo::plugins::CUSTOM_FACTOR;
use postlude_model::action::Action;
use postlude_model::json::Json;
use postlude_model::names::Timestamp;
use postlude_model::run::{Ending, RunInput};
use postlude_sandbox::{Plugin, Sandbox, SandboxConfig};
use postlude_stories::workbench::{BEGINNING, PluginPool};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Measure how fast plugins run on this machine, beside the reference plugin.
///
/// Each run is what a login costs: a fresh instance, one call, the report. The plugins take turns, round by round, and what is
/// shown is the median of the rounds: a machine that is slow for a while is slow for all of them. The ratio to the reference, the
/// Rust plugin `custom-factor` at a login, carries further than the numbers. The login is played as by
/// `postlude run`, and its last run is measured.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  postlude bench email-domain.wasm --settings '{\"domains\":[\"acme.example\"]}'\n  \
    postlude bench rust.wasm js.wasm go.wasm --settings settings.json      # the same plugin in several languages\n  \
    postlude bench plugin.wasm --prompt ok --json | jq '.plugins[0].p50_us'\n\n\
    Use the postlude of a release: one that was built for debugging runs plugins several times slower.\n\
    Exit codes: 0 measured; 1 a plugin was refused, failed or was stopped; 2 wrong usage."
)]
pub(crate) struct Args {
    /// The plugins; all get the same settings, event and prompt
    #[arg(required = true)]
    plugins: Vec<PathBuf>,
    #[command(flatten)]
    login: LoginArgs,
    /// Rounds, in each of which every plugin has a turn
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// How long a turn is, in milliseconds
    #[arg(long, value_name = "MILLIS", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    turn: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let sandbox = Sandbox::new(SandboxConfig::default())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let pool = PluginPool::new(SandboxConfig::single())?;
    let mut subjects = vec![reference(&sandbox)?];
    for path in &args.plugins {
        let name = path.display().to_string();
        output::note(format!("compiling {name}"));
        let bytes = std::fs::read(path).with_context(|| format!("`{name}` cannot be read"))?;
        let (plugin, compiled_in) = load(&sandbox, &name, &bytes)?;
        let input = runtime.block_on(async {
            let pooled = pool.add(&bytes).await.with_context(|| format!("`{name}` was refused"))?;
            args.login.last_run(&pool, &pooled, BEGINNING).await.with_context(|| format!("`{name}`"))
        })?;
        subjects.push(Subject::new(name, plugin, input, compiled_in));
    }
    for subject in &mut subjects {
        let report = runtime.block_on(subject.try_once(&sandbox));
        match &report.ending {
            Ending::Decided(_) => {}
            Ending::Failed(why) => {
                bail!("`{}` failed, and a failure is not measured: {}", subject.name, output::plain(&failure(why)))
            }
            Ending::Trapped(trap) => bail!("`{}` was stopped: {}", subject.name, trap.message),
            Ending::Leaked(leak) => bail!("`{}` was refused: {leak}", subject.name),
            Ending::TimedOut | Ending::Busy => bail!("`{}` did not end within its wall clock", subject.name),
        }
    }
    let effort = Effort { rounds: args.rounds, turn: Duration::from_millis(args.turn) };
    let took = effort.turn * args.rounds * u32::try_from(subjects.len()).unwrap_or(u32::MAX);
    output::note(format!("measuring {} plugins in turn, {:.0} s", subjects.len(), took.as_secs_f64().max(1.0)));
    for _ in 0..effort.rounds {
        for subject in &mut subjects {
            runtime.block_on(subject.turn(&sandbox, &effort));
        }
    }
    let (reference, plugins) = subjects.split_first().context("there is no reference")?;
    ensure!(!plugins.is_empty(), "there is no plugin to measure");
    if cfg!(debug_assertions) {
        output::note("note: this postlude was built for debugging, and so are these numbers; take one of a release");
    }
    if args.json {
        report::json(reference, plugins, &effort)?
    } else {
        report::show(reference, plugins)
    }
    Ok(ExitCode::SUCCESS)
}

fn failure(why: &postlude_model::decision::Failure) -> String {
    use postlude_model::decision::Failure;
    let (Failure::Other(text) | Failure::Unavailable(text)) = why;
    text.clone()
}

/// The plugin that all are compared with: the one of the demo, asked at a login.
fn reference(sandbox: &Sandbox) -> Result<Subject> {
    let (plugin, compiled_in) = load(sandbox, "the reference plugin", CUSTOM_FACTOR)?;
    let settings = json!({
        "prompt_url": "https://prompt.example/", "factor": "https://acme.example/face", "profile": "postlude"
    });
    let action = Action::granting_all(plugin.manifest(), plugin.digest(), Json::from_value(&settings));
    let action =
        action.map_err(|errors| anyhow::anyhow!("the reference plugin does not fit its settings: {errors:?}"))?;
    let event = Json::from_value(&postlude_stories::event::sample());
    let input = RunInput::on_login(Arc::new(action), event, Timestamp(1_767_225_600_000));
    Ok(Subject::new("reference".to_owned(), plugin, input, compiled_in))
}

fn load(sandbox: &Sandbox, name: &str, bytes: &[u8]) -> Result<(Plugin, Duration)> {
    let started = Instant::now();
    let plugin = sandbox.load(bytes).with_context(|| format!("`{name}` was refused"))?;
    Ok((plugin, started.elapsed()))
}
