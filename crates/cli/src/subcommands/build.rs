//! `postlude build`: a project becomes a plugin: compiled by its language's tools, made a component, its manifest inside.

use crate::output::{self, Paint};
use anyhow::{Context as _, Result, bail};
use postlude_build::auth0::{self, Auth0Options};
use postlude_build::{BuildError, BuildOptions, Built, Language, Watch, build};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Build plugins from projects: compile, make a component, put the manifest in.
///
/// Each directory holds a project in Rust, JavaScript, TypeScript, Python, Go or C, with a manifest.json. It is compiled by that
/// language's own tools; when one is missing, the error says how to install it. The result is one file that `postlude.toml`
/// names; its digest is the plugin's identity.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude build\n  postlude build plugins/custom-factor plugins/email-domain\n  \
    postlude build acme-face --out acme-face.wasm\n  postlude build --auth0 login.js\n  postlude build --watch\n  postlude build --json | jq -r '.built[0].digest'")]
pub(crate) struct Args {
    /// The projects' directories
    #[arg(default_value = ".", value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// Build an action that was written for Auth0's trigger post-login, as it is. Its manifest stands beside it (`login.js` has
    /// `login.manifest.json`); where there is none, it is drafted from the source
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dirs", "lang", "debug", "watch"])]
    auth0: Vec<PathBuf>,
    /// Who publishes the plugins whose manifests are drafted: a domain of yours
    #[arg(long, value_name = "DOMAIN", default_value = "example.com", requires = "auth0")]
    publisher: String,
    /// The file to write, or a directory [default: the language's own place, such as
    /// target/postlude/NAME.wasm for Rust]
    #[arg(long, short, value_name = "PATH")]
    out: Option<PathBuf>,
    /// The language, where the files of the directory do not tell it
    #[arg(long, value_name = "LANGUAGE", value_parser = language())]
    lang: Option<Language>,
    /// Build without optimisation
    #[arg(long)]
    debug: bool,
    /// Build again whenever a file of the projects is saved, with a line for each build, until the command is stopped
    #[arg(long)]
    watch: bool,
    /// Print JSON; with --watch an object a line
    #[arg(long)]
    json: bool,
}

/// A language by its name, for clap: its help and its error list the names.
pub(crate) fn language() -> impl clap::builder::TypedValueParser<Value = Language> {
    use clap::builder::{PossibleValuesParser, TypedValueParser as _};
    PossibleValuesParser::new(Language::ALL.map(Language::id))
        .try_map(|id| Language::from_id(&id).context("no such language").map_err(|why| why.to_string()))
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if args.dirs.len() > 1 && args.out.as_ref().is_some_and(|out| !out.is_dir()) {
        bail!("`--out` has to be a directory that exists when several projects are built");
    }
    if !args.auth0.is_empty() {
        return actions(args);
    }
    if args.watch {
        return watch(args);
    }
    let mut all = Vec::new();
    for dir in &args.dirs {
        let built = build(&options(args, dir)).with_context(|| format!("`{}` was not built", dir.display()))?;
        if !args.json {
            show(&built);
        }
        all.push(built);
    }
    if args.json {
        output::json(&json!({ "built": all.iter().map(as_json).collect::<Vec<_>>() }))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds actions of Auth0's.
fn actions(args: &Args) -> Result<ExitCode> {
    if args.auth0.len() > 1 && args.out.as_ref().is_some_and(|out| !out.is_dir()) {
        bail!("`--out` has to be a directory that exists when several actions are built");
    }
    let mut all = Vec::new();
    for file in &args.auth0 {
        let options = Auth0Options { file: file.clone(), publisher: args.publisher.clone(), out: args.out.clone() };
        let action = auth0::build(&options).with_context(|| format!("`{}` was not built", file.display()))?;
        let manifest = action.manifest.display();
        for note in &action.notes {
            let place = format!("{}:{}:{}", file.display(), note.line, note.column);
            output::note(format!("{} {place}: {}", output::coloured_note(Paint::Careful, "warning:"), note.what));
        }
        if !args.json {
            show(&action.built);
            let note = if action.drafted {
                "  (drafted from the source: read it, it is what the operator grants)"
            } else {
                ""
            };
            output::line(format!("  manifest: {manifest}{note}"));
        }
        let mut json = as_json(&action.built);
        if let Some(members) = json.as_object_mut() {
            members.insert("manifest".to_owned(), manifest.to_string().into());
            members.insert("manifest_drafted".to_owned(), action.drafted.into());
        }
        all.push(json);
    }
    if args.json {
        output::json(&json!({ "built": all }))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn options(args: &Args, dir: &Path) -> BuildOptions {
    BuildOptions { dir: dir.to_owned(), language: args.lang, debug: args.debug, out: args.out.clone() }
}

/// Builds all projects, and each again when a file of it changes. A build that fails ends nothing: the next save may mend it.
fn watch(args: &Args) -> Result<ExitCode> {
    let mut watch = Watch::new(args.dirs.iter().map(PathBuf::as_path))?;
    let mut due = args.dirs.clone();
    while !due.is_empty() {
        for dir in &due {
            let started = Instant::now();
            if report(args, dir, build(&options(args, dir)), started.elapsed()).is_err() {
                // The reader went away.
                return Ok(ExitCode::SUCCESS);
            }
        }
        due = watch.wait();
    }
    bail!("the files of the projects cannot be watched any more")
}

/// A line for a build.
fn report(args: &Args, dir: &Path, outcome: Result<Built, BuildError>, took: Duration) -> std::io::Result<()> {
    let seconds = took.as_secs_f64();
    match outcome {
        Ok(built) if args.json => output::try_line(json!({ "built": as_json(&built), "seconds": seconds })),
        Ok(built) => {
            let Built { name, size, digest, tier, .. } = &built;
            let size = output::grouped(u64::try_from(*size).unwrap_or(u64::MAX));
            let tier = tier.as_str();
            output::try_line(format!(
                "{} {name}  {size} bytes  {digest}  {tier}  {seconds:.1} s",
                output::coloured(Paint::Good, "built")
            ))
        }
        Err(why) if args.json => {
            output::try_line(json!({ "failed": dir, "error": why.to_string(), "seconds": seconds }))
        }
        Err(why) => {
            let failed = output::coloured(Paint::Bad, "not built");
            output::try_line(format!("{failed} {}  {why}  {seconds:.1} s", dir.display()))
        }
    }
}

fn show(built: &Built) {
    let Built { name, path, size, digest, reproducible, imports, toolchain, tier, shim_kept, .. } = built;
    let size = output::grouped(u64::try_from(*size).unwrap_or(u64::MAX));
    output::line(format!("{} {name}  {}  {size} bytes", output::coloured(Paint::Good, "built"), path.display()));
    let note = if *reproducible { "" } else { "  (of this build alone: these tools give other bytes each time)" };
    output::line(format!("  {digest}{note}"));
    output::line(format!("  imports: {}", if imports.is_empty() { "none".to_owned() } else { imports.join(" ") }));
    output::line(format!("  tier: {}", tier.as_str()));
    output::line(format!("  toolchain: {toolchain}"));
    if let Some(why) = shim_kept {
        output::line(format!("  shim of the imports: kept, {why}"));
    }
}

fn as_json(built: &Built) -> Value {
    json!({
        "name": built.name,
        "language": built.language.id(),
        "path": built.path,
        "size": built.size,
        "digest": built.digest,
        "reproducible": built.reproducible,
        "imports": built.imports,
        "tier": built.tier.as_str(),
        "toolchain": built.toolchain,
        "shim_kept": built.shim_kept.as_ref().map(ToString::to_string),
    })
}
