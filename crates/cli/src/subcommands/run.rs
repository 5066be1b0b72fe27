//! `postlude run`: one run of a plugin, without a server.

use crate::output::{self, Paint, grouped};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use postlude_crypto::token::local_keys;
use postlude_model::action::{Action, Budget, Mode, Secret};
use postlude_model::decision::{Command, Decision, Failure};
use postlude_model::json::Json;
use postlude_model::names::{FactorName, Timestamp};
use postlude_model::run::{Ending, Phase, Proof, Reply, Report, RunInput};
use postlude_model::token::{Profile, TokenError, Verdict};
use postlude_sandbox::{Plugin, Sandbox};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Run a plugin once and show everything that came of it: decision, commands, log, fuel, memory, time.
///
/// Without --reply it is asked as at a login (`on-login`), with --reply as when the browser is back (`on-continue`). The
/// plugin is granted all that its manifest asks for, its factors have no record, and nothing leaves this process.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  postlude run email-domain.wasm --event event.json --settings '{\"domains\":[\"acme.example\"]}'\n  \
    postlude run custom-factor.wasm --event event.json --settings settings.json --reply reply.json --json\n\n\
    A reply: {\"method\":\"GET\", \"query\":{\"k\":\"v\"}, \"form\":{}, \"factor\":\"https://..\", \"verdict\":\"ok\",\n  \
    \"claims\":{..}, \"stash\":..}; every member may be left out. `verdict` stands for a verified result token.\n\n\
    Exit codes: 0 the plugin decided; 1 it failed, was stopped, or could not be loaded; 2 wrong usage."
)]
pub(crate) struct Args {
    /// The plugin
    plugin: PathBuf,
    /// The event: a file, or JSON itself
    #[arg(long, value_name = "JSON|FILE")]
    event: String,
    /// What the browser brought back: a file, or JSON itself
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
    /// The clock, in milliseconds since 1970, instead of the system's: the same input then gives the same run
    #[arg(long, value_name = "MILLIS")]
    now: Option<u64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
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

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let bytes = std::fs::read(&args.plugin).with_context(|| format!("`{}` cannot be read", args.plugin.display()))?;
    let sandbox = Sandbox::new(Default::default())?;
    let plugin = sandbox.load(&bytes).with_context(|| format!("`{}` was refused", args.plugin.display()))?;
    let input = input(args, &plugin)?;
    let phase = input.phase;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(sandbox.run(&plugin, input));
    if args.json {
        output::json(&as_json(&report))?
    } else {
        show(&plugin, phase, &report)
    }
    Ok(match report.ending {
        Ending::Decided(_) => ExitCode::SUCCESS,
        Ending::Failed(_) | Ending::Trapped(_) | Ending::TimedOut | Ending::Busy => ExitCode::from(1),
    })
}

fn input(args: &Args, plugin: &Plugin) -> Result<RunInput> {
    let event = read_json("--event", &args.event)?;
    let settings = read_json("--settings", &args.settings)?;
    let action = action(args, plugin, settings)?;
    let reply = args.reply.as_deref().map(|text| reply(text, &action)).transpose()?;
    let now = args.now.map_or_else(system_now, Timestamp);
    let phase = if reply.is_some() { Phase::Continue } else { Phase::Login };
    let input = RunInput::on_login(Arc::new(action), event, now);
    Ok(RunInput { phase, reply, mode: args.mode.into(), ..input })
}

fn action(args: &Args, plugin: &Plugin, settings: Json) -> Result<Action> {
    let mut action = Action::granting_all(plugin.manifest(), plugin.digest(), settings).map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the settings do not fit the manifest: {}", errors.join("; "))
    })?;
    let spec = &mut action.spec;
    let external = spec.result.profile == Profile::External;
    spec.factors.iter_mut().for_each(|factor| factor.external = external);
    spec.budget = Budget { fuel: args.fuel, ..plugin.budget() };
    action.keys = local_keys(&spec.result, &spec.grants.keys)?;
    action.secrets = args.secret.iter().map(|pair| secret(pair)).collect::<Result<_>>()?;
    action.development = true;
    Ok(action)
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
    let json = Json::parse(&text).with_context(|| format!("`{option}` is not acceptable JSON"))?;
    if !json.as_str().starts_with('{') {
        bail!("`{option}` must be a JSON object");
    }
    Ok(json)
}

