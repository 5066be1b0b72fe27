//! Reads one step of a story.

use super::model::{HttpStep, Step, StepKind};
use crate::partner::{PromptAnswer, PromptKind, ReturnMethod};
use crate::pattern;
use crate::workbench::{ANSWER_MEMBERS, FIRST_BROWSER};
use postlude_config::Complaint;
use postlude_config::reader::{Kind, Node, Section, duration, nearest, shown};
use postlude_model::action::Mode;
use serde_json::{Map, Value};
use std::path::Path;

/// What a step may be.
const KINDS: [&str; 5] = ["login", "prompt", "wait", "swap", "logout"];

/// Reads a step. None when it is not known what happens in it; the reason is in the log then.
pub(super) fn read(mut section: Section<'_>, http: Vec<HttpStep>, folder: &Path) -> Option<Step> {
    let line = section.at.line;
    let written: Vec<_> = KINDS.into_iter().filter(|kind| section.has(kind)).collect();
    if written.len() > 1 {
        let names: Vec<_> = written.iter().map(|kind| format!("`{kind}`")).collect();
        let message = format!("{}: {} at once", section.subject(), names.join(" and "));
        section.log.error_hint(section.at, message, "make two steps of it");
    }
    let kinds = [
        login(&mut section),
        prompt(&mut section),
        wait(&mut section),
        swap(&mut section, folder),
        logout(&mut section),
    ];
    let kind = kinds.into_iter().flatten().next();
    if written.is_empty() {
        // A key that is misspelt is reported with the nearest known one.
        let message = format!("{}: nothing happens in it", section.subject());
        section.log.error_hint(section.at, message, format!("write one of: {}", KINDS.join(", ")));
    }
    let browser = section.string("browser").map_or(FIRST_BROWSER, |browser| browser.value).to_owned();
    let expect = expect(&mut section);
    let snapshot = section.boolean("snapshot").unwrap_or_default();
    if (expect.is_some() || snapshot) && matches!(kind, Some(StepKind::Wait(_) | StepKind::Swap(_) | StepKind::Logout))
    {
        let key = if snapshot { "snapshot" } else { "expect" };
        let message = format!("{}: this step has no answer that could be compared", section.label(key));
        section.log.error_hint(section.place(key), message, "compare the answer of a `login` or `prompt` after it");
    }
    section.finish();
    Some(Step { line, kind: kind?, browser, http, expect, snapshot })
}

fn login(section: &mut Section<'_>) -> Option<StepKind> {
    let mode = section.parsed("mode", |text| {
        let names: Vec<_> = Mode::ALL.iter().map(|mode| mode.as_str()).collect();
        let hint = format!("write one of: {}", names.join(", "));
        let found = Mode::ALL.into_iter().find(|mode| mode.as_str() == text);
        found.ok_or_else(|| Complaint::new(format!("`{}` is not a mode", shown(text))).hint(hint))
    });
    if section.has("mode") && !section.has("login") {
        section.log.error(section.place("mode"), format!("{} belongs to a step `login`", section.label("mode")));
    }
    let (_, node) = section.entry("login")?;
    let event = match &node.kind {
        Kind::Table(_) => node.kind.to_json(),
        _ => section.mistyped("login", node, "a table: changes of the sample event, such as `{}`"),
    }?;
    Some(StepKind::Login { event, mode: mode.map_or(Mode::Interactive, |mode| mode.value) })
}

fn prompt(section: &mut Section<'_>) -> Option<StepKind> {
    let (_, node) = section.entry("prompt")?;
    let answer = match &node.kind {
        Kind::String(text) => {
            let kind = section.value_or_report("prompt", node.at, prompt_kind(text))?;
            PromptAnswer::of(kind.value)
        }
        Kind::Table(_) => prompt_table(section.table("prompt")?)?,
        _ => section.mistyped("prompt", node, "a string or a table")?,
    };
    Some(StepKind::Prompt(Box::new(answer)))
}

