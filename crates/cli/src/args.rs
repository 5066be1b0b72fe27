//! The command line: every subcommand, parsed without side effects.

use crate::subcommands::{
    add, answer_prompt, auth0, bench, build, check, compile_worker, completions, demo, dev, doctor, explain, init,
    inspect, keys, man, migrate, new, profile, prompt_site, pull, push, run, serve, sign, store, test, uploads, verify,
    watch,
};
use anyhow::Result;
use clap::{CommandFactory as _, Parser, Subcommand};
use postlude_model::abi::accepted_packages;
use std::process::ExitCode;
use std::sync::LazyLock;

/// The version, and the plugin contracts that this host speaks.
static LONG_VERSION: LazyLock<String> =
    LazyLock::new(|| format!("{}\nplugin contracts accepted: {}", env!("CARGO_PKG_VERSION"), accepted_packages()));

/// Runs what happens after the password: post-login actions, sandboxed, for any IdP.
#[derive(Debug, Parser)]
#[command(name = "postlude", version, long_version = LONG_VERSION.as_str(), max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done; 1 refused or failed, the reason is on standard error; 2 wrong usage.\n\
    Colour is used on a terminal, unless NO_COLOR is set.")]
pub(crate) struct Postlude {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands, each in a file of its own.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Args),
    Serve(serve::Args),
    Check(check::Args),
    Demo(demo::Args),
    Run(Box<run::Args>),
    New(new::Args),
    Build(build::Args),
    Migrate(migrate::Args),
    Auth0(auth0::Args),
    Dev(dev::Args),
    Test(Box<test::Args>),
    Inspect(inspect::Args),
    Sign(sign::Args),
    Verify(verify::Args),
    Push(push::Args),
    Pull(pull::Args),
    Add(add::Args),
    Profile(Box<profile::Args>),
    Bench(Box<bench::Args>),
    Doctor(doctor::Args),
    Keys(keys::Args),
    Store(store::Args),
    AnswerPrompt(answer_prompt::Args),
    PromptSite(prompt_site::Args),
    Explain(explain::Args),
    Uploads(uploads::Args),
    Watch(watch::Args),
    Completions(completions::Args),
    Man(man::Args),
    #[command(hide = true)]
    CompileWorker(compile_worker::Args),
}

impl Command {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self {
            Self::Init(args) => init::run(&args),
            Self::Serve(args) => serve::run(args),
            Self::Check(args) => check::run(&args),
            Self::Demo(args) => demo::run(args),
            Self::Run(args) => run::run(&args),
            Self::New(args) => new::run(&args),
            Self::Build(args) => build::run(&args),
            Self::Migrate(args) => migrate::run(&args),
            Self::Auth0(args) => auth0::run(args),
            Self::Dev(args) => dev::run(args),
            Self::Test(args) => test::run(&args),
            Self::Bench(args) => bench::run(&args),
            Self::Profile(args) => profile::run(&args),
            Self::Inspect(args) => inspect::run(&args),
            Self::Sign(args) => sign::run(&args),
            Self::Verify(args) => verify::run(&args),
            Self::Push(args) => push::run(&args),
            Self::Pull(args) => pull::run(&args),
            Self::Add(args) => add::run(&args),
            Self::Doctor(args) => doctor::run(&args),
            Self::Keys(args) => keys::run(&args),
            Self::Store(args) => store::run(&args),
            Self::AnswerPrompt(args) => answer_prompt::run(&args),
            Self::PromptSite(args) => prompt_site::run(&args),
            Self::Explain(args) => explain::run(&args),
            Self::Uploads(args) => uploads::run(&args),
            Self::Watch(args) => watch::run(&args),
            Self::Completions(args) => completions::run(&args, Postlude::command()),
            Self::Man(args) => man::run(&args, Postlude::command()),
            Self::CompileWorker(args) => compile_worker::run(&args),
        }
    }
}
