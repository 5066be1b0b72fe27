//! `postlude test --record`: a story made of a login that a server has the record of.

use crate::api::{Server, Target};
use crate::output::{self, Paint};
use anyhow::{Context as _, Result};
use jiff::Timestamp as Time;
use postlude_model::action::Mode;
use postlude_model::names::Timestamp;
use postlude_stories::event::{merge, sample};
use postlude_stories::partner::{PromptAnswer, PromptKind};
use postlude_stories::record::{Observed, ObservedCall, RecordedPipeline, RecordedStory, record};
use postlude_stories::story::{HttpStep, Setup};
use postlude_stories::workbench::FIRST_BROWSER;
use serde_json::{Map, Value, json};
use std::process::ExitCode;
use tokio::runtime::Runtime;

/// Prints the story of a login.
pub(super) fn run(login: &str, target: &Target, runtime: &Runtime) -> Result<ExitCode> {
    let server = target.server()?;
    let told = runtime.block_on(get(&server, login, None))?;
    // Only a server with `server.recordings` keeps what runs could observe; without it the story has the sample event.
    let runs = match runtime.block_on(get(&server, login, Some("recording"))) {
        Ok(recording) => recording.get("runs").cloned().unwrap_or_default(),
        Err(why) => {
            let note = format!("the event and the settings are not known, write them into the story ({why:#})");
            output::note(format!("{} {note}", output::coloured_note(Paint::Careful, "note:")));
            Value::Null
        }
    };
    if decisions(&told).any(|decision| decision == "skipped") {
        let note = "a prompt was skipped because of an earlier login in the session: record that one too, and put its steps before";
        output::note(format!("{} {note}", output::coloured_note(Paint::Careful, "note:")));
    }
    let (setup, observed) = observed(&told, runs.as_array().map_or(&[][..], Vec::as_slice));
    let pipeline = RecordedPipeline { setup, plugins: Vec::new() };
    output::line(record(&RecordedStory { name: format!("login {login}"), pipeline, observed }).trim_end());
    Ok(ExitCode::SUCCESS)
}

fn decisions(told: &Value) -> impl Iterator<Item = &str> {
    let timeline = told.get("timeline").and_then(Value::as_array).into_iter().flatten();
    timeline.filter_map(|run| run.get("decision")?.as_str())
}

async fn get(server: &Server, login: &str, part: Option<&str>) -> Result<Value> {
    let path: Vec<&str> = ["v1", "admin", "logins", login].into_iter().chain(part).collect();
    let text = server.get(&path).await?;
    serde_json::from_str(&text).context("the server's answer is not JSON")
}

/// What happened in a login, from its record and from the runs that the server kept.
fn observed(told: &Value, runs: &[Value]) -> (Setup, Vec<Observed>) {
    let timeline = told.get("timeline").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mode = Mode::ALL.into_iter().find(|mode| told.get("mode").is_some_and(|it| it == mode.as_str()));
    let mut event = sample();
    for known in runs.iter().filter_map(|run| document(run.get("event")?)) {
        merge(&mut event, &known);
    }
    merge(
        &mut event,
        &json!({ "user": { "user_id": told.get("user_id") }, "client": { "client_id": told.get("client_id") } }),
    );
    let call = ObservedCall::Login { event, mode: mode.unwrap_or(Mode::Interactive) };
    let mut calls = vec![(time(told.get("created_at")), call)];
    let back = |run: &&Value| run.get("phase").is_some_and(|phase| phase == "on-continue");
    let mut replies = runs.iter().filter(back).map(|run| run.get("reply").unwrap_or(&Value::Null));
    for run in timeline.iter().filter(back) {
        let kind = kind(run, replies.next());
        calls.push((time(run.get("at")), ObservedCall::Prompt(PromptAnswer::of(kind))));
    }
    let last = calls.len().saturating_sub(1);
    let one = |(number, (at, call))| {
        let runs = runs_of(runs, number);
        let mut answer = if number == last { outcome(told) } else { json!({ "outcome": "redirect" }) };
        if let Some(trap) = runs.iter().find_map(|run| run.pointer("/outcome/ending/trap")) {
            merge(&mut answer, &json!({ "trap": trap }));
        }
        let exchanges = runs.iter().filter_map(|run| run.get("http")?.as_array()).flatten();
        let http = exchanges.filter_map(expected_request).collect();
        Observed { at, browser: FIRST_BROWSER.to_owned(), call, answer, http }
    };
    let settings = runs.first().and_then(|run| document(run.pointer("/spec/settings")?));
    let settings = settings.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    let setup = Setup { settings, ..Setup::default() };
    (setup, calls.into_iter().enumerate().map(one).collect())
}

/// A JSON object that a recording holds as a text.
fn document(text: &Value) -> Option<Value> {
    serde_json::from_str(text.as_str()?).ok().filter(Value::is_object)
}

/// The runs of a call: each browser that is back begins the next one.
fn runs_of(runs: &[Value], number: usize) -> Vec<&Value> {
    let mut call = 0_usize;
    let mut of = Vec::new();
    for run in runs {
        if run.get("phase").is_some_and(|phase| phase == "on-continue") {
            call = call.saturating_add(1);
        }
        if call == number {
            of.push(run);
        }
    }
    of
}

