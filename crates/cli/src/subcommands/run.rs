//! `postlude run`: one login with a plugin, in a real host in memory.

mod difference;
mod replay;
mod show;

use crate::login::{self, LoginArgs, Played, Step};
use crate::output::{self, Paint};
use anyhow::{Context, Result, bail};
use postlude_model::names::Timestamp;
use postlude_stories::event::sample;
use postlude_stories::workbench::{PluginPool, PooledPlugin, Workbench};
use replay::Replay;
use serde_json::json;
use std::path::PathBuf;
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
    #[command(flatten)]
    login: LoginArgs,
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
                let secrets = login::secrets(args.login.secrets())?;
                let (action, fuel) = (args.login.action(), args.login.fuel());
                let asked = Replay { file: saved, action, secrets, fuel, json: args.json };
                replay::run(&asked, pool.compiler().sandbox(), &plugin.plugin).await
            }
            None => play(args, &pool, &plugin).await,
        }
    })
}

/// Plays the login, and shows each step.
async fn play(args: &Args, pool: &PluginPool, plugin: &PooledPlugin) -> Result<ExitCode> {
    let Played { bench, steps, unasked } = args.login.play(pool, plugin, system_now()).await?;
    show(args, &bench, plugin, &steps)?;
    for request in bench.http().take_unexpected() {
        let pair = json!({ "request": { "method": request.method, "url": request.url }, "answer": { "status": 200, "body": {} } });
        let text = format!("a request had no answer: add {pair} to `--http`");
        output::note(output::coloured_note(Paint::Careful, &text));
    }
    bench.close().await;
    if unasked {
        bail!(login::UNASKED);
    }
    Ok(if steps.iter().any(show::failed) { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn show(args: &Args, bench: &Workbench, plugin: &PooledPlugin, steps: &[Step]) -> Result<()> {
    if args.json {
        return output::json(&show::as_json(plugin, bench.notes(), steps));
    }
    show::header(plugin, bench.notes());
    steps.iter().for_each(|step| show::step(step, args.login.mode(), args.all_frames));
    Ok(())
}

fn system_now() -> Timestamp {
    Timestamp::default().plus(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}
