//! `postlude dev`: a plugin in a real browser flow while it is written: built and swapped at every save.

mod lines;
mod record;

use crate::output::{self, Paint};
use crate::subcommands::serve::stop_signal;
use crate::subcommands::{build as build_command, compile_worker};
use crate::telemetry::{self, LogOptions};
use anyhow::{Context as _, Result, anyhow};
use lines::{built_line, run_line};
use postlude_build::auth0::{self, Auth0Options};
use postlude_build::{BuildOptions, Built, Language, Project, Watch, build};
use postlude_demo::{Dev, DevPlugin, EndedLogin, Sockets};
use postlude_model::manifest::Manifest;
use postlude_stories::story::{self, Setup};
use postlude_stories::workbench::{ActionSource, GrantedAction};
use record::{Record, is_recorded};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::time::Instant;
use tokio::sync::mpsc;

/// The folder of stories in a project.
const STORIES: &str = "stories";

/// Work on a plugin in a real browser flow: an IdP, a prompt simulator, and every message of each login.
///
/// Builds the project, serves it on this machine, and prints a line for each run. Saving a file builds and swaps the plugin while
/// logins go on. The plugin is granted all that its manifest asks for; its settings are those of its stories. Wherever it sends the
/// browser, a simulator answers: ok, refused, error, never back, and each result that must be refused.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  postlude dev                                  # then open the address that it prints\n  \
    postlude dev acme-face --setup staging.toml   # with the settings of that file of stories\n  \
    postlude dev --record stories                 # each login that ends becomes a story of `postlude test`\n  \
    postlude dev --auth0 login.js --real-site     # an action written for Auth0, with the partner's page that runs already\n  \
    postlude dev --json | jq -r .decision"
)]
pub(crate) struct Args {
    /// The project's directory
    #[arg(default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    /// Work on an action that was written for Auth0's trigger post-login, in place of a project
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dir", "lang", "debug"])]
    auth0: Option<PathBuf>,
    /// Send browsers to the site that the plugin names, in place of the simulator; the site has to run, and to have the secret or
    /// the keys of the setup
    #[arg(long)]
    real_site: bool,
    /// A file of stories with the `[settings]`, `[secrets]` and `[action]` to use [default: the first in DIR/stories]
    #[arg(long, value_name = "FILE")]
    setup: Option<PathBuf>,
    /// The language, where the files of the directory do not tell it
    #[arg(long, value_name = "LANGUAGE", value_parser = build_command::language())]
    lang: Option<Language>,
    /// Build without optimisation
    #[arg(long)]
    debug: bool,
    /// The port of the page [default: 4400, or any free one]
    #[arg(long)]
    port: Option<u16>,
    /// Write a story for each login that ends: into a new file (.toml) that has all of them, or a file for each into a folder
    #[arg(long, value_name = "PATH")]
    record: Option<PathBuf>,
    /// Print a JSON object for each run
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // What the plugin logs, and nothing of the server's own.
    let telemetry =
        telemetry::start(LogOptions { filter: "off,postlude::plugin=debug", json: args.json }, runtime.handle())?;
    let worked = runtime.block_on(work(&args));
    telemetry.end();
    worked?;
    Ok(ExitCode::SUCCESS)
}

