//! A login with one plugin in a real host in memory, as the commands for plugin authors play it: `run` shows it, `profile` and `bench`
//! measure its last run.

mod inputs;
mod one_action;

pub(crate) use inputs::secrets;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use inputs::Inputs;
use postlude_model::action::Mode;
use postlude_model::names::Timestamp;
use postlude_model::run::RunInput;
use postlude_stories::workbench::{
    ActionSetup, Answer, FIRST_BROWSER, LoginInput, PluginPool, PooledPlugin, Workbench, WorkbenchError, WorkbenchSetup,
};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What goes into a login.
#[derive(Debug, clap::Args)]
pub(crate) struct LoginArgs {
    /// The event, whole: a file, JSON itself, or `-` for standard input [default: a complete sample]
    #[arg(long, value_name = "JSON|FILE|-")]
    event: Option<String>,
    /// The action's settings: a file, or JSON itself
    #[arg(long, value_name = "JSON|FILE", conflicts_with = "config")]
    settings: Option<String>,
    /// Take settings, grants, secrets and policy from the action that has this plugin in a configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The action, where there are several with this plugin
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
    /// The clock, in milliseconds since 1970: the same input then gives the same login
    #[arg(long, value_name = "MILLIS")]
    now: Option<u64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeArg {
    Interactive,
    Silent,
    Refresh,
    Password,
}

/// A login that was played.
#[derive(Debug)]
pub(crate) struct Played {
    /// The host, with what it was not asked for.
    pub(crate) bench: Workbench,
    /// The login, then each prompt.
    pub(crate) steps: Vec<Step>,
    /// Whether a prompt was answered that the plugin did not ask for.
    pub(crate) unasked: bool,
}

/// One step of a login: what was done, and what came of it.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) what: String,
    pub(crate) answer: Answer,
}

impl LoginArgs {
    /// The mode of the login.
    pub(crate) fn mode(&self) -> Mode {
        self.mode.into()
    }

    /// The action that was chosen.
    pub(crate) fn action(&self) -> Option<&str> {
        self.action.as_deref()
    }

    /// The secrets, as they were written.
    pub(crate) fn secrets(&self) -> &[String] {
        &self.secret
    }

    /// The limit of fuel.
    pub(crate) const fn fuel(&self) -> Option<u64> {
        self.fuel
    }

    /// Logs a user in and answers the prompts. The clock stands at `now` unless an option says otherwise.
    pub(crate) async fn play(&self, pool: &PluginPool, plugin: &PooledPlugin, now: Timestamp) -> Result<Played> {
        let inputs = Inputs::read(self.event.as_deref(), &self.prompt, self.http.as_deref())?;
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let setup = self.setup(folder.path(), pool, plugin, now)?;
        let mut bench = Workbench::open(setup).await.map_err(|why| self.refused(why))?;
        bench.http().expect(inputs.http);
        let browser = FIRST_BROWSER.to_owned();
        let login = LoginInput { event: inputs.event, exact: true, browser, mode: self.mode.into() };
        let first = bench.login(&login).await.map_err(not_an_event)?;
        let mut steps = vec![Step { what: "login".to_owned(), answer: first }];
        for (word, answer) in &inputs.prompts {
            if steps.last().is_none_or(|step| step.answer.outcome() != "redirect") {
                return Ok(Played { bench, steps, unasked: true });
            }
            let answer = bench.prompt(answer).await?;
            steps.push(Step { what: format!("prompt {word}"), answer });
        }
        Ok(Played { bench, steps, unasked: false })
    }

    /// The input of the last run of the login: it can be run again, and gets the answers to its requests again.
    pub(crate) async fn last_run(&self, pool: &PluginPool, plugin: &PooledPlugin, now: Timestamp) -> Result<RunInput> {
        let Played { bench, steps, unasked } = self.play(pool, plugin, now).await?;
        bench.close().await;
        if unasked {
            bail!(UNASKED);
        }
        let mut runs = steps.into_iter().flat_map(|step| step.answer.runs);
        let last = runs.next_back().context("the login ran nothing: the prompt's answer was refused before")?;
        let mut input = last.input;
        input.http.recorded = last.report.http;
        Ok(input)
    }

    fn setup(&self, folder: &Path, pool: &PluginPool, plugin: &PooledPlugin, now: Timestamp) -> Result<WorkbenchSetup> {
        let setup = WorkbenchSetup::new(pool).beginning(self.now.map_or(now, Timestamp));
        if let Some(config) = &self.config {
            let mut chosen = one_action::choose(config, self.action(), plugin)?;
            chosen.change(folder, &secrets(&self.secret)?, self.fuel)?;
            return Ok(setup.config(chosen.write(folder)?));
        }
        let mut action = ActionSetup::new(plugin.clone());
        if let Some(settings) = &self.settings {
            action.settings = inputs::object("--settings", settings)?;
        }
        let secrets = secrets(&self.secret)?;
        action.secrets = secrets.into_iter().map(|(name, secret)| (name, secret.reveal().to_owned())).collect();
        if let Some(fuel) = self.fuel {
            action.operator.insert("limits".to_owned(), json!({ "fuel": fuel, "wall_clock": "10s" }));
        }
        Ok(setup.action(action))
    }

    /// The host's words about a configuration that was written for this call: its hints speak of `postlude.toml`, where the user
    /// has options.
    fn refused(&self, why: WorkbenchError) -> anyhow::Error {
        let WorkbenchError::Config(mistakes) = why else { return why.into() };
        let own = self.config.is_some();
        let mut text = String::from("the server would not take this plugin:");
        for mistake in &mistakes {
            text.push_str(&format!("\n  {}", mistake.message));
            if let Some(hint) = mistake.hint.as_ref().filter(|_| own) {
                text.push_str(&format!("\n    hint: {hint}"));
            }
        }
        if !own && mistakes.iter().any(|mistake| mistake.message.contains("setting")) {
            let verb = if self.settings.is_none() { "give" } else { "correct" };
            text.push_str(&format!(
                "\n    hint: {verb} the settings with `--settings JSON|FILE`, or take an action's with `--config postlude.toml`"
            ));
        }
        anyhow::anyhow!(text)
    }
}

/// Why a prompt's answer has nothing to answer.
pub(crate) const UNASKED: &str = "`--prompt` has nothing to answer: the plugin did not redirect; it needs an event and settings \
    with which it does";

/// An event that no identity provider may send.
fn not_an_event(why: WorkbenchError) -> anyhow::Error {
    match why {
        WorkbenchError::Usage(why) => {
            anyhow::anyhow!("{why}\n  hint: `postlude run --print-event` prints a complete event")
        }
        why => why.into(),
    }
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