/// A recorded request and its answer, as a story has them; none where the network never saw the request. What a recording has in the
/// place of a secret is in no story: a pattern of method and URL is enough.
fn expected_request(exchange: &Value) -> Option<HttpStep> {
    let recorded = exchange.get("answer")?;
    let (mut fail, mut answer) = (None, json!({}));
    match (recorded.get("response"), recorded.as_str()) {
        (Some(response), _) => {
            let body = response.get("body").and_then(Value::as_str).unwrap_or_default();
            let body = serde_json::from_str(body).unwrap_or_else(|_| Value::from(body));
            answer = json!({ "status": response.get("status"), "headers": content_type(response), "body": body });
        }
        (None, Some("timeout")) => fail = Some("timeout".to_owned()),
        (None, Some("too_large")) => fail = Some("too-large".to_owned()),
        (None, None) if recorded.get("other").is_some() => fail = Some("refused".to_owned()),
        (None, _) => return None,
    }
    let request = json!({ "method": exchange.get("method"), "url": exchange.get("url") });
    Some(HttpStep { line: 0, request, answer, fail, repeats: false })
}

fn content_type(response: &Value) -> Value {
    let headers = response.get("headers").and_then(Value::as_array).into_iter().flatten();
    let pairs = headers.filter_map(|pair| Some((pair.get(0)?.as_str()?.to_ascii_lowercase(), pair.get(1)?.clone())));
    Value::Object(pairs.filter(|(name, _)| name == "content-type").collect::<Map<_, _>>())
}

/// The prompt site's answer: its verdict where the run was kept, else what the action made of it.
fn kind(run: &Value, reply: Option<&Value>) -> PromptKind {
    let verdict = reply.and_then(|reply| {
        let claims = reply.pointer("/token/claims").and_then(document);
        let verdict = reply.pointer("/proof/token/verdict").or_else(|| claims.as_ref()?.get("verdict"));
        verdict?.as_str().map(str::to_owned)
    });
    match verdict.as_deref() {
        Some("refused") => PromptKind::Refused,
        Some("error") => PromptKind::Error,
        Some(_) => PromptKind::Ok,
        None if reply.is_some_and(|reply| reply.pointer("/token") == Some(&json!("missing"))) => PromptKind::Missing,
        None if run.get("decision").is_some_and(|decision| decision == "deny") => PromptKind::Refused,
        None if run.get("decision").is_some_and(|decision| decision == "failed") => PromptKind::Error,
        None => PromptKind::Ok,
    }
}

/// What the login came to.
fn outcome(told: &Value) -> Value {
    let mut answer = json!({ "outcome": told.get("outcome"), "amr": told.get("amr") });
    let recorded = told.get("recorded").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let factors: Vec<_> = recorded.iter().filter_map(|factor| factor.get("name")).collect();
    if told.get("outcome").is_some_and(|outcome| outcome == "continue") {
        merge(&mut answer, &json!({ "factors": factors }));
    }
    if told.get("outcome").is_some_and(|outcome| outcome == "deny") {
        merge(&mut answer, &json!({ "deny": { "code": told.get("code") } }));
    }
    answer
}

fn time(text: Option<&Value>) -> Timestamp {
    let read = text.and_then(Value::as_str).and_then(|text| text.parse::<Time>().ok());
    Timestamp(read.and_then(|time| u64::try_from(time.as_millisecond()).ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_becomes_a_story() {
        let told = json!({
            "outcome": "continue", "user_id": "ben", "client_id": "shop", "mode": "interactive",
            "created_at": "2026-11-24T10:30:00.000Z", "amr": ["pwd", "mfa"], "recorded": [{ "name": "https://acme.example/face" }],
            "timeline": [
                { "at": "2026-11-24T10:30:00.000Z", "phase": "on-login", "decision": "redirect" },
                { "at": "2026-11-24T10:30:11.000Z", "phase": "on-continue", "decision": "continue" },
            ],
        });
        let runs = [
            json!({ "phase": "on-login", "event": r#"{"user":{"email":"ben@acme.example"}}"#, "spec": { "settings": r#"{"a":1}"# } }),
            json!({ "phase": "on-continue", "event": "{}", "http": [
                { "method": "GET", "url": "https://a.example/x", "headers": [], "body": null,
                  "answer": { "response": { "status": 200, "headers": [["Content-Type", "text/plain"], ["date", "now"]], "body": "yes" } } },
                { "method": "GET", "url": "https://a.example/y", "headers": [], "body": null, "answer": "timeout" },
                { "method": "GET", "url": "https://b.example/", "headers": [], "body": null, "answer": "not_granted" },
            ], "reply": { "proof": { "token": { "factor": null, "verdict": "ok" } } } }),
        ];
        let (setup, observed) = observed(&told, &runs);
        let pipeline = RecordedPipeline { setup, plugins: Vec::new() };
        let story = RecordedStory { name: "login lgn_1".to_owned(), pipeline, observed };
        insta::assert_snapshot!(record(&story), @r#"
        [settings]
        a = 1

        [[story]]
        name = "login lgn_1"

        [[story.step]]
        login = { user = { email = "ben@acme.example", user_id = "ben" } }
        expect.outcome = "redirect"

        [[story.step]]
        wait = "11s"

        [[story.step]]
        prompt = "ok"
        expect.outcome = "continue"
        expect.factors = ["https://acme.example/face"]
        expect.amr = ["pwd", "mfa"]
        [[story.step.http]]
        request = { method = "GET", url = "https://a.example/x" }
        answer = { body = "yes", headers = { content-type = "text/plain" }, status = 200 }
        repeat = false
        [[story.step.http]]
        request = { method = "GET", url = "https://a.example/y" }
        fail = "timeout"
        repeat = false
        "#);
    }
}