fn system_now() -> Timestamp {
    Timestamp::default().plus(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
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

fn show(plugin: &Plugin, phase: Phase, report: &Report) {
    let manifest = plugin.manifest();
    let phase = phase.as_str();
    output::line(format!("{} {}  {phase}", manifest.name, manifest.version));
    output::line(output::coloured(Paint::Quiet, &plugin.digest().to_string()));
    let (paint, ending) = ending(&report.ending);
    output::line(format!("{} {}", label("decision"), output::coloured(paint, &ending)));
    if let Ending::Trapped(trap) = &report.ending {
        trap.backtrace.iter().for_each(|frame| output::line(format!("{}   {frame}", label(""))));
    }
    for command in &report.commands {
        output::line(format!("{} {}", label("command"), command_text(command)));
    }
    for line in &report.log.lines {
        let fields: Vec<_> = line.fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        output::line(format!("{} {:?} {}{}", label("log"), line.level, line.message, fields.concat()));
    }
    if report.log.dropped > 0 {
        output::line(format!("{} {} more lines were dropped", label("log"), report.log.dropped));
    }
    let usage = &report.usage;
    output::line(format!(
        "{} fuel {} · memory {} KiB · host calls {} · {} us",
        label("usage"),
        grouped(usage.fuel),
        grouped(usage.memory_bytes / 1024),
        usage.host_calls,
        grouped(u64::try_from(usage.duration.as_micros()).unwrap_or(u64::MAX)),
    ));
}

fn label(text: &str) -> String {
    output::coloured(Paint::Quiet, &format!("{text:<9}"))
}

fn ending(ending: &Ending) -> (Paint, String) {
    match ending {
        Ending::Decided(Decision::Continue) => (Paint::Good, "continue".to_owned()),
        Ending::Decided(Decision::Redirect(request)) => {
            let factor = request.factor.as_deref().map(|factor| format!("  factor {factor}")).unwrap_or_default();
            let token =
                request.token.as_ref().map(|token| format!("  token `{}` by key `{}`", token.parameter, token.key));
            (Paint::Good, format!("redirect {}{factor}{}", request.url, token.unwrap_or_default()))
        }
        Ending::Decided(Decision::Deny(denial)) => {
            (Paint::Careful, format!("deny {}: {}", denial.code, denial.message))
        }
        Ending::Failed(Failure::Other(why)) => (Paint::Bad, format!("failed: {why}")),
        Ending::Failed(Failure::Unavailable(why)) => (Paint::Bad, format!("failed, unavailable: {why}")),
        Ending::Trapped(trap) => (Paint::Bad, format!("stopped: {}", trap.message)),
        Ending::TimedOut | Ending::Busy => (Paint::Bad, "stopped: the wall clock ran out".to_owned()),
    }
}

fn command_text(command: &Command) -> String {
    let change = |what: &str, key: &str, value: &Option<Json>| match value {
        Some(value) => format!("set {what} metadata `{key}` = {value}"),
        None => format!("remove {what} metadata `{key}`"),
    };
    match command {
        Command::RecordFactor { name, evidence } => {
            let evidence = evidence.as_ref().map(|evidence| format!(" evidence {evidence}")).unwrap_or_default();
            format!("record factor {name}{evidence}")
        }
        Command::SetIdTokenClaim { name, value } => format!("set id token claim `{name}` = {value}"),
        Command::SetAccessTokenClaim { name, value } => format!("set access token claim `{name}` = {value}"),
        Command::AddScope(scope) => format!("add scope `{scope}`"),
        Command::RemoveScope(scope) => format!("remove scope `{scope}`"),
        Command::SetLoginMetadata { key, value } => change("login", key, value),
        Command::SetSessionMetadata { key, value } => change("session", key, value),
        Command::SetAppMetadata { key, value } => change("app", key, value),
        Command::SetUserMetadata { key, value } => change("user", key, value),
        Command::Stash(value) => format!("stash {value}"),
        Command::SetCache { key, entry: Some(entry) } => format!("cache `{key}` = {}", entry.value),
        Command::SetCache { key, entry: None } => format!("forget cached `{key}`"),
    }
}

fn command_json(command: &Command) -> Value {
    let value = |value: &Option<Json>| value.as_ref().map_or(Value::Null, Json::to_value);
    let change = |what: &str, key: &str, to: &Option<Json>| json!({ "command": what, "key": key, "value": value(to) });
    match command {
        Command::RecordFactor { name, evidence } => {
            json!({ "command": "record_factor", "name": name, "evidence": value(evidence) })
        }
        Command::SetIdTokenClaim { name, value } => {
            json!({ "command": "set_id_token_claim", "name": name, "value": value.to_value() })
        }
        Command::SetAccessTokenClaim { name, value } => {
            json!({ "command": "set_access_token_claim", "name": name, "value": value.to_value() })
        }
        Command::AddScope(scope) => json!({ "command": "add_scope", "scope": scope }),
        Command::RemoveScope(scope) => json!({ "command": "remove_scope", "scope": scope }),
        Command::SetLoginMetadata { key, value } => change("set_login_metadata", key, value),
        Command::SetSessionMetadata { key, value } => change("set_session_metadata", key, value),
        Command::SetAppMetadata { key, value } => change("set_app_metadata", key, value),
        Command::SetUserMetadata { key, value } => change("set_user_metadata", key, value),
        Command::Stash(value) => json!({ "command": "stash", "value": value.to_value() }),
        Command::SetCache { key, entry } => {
            let expires_at = entry.as_ref().map(|entry| entry.expires_at);
            let to = entry.as_ref().map(|entry| entry.value.clone());
            json!({ "command": "set_cache", "key": key, "value": value(&to), "expires_at": expires_at })
        }
    }
}

fn as_json(report: &Report) -> Value {
    let ending = match &report.ending {
        Ending::Decided(Decision::Continue) => json!({ "decision": "continue" }),
        Ending::Decided(Decision::Redirect(request)) => json!({ "decision": "redirect", "redirect": request }),
        Ending::Decided(Decision::Deny(denial)) => json!({ "decision": "deny", "denial": denial }),
        Ending::Failed(Failure::Other(why)) => json!({ "failure": "other", "message": why }),
        Ending::Failed(Failure::Unavailable(why)) => json!({ "failure": "unavailable", "message": why }),
        Ending::Trapped(trap) => {
            json!({ "trap": trap.message, "limit": trap.limit, "backtrace": trap.backtrace })
        }
        Ending::TimedOut | Ending::Busy => {
            json!({ "trap": "the wall clock ran out", "limit": "wall_clock", "backtrace": [] })
        }
    };
    json!({
        "ending": ending,
        "commands": report.commands.iter().map(command_json).collect::<Vec<_>>(),
        "log": report.log,
        "usage": {
            "fuel": report.usage.fuel,
            "memory_bytes": report.usage.memory_bytes,
            "host_calls": report.usage.host_calls,
            "duration_us": u64::try_from(report.usage.duration.as_micros()).unwrap_or(u64::MAX),
        },
    })
}