fn prompt_kind(text: &str) -> Result<PromptKind, Complaint> {
    let found = PromptKind::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, kind)| kind);
    found.ok_or_else(|| {
        let names = PromptKind::ALL.map(|(name, _)| name);
        let hint = nearest(text, names.into_iter())
            .map_or_else(|| format!("write one of: {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
        Complaint::new(format!("`{}` is no answer of a prompt site", shown(text))).hint(hint)
    })
}

fn prompt_table(mut table: Section<'_>) -> Option<PromptAnswer> {
    let kind = if table.has("kind") { table.parsed("kind", prompt_kind)?.value } else { unwritten(&mut table) };
    let claims = object(&mut table, "claims");
    let pairs = |members: Map<String, Value>| {
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        members.into_iter().map(|(name, value)| (name, text(value))).collect::<Vec<_>>()
    };
    let (query, form) = (pairs(object(&mut table, "query")), pairs(object(&mut table, "form")));
    let method = table.parsed("method", |text| match text {
        "GET" => Ok(ReturnMethod::Get),
        "POST" => Ok(ReturnMethod::Post),
        other => Err(Complaint::new(format!("`{}` is neither `GET` nor `POST`", shown(other)))),
    });
    let browser = table.string("brought_by").map(|browser| browser.value.to_owned());
    let usual = if form.is_empty() { ReturnMethod::Get } else { ReturnMethod::Post };
    table.finish();
    Some(PromptAnswer { kind, claims, query, form, method: method.map_or(usual, |method| method.value), browser })
}

/// Makes the key known; without it the answer is a good one.
fn unwritten(table: &mut Section<'_>) -> PromptKind {
    let _ = table.entry("kind");
    PromptKind::Ok
}

fn object(section: &mut Section<'_>, key: &'static str) -> Map<String, Value> {
    let Some((_, node)) = section.entry(key) else { return Map::new() };
    match node.kind.to_json() {
        Some(Value::Object(members)) => members,
        _ => section.mistyped(key, node, "a table").unwrap_or_default(),
    }
}

fn wait(section: &mut Section<'_>) -> Option<StepKind> {
    section.parsed("wait", duration).map(|duration| StepKind::Wait(duration.value))
}

fn swap(section: &mut Section<'_>, folder: &Path) -> Option<StepKind> {
    section.string("swap").map(|path| StepKind::Swap(folder.join(path.value)))
}

fn logout(section: &mut Section<'_>) -> Option<StepKind> {
    match section.boolean("logout") {
        Some(true) => Some(StepKind::Logout),
        Some(false) => {
            section.log.error(section.place("logout"), format!("{} can only be `true`", section.label("logout")));
            None
        }
        None => None,
    }
}

/// A pattern of an answer. Its first level has the members that answers have.
fn expect(section: &mut Section<'_>) -> Option<Value> {
    let (_, node) = section.entry("expect")?;
    let Kind::Table(table) = &node.kind else { return section.mistyped("expect", node, "a table") };
    for (name, (at, _)) in table {
        if !ANSWER_MEMBERS.contains(&name.as_str()) {
            let hint = nearest(name, ANSWER_MEMBERS.into_iter()).map_or_else(
                || format!("an answer has: {}", ANSWER_MEMBERS.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("{} is not a part of an answer", section.label(&format!("expect.{}", shown(name))));
            section.log.error_hint(*at, message, hint);
        }
    }
    outcome(section, table.get("outcome").map(|(_, node)| node));
    let pattern = node.kind.to_json()?;
    if let Err(why) = pattern::check(&pattern) {
        section.log.error(section.place("expect"), format!("{}: {why}", section.label("expect")));
    }
    Some(pattern)
}

fn outcome(section: &Section<'_>, node: Option<&Node>) {
    const OUTCOMES: [&str; 7] = ["continue", "redirect", "deny", "interaction_required", "ended", "refused", "waiting"];
    let Some(Node { at, kind: Kind::String(text) }) = node else { return };
    if !OUTCOMES.contains(&text.as_str()) {
        let hint = format!("write one of: {}", OUTCOMES.join(", "));
        section.log.error_hint(
            *at,
            format!("{}: `{}` is no outcome", section.label("expect.outcome"), shown(text)),
            hint,
        );
    }
}
