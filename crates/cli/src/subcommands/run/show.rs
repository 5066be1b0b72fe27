//! What a login came to, for people and for scripts.

use crate::login::Step;
use crate::output::{self, Paint, grouped, plain};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use postlude_model::action::Mode;
use postlude_model::decision::{Decision, Failure};
use postlude_model::login::Outcome;
use postlude_model::recording::command;
use postlude_model::run::{Ending, Trap};
use postlude_sandbox::own_frames;
use postlude_stories::workbench::{Answer, PooledPlugin, Run, log_text, run_json};
use serde_json::{Map, Value, json};

/// The plugin, and what was made up around it.
pub(super) fn header(plugin: &PooledPlugin, notes: &[String]) {
    let manifest = plugin.manifest();
    output::line(format!("{} {}", manifest.name, manifest.version));
    output::line(output::coloured(Paint::Quiet, &plugin.plugin.digest().to_string()));
    notes.iter().for_each(|note| field("note", note));
}

/// Everything for scripts.
pub(super) fn as_json(plugin: &PooledPlugin, notes: &[String], steps: &[Step]) -> Value {
    let step = |step: &Step| {
        let mut json = step.answer.json.clone();
        let members = json.as_object_mut();
        if let Some(members) = members {
            members.insert("step".to_owned(), step.what.as_str().into());
            let runs = step.answer.runs.iter().map(run_with_backtrace).collect::<Vec<_>>();
            members.insert("runs".to_owned(), runs.into());
            if let Some((header, _)) = token(&step.answer) {
                members.insert("token_header".to_owned(), header);
            }
        }
        json
    };
    json!({
        "name": plugin.manifest().name,
        "version": plugin.manifest().version,
        "digest": plugin.plugin.digest(),
        "notes": notes,
        "steps": steps.iter().map(step).collect::<Vec<_>>(),
    })
}

fn run_with_backtrace(run: &Run) -> Value {
    let mut json = run_json(run);
    if let (Ending::Trapped(trap), Some(ending)) =
        (&run.report.ending, json.get_mut("ending").and_then(Value::as_object_mut))
    {
        ending.insert("backtrace".to_owned(), json!(trap.backtrace));
    }
    if let Some(members) = json.as_object_mut() {
        let micros = u64::try_from(run.report.usage.duration.as_micros()).unwrap_or(u64::MAX);
        members.insert("duration_us".to_owned(), micros.into());
    }
    json
}

/// Whether the action failed, or the host refused what it decided.
pub(super) fn failed(step: &Step) -> bool {
    step.answer.outcome() == "refused" || last_action(&step.answer, "decision") == Some("failed")
}

/// A member of what the host says of the action that ran last.
fn last_action<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let actions = answer.json.get("actions")?.as_array()?;
    actions.last()?.get(name)?.as_str()
}

/// Prints the step.
pub(super) fn step(step: &Step, mode: Mode, all_frames: bool) {
    output::line("");
    output::line(step.what.clone());
    step.answer.runs.iter().for_each(|run| show_run(run, all_frames));
    show_outcome(step, mode);
}

fn show_outcome(step: &Step, mode: Mode) {
    let json = &step.answer.json;
    let word = step.answer.outcome();
    let why = last_action(&step.answer, "why").filter(|why| !why.is_empty()).map(|why| format!(": {}", plain(why)));
    let paint = match Outcome::from_name(word) {
        _ if failed(step) => Paint::Bad,
        Some(Outcome::Continue | Outcome::Redirect) => Paint::Good,
        _ => Paint::Careful,
    };
    let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).map(plain).unwrap_or_default();
    let detail = match Outcome::from_name(word) {
        _ if word == "refused" => {
            format!(" by {}: {} ({})", text("/refused/by"), text("/refused/message"), text("/refused/code"))
        }
        Some(Outcome::Deny) if last_action(&step.answer, "decision") == Some("failed") => {
            format!(", the action failed{}", why.unwrap_or_default())
        }
        Some(Outcome::Deny) => format!(" {}: {}", text("/deny/code"), text("/deny/message")),
        Some(Outcome::InteractionRequired) => {
            let why = last_action(&step.answer, "why").map(plain).unwrap_or_default();
            format!(": the plugin redirects ({why}), and in mode `{}` no browser can be redirected", mode.as_str())
        }
        _ => why.unwrap_or_default(),
    };
    field("outcome", &output::coloured(paint, &format!("{word}{detail}")));
    if let Some(redirect) = json.get("redirect") {
        show_redirect(&step.answer, redirect);
    }
    for (name, label) in [("amr", "amr"), ("factors", "factors")] {
        let items = json.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let items: Vec<String> = items.map(plain).collect();
        if !items.is_empty() {
            field(label, &items.join(", "));
        }
    }
    for (name, label) in [("id_token", "id token"), ("access_token", "access token")] {
        pairs(label, json.get(name).and_then(Value::as_object));
    }
}

