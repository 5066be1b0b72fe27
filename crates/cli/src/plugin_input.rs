//! The options that say what a single run of a plugin gets, for the commands that measure one.

use anyhow::{Context as _, Result, anyhow};
use clap::ValueEnum;
use postlude_crypto::token::local_keys;
use postlude_model::action::{Action, Budget, Mode, Secret};
use postlude_model::json::Json;
use postlude_model::names::{FactorName, Timestamp};
use postlude_model::run::{Phase, Proof, Reply, RunInput};
use postlude_model::token::{Profile, TokenError, Verdict};
use postlude_sandbox::Plugin;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// 2026-01-01: a fixed clock, so that the same command gives the same run.
const SAMPLE_NOW: u64 = 1_767_225_600_000;

/// What a run gets.
#[derive(Debug, clap::Args)]
pub(crate) struct InputArgs {
    /// The event: a file, or JSON itself [default: a sample event, with every part that is common]
    #[arg(long, value_name = "JSON|FILE")]
    event: Option<String>,
    /// What the browser brought back, for `on-continue`: a file, or JSON itself
    #[arg(long, value_name = "JSON|FILE")]
    reply: Option<String>,
    /// The action's settings: a file, or JSON itself
    #[arg(long, value_name = "JSON|FILE", default_value = "{}")]
    settings: String,
    /// A secret, as NAME=VALUE; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    secret: Vec<String>,
    /// How the login reached the IdP
    #[arg(long, value_enum, default_value_t = ModeArg::Interactive)]
    mode: ModeArg,
    /// Fuel that the run may spend
    #[arg(long, default_value_t = postlude_model::limits::FUEL)]
    fuel: u64,
    /// The clock, in milliseconds since 1970
    #[arg(long, value_name = "MILLIS", default_value_t = SAMPLE_NOW)]
    now: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeArg {
    Interactive,
    Silent,
    Refresh,
    Password,
}

/// A reply, as `--reply` writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ReplyFile {
    method: Option<String>,
    query: BTreeMap<String, String>,
    form: BTreeMap<String, String>,
    factor: Option<FactorName>,
    verdict: Option<Verdict>,
    claims: Option<Value>,
    stash: Option<Value>,
}

/// The input of a run: the plugin is granted all that its manifest asks for, and nothing leaves this process.
pub(crate) fn input(args: &InputArgs, plugin: &Plugin) -> Result<RunInput> {
    let event = match &args.event {
        Some(event) => read_json("--event", event)?,
        None => Json::from_value(&postlude_stories::event::sample()),
    };
    let settings = read_json("--settings", &args.settings)?;
    let mut action = Action::granting_all(plugin.manifest(), plugin.digest(), settings).map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        anyhow!("`--settings` does not fit the manifest: {}", errors.join("; "))
    })?;
    let spec = &mut action.spec;
    let external = spec.result.profile == Profile::External;
    spec.factors.iter_mut().for_each(|factor| factor.external = external);
    spec.budget = Budget { fuel: args.fuel, ..plugin.budget() };
    action.keys = local_keys(&spec.result, &spec.grants.keys)?;
    action.secrets = args.secret.iter().map(|pair| secret(pair)).collect::<Result<_>>()?;
    action.development = true;
    let reply = args.reply.as_deref().map(|text| reply(text, &action)).transpose()?;
    let phase = if reply.is_some() { Phase::Continue } else { Phase::Login };
    let input = RunInput::on_login(Arc::new(action), event, Timestamp(args.now));
    Ok(RunInput { phase, reply, mode: args.mode.into(), ..input })
}

fn secret(pair: &str) -> Result<(String, Secret)> {
    let (name, value) = pair.split_once('=').context("`--secret` is NAME=VALUE")?;
    Ok((name.to_owned(), Secret::new(value)))
}

fn reply(text: &str, action: &Action) -> Result<Reply> {
    let file: ReplyFile =
        serde_json::from_value(read_json("--reply", text)?.to_value()).context("`--reply` is malformed")?;
    let asked_for = file.factor.or_else(|| action.spec.factors.first().map(|factor| factor.name.clone()));
    let claims = file.claims.as_ref().map(Json::from_value);
    let (token, proof) = match (file.verdict, action.spec.result.profile) {
        (_, Profile::External | Profile::None) => (Err(TokenError::NotApplicable), Proof::Nothing),
        (None, _) => (Err(TokenError::Missing), Proof::Nothing),
        (Some(_), Profile::Auth0) => (Ok(claims.unwrap_or_else(Json::object)), Proof::Judged),
        (Some(verdict), Profile::Postlude) => {
            let stand_in =
                json!({ "factor": asked_for, "verdict": verdict, "state": "state-of-the-prompt", "jti": "jti" });
            let claims = claims.unwrap_or_else(|| Json::from_value(&stand_in));
            (Ok(claims), Proof::Token { factor: asked_for.clone(), verdict })
        }
    };
    Ok(Reply {
        method: file.method.unwrap_or_else(|| "GET".to_owned()),
        query: file.query.into_iter().collect(),
        form: file.form.into_iter().collect(),
        resumed_state: "state-of-the-prompt".to_owned(),
        asked_for,
        token,
        proof,
        stash: file.stash.as_ref().map(Json::from_value),
    })
}

/// JSON from the argument itself, or from the file that it names.
fn read_json(option: &str, text: &str) -> Result<Json> {
    let own = text.trim_start().starts_with(['{', '[']);
    let text = if own {
        text.to_owned()
    } else {
        std::fs::read_to_string(Path::new(text)).with_context(|| format!("`{option} {text}` cannot be read"))?
    };
    Json::parse(&text).map_err(|why| anyhow!("`{option}` is not JSON: {why}"))
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