async fn work(args: &Args) -> Result<()> {
    let mut stop = pin!(stop_signal()?);
    // A folder without a project will not become one by saving.
    if args.auth0.is_none() {
        Project::open(&args.dir, args.lang)?;
    }
    // No save frees a port: one that is taken ends the command before it builds.
    let sockets = Sockets::bind(args.port)?;
    let mut record = args.record.as_deref().map(Record::new).transpose()?;
    let out = tempfile::Builder::new().prefix("postlude-dev-build-").tempdir().context("no temporary folder")?;
    let mut saves = saves(folder(args), record.as_ref())?;
    let dev = tokio::select! {
        dev = first(args, &sockets, out.path(), &mut saves) => dev?,
        () = &mut stop => {
            record.into_iter().for_each(Record::end);
            return Ok(());
        }
    };
    let page = if args.real_site { dev.idp() } else { dev.page() };
    output::note(format!("open {page} and log in as ana; save a file to swap the plugin; Ctrl-C stops\n"));
    if args.real_site {
        output::note(format!(
            "the site sends browsers back to {}; {} shows the messages\n",
            dev.continue_url(),
            dev.page()
        ));
    }
    let follow = dev.follow(|line| {
        let line = if args.json { serde_json::to_string(line).unwrap_or_default() } else { run_line(line) };
        // A reader that went away is no error of the server's.
        let _ = output::try_line(line);
    });
    let record_each = async {
        match &mut record {
            Some(record) => dev.follow_ended(|login| tell_recorded(&dev, record, login)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = follow => {}
        () = record_each => {}
        () = swap_at_each_save(args, out.path(), &mut saves, &dev) => {}
        () = &mut stop => {}
    }
    record.into_iter().for_each(Record::end);
    dev.stop().await
}

/// The first version that is built and taken; each that is not is told, and the next save is waited for.
async fn first(args: &Args, sockets: &Sockets, out: &Path, saves: &mut Saves) -> Result<Dev> {
    loop {
        let tried = match built(args, out).await {
            Ok(plugin) => Dev::start(sockets, compile_worker::compilation()?, &plugin).await,
            Err(why) => Err(why),
        };
        match tried {
            Ok(dev) => return Ok(dev),
            Err(why) => tell_failure("not started:", &why),
        }
        output::note("waiting for a change");
        saves.recv().await.context("the project's files cannot be watched any more")?;
    }
}

async fn swap_at_each_save(args: &Args, out: &Path, saves: &mut Saves, dev: &Dev) {
    while saves.recv().await.is_some() {
        let swapped = match built(args, out).await {
            Ok(plugin) => {
                dev.swap(&plugin).await.context("the new version was not taken; the one before it keeps running")
            }
            Err(why) => Err(why),
        };
        if let Err(why) = swapped {
            dev.failed(&format!("{why:#}"));
            tell_failure("not swapped:", &why);
        }
    }
}

/// A message for each save; what is saved during a build waits for its end.
type Saves = mpsc::Receiver<()>;

fn saves(dir: &Path, record: Option<&Record>) -> Result<Saves> {
    let recorded = record.map(Record::writes);
    // What this command itself writes changes nothing of the plugin: stories, and its output where that goes into a file.
    let outputs: Vec<PathBuf> =
        ["/dev/fd/1", "/dev/fd/2"].iter().filter_map(|fd| std::fs::read_link(fd).ok()).collect();
    let is_own = move |path: &Path| {
        outputs.iter().any(|output| output == path) || recorded.as_ref().is_some_and(|writes| writes(path))
    };
    let mut watch = Watch::new([dir])?.passing_over(is_own);
    let (sender, receiver) = mpsc::channel(1);
    // The thread sleeps in the watch and ends with the process.
    std::thread::spawn(move || {
        while !watch.wait().is_empty() {
            if let Err(mpsc::error::TrySendError::Closed(())) = sender.try_send(()) {
                return;
            }
        }
    });
    Ok(receiver)
}

/// Writes the story of a login; one line says where, or why not.
fn tell_recorded(dev: &Dev, record: &mut Record, login: &EndedLogin) {
    let written = dev.story(&login.login).and_then(|story| record.write(login, story));
    output::note(match written {
        Ok(path) => format!("{} {}", output::coloured_note(Paint::Good, "recorded"), path.display()),
        Err(why) => format!("{} {why:#}", output::coloured_note(Paint::Bad, "not recorded:")),
    });
}

fn tell_failure(what: &str, why: &anyhow::Error) {
    output::note(format!("{} {why:#}", output::coloured_note(Paint::Bad, what)));
}

/// The folder that is watched.
fn folder(args: &Args) -> &Path {
    match &args.auth0 {
        Some(file) => file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")),
        None => &args.dir,
    }
}

/// Builds the project, or the action; what it says is on standard error.
async fn built(args: &Args, out: &Path) -> Result<DevPlugin> {
    let setup = setup(args)?;
    let began = Instant::now();
    let (built, manifest) = match &args.auth0 {
        Some(file) => {
            let publisher = "example.com".to_owned();
            let options = Auth0Options { file: file.clone(), publisher, out: Some(out.to_owned()) };
            in_background(move || action(&options)).await?
        }
        None => {
            let (dir, language) = (args.dir.clone(), args.lang);
            let options = BuildOptions { dir, language, debug: args.debug, out: Some(out.to_owned()) };
            in_background(move || Ok((build(&options)?, Project::open(&options.dir, options.language)?.manifest)))
                .await?
        }
    };
    let bytes = std::fs::read(&built.path).with_context(|| format!("cannot read `{}`", built.path.display()))?;
    let about = built_line(&built, began.elapsed());
    output::note(format!("{} {about}", output::coloured_note(Paint::Good, "built")));
    let (settings, name) = (Value::Object(setup.settings.clone()), built.name.as_str());
    let source = ActionSource {
        name,
        manifest: &manifest,
        settings: &settings,
        secrets: &setup.secrets,
        operator: &setup.action,
    };
    let action = GrantedAction::of(source, name);
    for made_up in &action.notes {
        output::note(format!("  {made_up}"));
    }
    Ok(DevPlugin { name: built.name.clone(), bytes, action, setup, real_site: args.real_site, about })
}

async fn in_background(
    build: impl FnOnce() -> Result<(Built, Manifest)> + Send + 'static,
) -> Result<(Built, Manifest)> {
    tokio::task::spawn_blocking(build).await.map_err(|why| anyhow!("the build's task failed: {why}"))?
}

/// Builds an action of Auth0's, with its manifest, which stands beside it.
fn action(options: &Auth0Options) -> Result<(Built, Manifest)> {
    let action = auth0::build(options)?;
    let path = &action.manifest;
    let text = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let manifest = Manifest::parse(&text).map_err(|why| anyhow!("`{}`: {why}", path.display()))?;
    Ok((action.built, manifest))
}

/// The settings of the project's stories.
fn setup(args: &Args) -> Result<Setup> {
    let file = match &args.setup {
        Some(file) => Some(file.clone()),
        None => first_stories(&folder(args).join(STORIES)),
    };
    match file {
        Some(file) => Ok(story::read(&file)?.setup),
        None => Ok(Setup::default()),
    }
}

fn first_stories(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    files.filter(|path| path.extension().is_some_and(|extension| extension == "toml") && !is_recorded(path)).min()
}