/// The address of the prompt with its query, and the request token in it.
fn show_redirect(answer: &Answer, redirect: &Value) {
    let url = redirect.get("url").and_then(Value::as_str).unwrap_or_default();
    field("to", &plain(url));
    for (name, value) in redirect.get("query").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        let shown = if parts(value).is_some() { "the request token, below".to_owned() } else { plain(value) };
        field("query", &format!("{} = {shown}", plain(name)));
    }
    if let Some((header, claims)) = token(answer) {
        pairs("header", header.as_object());
        pairs("claim", claims.as_object());
    }
}

/// Header and claims of the request token.
fn token(answer: &Answer) -> Option<(Value, Value)> {
    let query = answer.json.pointer("/redirect/query")?.as_object()?;
    query.values().filter_map(Value::as_str).find_map(parts)
}

/// Header and claims of a compact JWS (RFC 7515, section 7.1).
fn parts(token: &str) -> Option<(Value, Value)> {
    let mut parts = token.split('.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    let read = |part: &str| serde_json::from_slice::<Value>(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    Some((read(header)?, read(claims)?)).filter(|(header, claims)| header.is_object() && claims.is_object())
}

fn show_run(run: &Run, all_frames: bool) {
    let report = &run.report;
    let (paint, ending) = ending(&report.ending);
    field(run.input.phase.as_str(), &output::coloured(paint, &ending));
    if let Ending::Trapped(trap) = &report.ending {
        backtrace(trap, all_frames);
    }
    for one in &report.commands {
        field("command", &command_text(&command(one)));
    }
    for line in &report.log.lines {
        field("log", &plain(&log_text(line)));
    }
    if report.log.dropped > 0 {
        field("log", &format!("{} more lines were dropped", report.log.dropped));
    }
    let usage = &report.usage;
    let usage = format!(
        "fuel {} · memory {} KiB · host calls {} · {} us",
        grouped(usage.fuel),
        grouped(usage.memory_bytes / 1024),
        usage.host_calls,
        grouped(u64::try_from(usage.duration.as_micros()).unwrap_or(u64::MAX)),
    );
    field("usage", &usage);
}

fn backtrace(trap: &Trap, all_frames: bool) {
    let own = own_frames(&trap.backtrace);
    let shown = if all_frames { trap.backtrace.clone() } else { own };
    let hidden = trap.backtrace.len().saturating_sub(shown.len());
    for frame in shown {
        field("", &format!("  {}", plain(&frame)));
    }
    if hidden > 0 {
        field(
            "",
            &output::coloured(Paint::Quiet, &format!("  {hidden} frames of the runtime; `--all-frames` shows them")),
        );
    }
}

fn ending(ending: &Ending) -> (Paint, String) {
    let (paint, text) = match ending {
        Ending::Decided(Decision::Continue) => (Paint::Good, "continue".to_owned()),
        Ending::Decided(Decision::Redirect(request)) => {
            let factor = request.factor.as_deref().map(|factor| format!(" for {factor}")).unwrap_or_default();
            (Paint::Good, format!("redirect{factor}"))
        }
        Ending::Decided(Decision::Deny(denial)) => {
            (Paint::Careful, format!("deny {}: {}", denial.code, denial.message))
        }
        Ending::Failed(why) => {
            let text = match why {
                Failure::Other(why) => format!("failed: {why}"),
                Failure::Unavailable(why) => format!("failed, unavailable: {why}"),
            };
            (Paint::Bad, text)
        }
        Ending::Trapped(trap) => (Paint::Bad, format!("stopped: {}", what(&trap.message))),
        Ending::Leaked(leak) => (Paint::Bad, format!("refused: {leak}")),
        Ending::TimedOut | Ending::Busy => (Paint::Bad, "stopped: the wall clock ran out".to_owned()),
    };
    (paint, plain(&text))
}

/// The message without the action's name, which is that of the plugin here.
fn what(message: &str) -> &str {
    message.strip_prefix("action `").and_then(|rest| rest.split_once("`: ")).map_or(message, |(_, what)| what)
}

/// `record factor`, then its members in order.
fn command_text(command: &Value) -> String {
    let empty = Map::new();
    let members = command.as_object().unwrap_or(&empty);
    let name = members.get("command").and_then(Value::as_str).unwrap_or_default().replace('_', " ");
    let shown = |(name, value): (&String, &Value)| match value {
        _ if name == "command" => None,
        Value::Null => None,
        Value::String(text) => Some(format!(" {name} {}", plain(text))),
        value => Some(format!(" {name} {}", plain(&value.to_string()))),
    };
    let rest: String = members.iter().filter_map(shown).collect();
    let gone = if members.get("value") == Some(&Value::Null) { " removed" } else { "" };
    format!("{name}{rest}{gone}")
}

fn pairs(label: &str, members: Option<&Map<String, Value>>) {
    for (name, value) in members.into_iter().flatten() {
        field(label, &format!("{} = {}", plain(name), plain(&value.to_string())));
    }
}

fn field(label: &str, text: &str) {
    output::line(format!("  {} {text}", output::coloured(Paint::Quiet, &format!("{label:<12}"))));
}
