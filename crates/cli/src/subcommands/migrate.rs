//! `postlude migrate`: what will differ, and what is risky, when an action of Auth0's runs as a plugin; and its manifest, drafted.

use crate::output::{self, Paint};
use anyhow::{Context as _, Result};
use clap::ValueEnum;
use postlude_build::auth0::{self, Finding, Migration, Verdict};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Explain what will differ, and what is risky, when an action of Auth0's runs as a plugin.
///
/// The action is read, not run: each finding has its place, what is so and what to do. The manifest that its source suggests is shown, and written
/// by --write. `postlude build --auth0` builds the plugin, and `postlude auth0 diff` compares it with Node.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  postlude migrate login.js\n  postlude migrate actions/*.js --fail-on risk\n  postlude migrate login.js --write --publisher acme.example\n  \
    postlude migrate login.js --json | jq -r '.actions[].findings[] | select(.verdict == \"risk\") | .what'\n\n\
    Verdicts: error (it does not build, or fails where it comes to that); risk (it runs, and may let in whom it should not, or fail some logins);\n\
    differs (it does something else than with Auth0); handed (the IdP carries it out or denies); info.\n\
    Exit codes: 0 no finding is as bad as --fail-on says; 1 one is, or an action cannot be read, or a manifest is there already; 2 wrong usage."
)]
pub(crate) struct Args {
    /// The actions' files: JavaScript or TypeScript
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write each drafted manifest beside its action (`login.js` has `login.manifest.json`); one that is there is never overwritten
    #[arg(long)]
    write: bool,
    /// Who publishes the plugins: a domain of yours
    #[arg(long, value_name = "DOMAIN", default_value = "example.com")]
    publisher: String,
    /// The mildest verdict that fails the command
    #[arg(long, value_name = "VERDICT", value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Risk,
    Differs,
}

impl FailOn {
    const fn verdict(self) -> Verdict {
        match self {
            Self::Error => Verdict::Error,
            Self::Risk => Verdict::Risk,
            Self::Differs => Verdict::Differs,
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut all = Vec::new();
    let mut failed = false;
    for file in &args.files {
        let migration =
            auth0::migrate(file, &args.publisher).with_context(|| format!("`{}` was not looked at", file.display()))?;
        failed |= migration.findings.iter().any(|finding| finding.verdict <= args.fail_on.verdict());
        let written = match &migration.manifest {
            Some(manifest) if args.write => Some(auth0::write_draft(file, manifest)?),
            _ => None,
        };
        if args.json {
            all.push(as_json(file, &migration, written.as_deref()));
        } else {
            show(file, &migration, written.as_deref());
        }
    }
    if args.json {
        output::json(&json!({ "actions": all }))?;
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn as_json(file: &Path, migration: &Migration, written: Option<&Path>) -> Value {
    let counts: Map<String, Value> =
        Verdict::ALL.iter().map(|verdict| (verdict.id().to_owned(), migration.count(*verdict).into())).collect();
    json!({
        "file": file,
        "counts": counts,
        "findings": migration.findings,
        "manifest": migration.manifest,
        "manifest_written": written,
    })
}

fn show(file: &Path, migration: &Migration, written: Option<&Path>) {
    let counts = Verdict::ALL.iter().filter_map(|verdict| {
        let count = migration.count(*verdict);
        let plural = if count > 1 && matches!(verdict, Verdict::Error | Verdict::Risk) { "s" } else { "" };
        let to = if *verdict == Verdict::Handed { " to the IdP" } else { "" };
        (count > 0).then(|| format!("{count} {}{plural}{to}", verdict.id()))
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    let counts = if counts.is_empty() { "nothing found".to_owned() } else { counts };
    output::line(format!("{}: {counts}", file.display()));
    migration.findings.iter().for_each(show_finding);
    match &migration.manifest {
        Some(manifest) => show_manifest(file, manifest, written),
        None => output::line("no manifest is drafted: the action does not build"),
    }
}

fn show_finding(finding: &Finding) {
    let Finding { verdict, rule, line, column, what, fix, more } = finding;
    let paint = match verdict {
        Verdict::Error => Paint::Bad,
        Verdict::Risk | Verdict::Differs => Paint::Careful,
        Verdict::Handed | Verdict::Info => Paint::Quiet,
    };
    let word = output::coloured(paint, &format!("{:<7}", verdict.id()));
    let place = format!("{line}:{column}");
    let more = if *more > 0 { format!(" (and at {more} more)") } else { String::new() };
    output::line(format!("  {place:<7} {word}  {}{more}  [{rule}]", output::plain(what)));
    if let Some(fix) = fix {
        output::line(format!("                   {} {}", output::coloured(Paint::Quiet, "do:"), output::plain(fix)));
    }
}

/// What the manifest asks for, a line for each kind.
fn show_manifest(file: &Path, manifest: &Value, written: Option<&Path>) {
    match written {
        Some(path) => output::line(format!("the manifest is in {}; it asks for", path.display())),
        None => output::line(format!(
            "the manifest that --write, or `postlude build --auth0`, puts into {} asks for",
            auth0::manifest_file(file).display()
        )),
    }
    let row = |name: &str, text: &str| output::line(format!("  {name:<17} {}", output::plain(text)));
    for (kind, values) in manifest.get("capabilities").and_then(Value::as_object).into_iter().flatten() {
        let values = values.as_array().into_iter().flatten().map(shown);
        row(kind, &values.collect::<Vec<_>>().join("  "));
    }
    for factor in manifest.get("factors").and_then(Value::as_array).into_iter().flatten() {
        row("factor", &factor.get("name").map(shown).unwrap_or_default());
    }
    match manifest.get("result") {
        Some(Value::String(proof)) => row("proof of a result", &format!("{proof}, which the operator grants by name")),
        Some(result) => {
            let text = |name: &str| result.get(name).and_then(Value::as_str).unwrap_or_default();
            row("proof of a result", &format!("`{}` signed by the key `{}`", text("parameter"), text("key")));
        }
        None => {}
    }
}

/// A value that is asked for; one that only a run tells is left to the settings.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "all of the event".to_owned(),
        Value::String(text) => text.clone(),
        other => {
            let pointer = other.get("setting").and_then(Value::as_str).unwrap_or_default();
            let name = pointer.trim_start_matches('/').trim_end_matches("/*");
            format!("(those of the setting `{name}`)")
        }
    }
}
