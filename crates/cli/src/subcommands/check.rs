//! `postlude check`: every mistake of a configuration and its plugins at once.

use crate::output::{self, Paint};
use crate::subcommands::compile_worker;
use anyhow::Result;
use postlude_config::{Environment, Problem, Problems};
use postlude_host::Compiler;
use postlude_sandbox::Sandbox;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Check postlude.toml, the plugins it names and how they fit together; changes nothing.
///
/// Prints every mistake at once, with file, line and a hint. Warnings do not fail the check.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  postlude check\n  postlude check --config staging.toml --json | jq '.problems[].message'"
)]
pub(crate) struct Args {
    /// The configuration
    #[arg(long, short, default_value = "postlude.toml", env = "POSTLUDE_CONFIG")]
    config: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let sandbox = Sandbox::new(Default::default())?;
    let compiler = Compiler::new(sandbox.clone(), compile_worker::compilation()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let tried: Result<_, Problems> = runtime.block_on(async {
        let loaded = postlude_host::load(&args.config, &compiler, &Environment::process()).await?;
        loaded.try_starts(&sandbox).await?;
        Ok(loaded)
    });
    let (problems, summary) = match tried {
        Ok(loaded) => (loaded.warnings().to_vec(), Some(loaded.summary())),
        Err(problems) => (problems.into_vec(), None),
    };
    let failed = summary.is_none();
    if args.json {
        let problems: Vec<_> = problems.iter().map(as_json).collect();
        output::json(&json!({ "ok": !failed, "problems": problems }))?;
    } else {
        problems.iter().for_each(show);
        match summary {
            Some(summary) => output::line(format!("{} {summary}", output::coloured(Paint::Good, "ok:"))),
            None => {
                let errors = problems.iter().filter(|problem| problem.is_error()).count();
                let noun = if errors == 1 { "mistake" } else { "mistakes" };
                output::line(output::coloured(Paint::Bad, &format!("{errors} {noun}; nothing would be served")));
            }
        }
    }
    Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn show(problem: &Problem) {
    let text = problem.to_string();
    let paint = if problem.is_error() { Paint::Bad } else { Paint::Careful };
    let (place, rest) = text.split_once(": ").unwrap_or(("", &text));
    output::line(format!("{} {rest}", output::coloured(paint, &format!("{place}:"))));
}

fn as_json(problem: &Problem) -> serde_json::Value {
    json!({
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "severity": if problem.is_error() { "error" } else { "warning" },
        "message": problem.message,
        "hint": problem.hint,
    })
}
