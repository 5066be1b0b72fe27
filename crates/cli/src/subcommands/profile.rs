//! `postlude profile`: where a run's fuel goes, function by function.

mod flame_graph;
mod report;

use crate::login::LoginArgs;
use crate::output;

use anyhow::{Context as _, Result, bail};
use postlude_sandbox::{Profiler, SandboxConfig};
use postlude_stories::workbench::{BEGINNING, PluginPool};
use report::ProfiledPlugin;
use std::path::PathBuf;
use std::process::ExitCode;

/// Show where a run's fuel goes: a table of functions, and a flame graph as SVG.
///
/// The profile is exact, not sampled: a run is repeatable, and each point at which its fuel is checked (the entry of a function,
/// the head of a loop) is recorded. Host functions stand in it with their price, and instantiation stands apart from the export.
/// What a function without loops spends includes what its caller does up to the next check.
///
/// The login is played as by `postlude run`, and its last run is profiled. Names come from the plugin's name
/// section, which `postlude build` keeps in Rust and C, and in Go with `--debug`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  postlude profile email-domain.wasm --settings '{\"domains\":[\"acme.example\"]}' --out flame.svg\n  \
    postlude profile custom-factor.wasm --settings settings.json --prompt ok --top 30\n  \
    postlude profile plugin.wasm --folded > stacks.txt      # for other flame graph tools\n  \
    postlude profile plugin.wasm --json | jq '.functions[0]'\n\n\
    Exit codes: 0 the profile was made, also of a run that failed or was stopped; 1 there is none; 2 wrong usage."
)]
pub(crate) struct Args {
    /// The plugin
    plugin: PathBuf,
    #[command(flatten)]
    login: LoginArgs,
    /// Write a flame graph; open it in a browser and click a frame to zoom. An older one is replaced
    #[arg(long, value_name = "FILE.svg")]
    out: Option<PathBuf>,
    /// Functions in the table
    #[arg(long, default_value_t = 15)]
    top: usize,
    /// Print every call stack and its fuel, one a line, instead of the table
    #[arg(long, conflicts_with = "json")]
    folded: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let file = args.plugin.display();
    let bytes = std::fs::read(&args.plugin).with_context(|| format!("`{file}` cannot be read"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (plugin, phase, profile) = runtime.block_on(async {
        let pool = PluginPool::new(SandboxConfig::single())?;
        let plugin = pool.add(&bytes).await.with_context(|| format!("`{file}` was refused"))?;
        let input = args.login.last_run(&pool, &plugin, BEGINNING).await?;
        let phase = input.phase;
        let profile = Profiler::new()?.profile(&bytes, input).await;
        anyhow::Ok((plugin, phase, profile.with_context(|| format!("`{file}` was refused"))?))
    })?;
    if profile.stacks.is_empty() {
        bail!("`{file}` spent no fuel, so that there is nothing to show");
    }
    let profiled = ProfiledPlugin { manifest: plugin.manifest(), phase, profile: &profile };
    if let Some(out) = &args.out {
        std::fs::write(out, flame_graph::svg(&profiled)?)
            .with_context(|| format!("`{}` was not written", out.display()))?;
        output::note(format!("wrote {}", out.display()));
    }
    if args.json {
        report::json(&profiled)?;
    } else if args.folded {
        flame_graph::folded(&profile.stacks).iter().for_each(output::line);
    } else {
        report::show(&profiled, args.top);
    }
    Ok(ExitCode::SUCCESS)
}
