//! `postlude doctor`: what is missing on this machine, and the command that mends it.

mod finding;
mod machine;
mod ports;
mod report;
mod serving;
mod tools;

use anyhow::{Result, bail};
use finding::Status;
use postlude_build::{Language, Project};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The configuration that is looked at where it is there and no other one is named.
const CONFIG: &str = "postlude.toml";

/// Say what is missing on this machine, and the command that mends it.
///
/// Looks at the machine (limits, memory, kernel), at the tools that build plugins, and at what a configuration needs: its ports,
/// folders, keys and files. In a plugin's folder the tools of its language are needed, and those of each `--for`; beside a
/// postlude.toml, what it needs. What is only not there, and nothing asks for, is no mistake.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude doctor\n  postlude doctor --for rust,js\n  \
    postlude doctor --config /etc/postlude/postlude.toml --json | jq '.findings[] | select(.status == \"missing\")'\n\n\
    Exit codes: 0 nothing that is needed is missing; 1 something is; 2 wrong usage.")]
pub(crate) struct Args {
    /// Languages in which plugins are written here: rust, js, ts, python, go, c
    #[arg(long = "for", value_name = "LANGUAGE", value_delimiter = ',', value_parser = language)]
    languages: Vec<Language>,
    /// The configuration that is served here [default: postlude.toml, where it is there]
    #[arg(long, short, env = "POSTLUDE_CONFIG")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn language(id: &str) -> Result<Language, String> {
    let known = || Language::ALL.map(Language::id).join(", ");
    Language::from_id(id).ok_or_else(|| format!("the languages are {}", known()))
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let config = match &args.config {
        Some(config) if !config.exists() => {
            bail!("`{}` is not there: name the configuration with `--config`", config.display())
        }
        Some(config) => Some(config.clone()),
        None => Some(PathBuf::from(CONFIG)).filter(|config| config.exists()),
    };
    let mut languages = args.languages.clone();
    languages.extend(Project::open(Path::new("."), None).ok().map(|project| project.language));
    let mut findings = machine::look();
    findings.extend(tools::look(&languages));
    match &config {
        Some(config) => findings.extend(serving::look(config)?),
        None => findings.push(serving::absent()),
    }
    if args.json {
        report::json(&findings)?
    } else {
        report::show(&findings)
    }
    let is_missing = findings.iter().any(|finding| finding.status == Status::Missing);
    Ok(if is_missing { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
