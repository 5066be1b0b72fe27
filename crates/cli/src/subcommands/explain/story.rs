//! A login's record in a person's words: one line that says it all, then a line for each run.

use crate::output::{self, Paint, plain};
use jiff::tz::Offset;
use postlude_model::login::{Outcome, TraceDecision};
use postlude_model::policy::factor::Human;
use postlude_model::run::Phase;
use serde::Deserialize;
use std::time::Duration;

/// The parts of a record that a person is told. Times stay as the server wrote them until they are needed.
#[derive(Debug, Deserialize)]
pub(super) struct Login {
    login_id: String,
    outcome: String,
    action: Option<String>,
    code: Option<String>,
    message: Option<String>,
    user_id: String,
    client_id: String,
    session_id: Option<String>,
    mode: String,
    revision: u64,
    created_at: Time,
    changed_at: Time,
    now: Time,
    waiting: Option<Waiting>,
    timeline: Vec<Run>,
    recorded: Vec<Factor>,
    amr: Vec<String>,
}

/// A time as the server writes it (RFC 3339).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct Time(jiff::Timestamp);

impl TryFrom<String> for Time {
    type Error = jiff::Error;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl Time {
    fn utc(self) -> jiff::civil::DateTime {
        Offset::UTC.to_datetime(self.0)
    }
}

#[derive(Debug, Deserialize)]
struct Waiting {
    until: Time,
}

#[derive(Debug, Deserialize)]
struct Run {
    at: Time,
    action: String,
    version: String,
    digest: String,
    phase: String,
    decision: String,
    /// Nothing came of it.
    #[serde(default)]
    report_only: bool,
    why: String,
    limit: Option<String>,
    prompt_origin: Option<String>,
    fuel: u64,
    memory_bytes: u64,
    host_calls: u64,
    duration_us: u64,
    log: Vec<Line>,
    log_left_out: u64,
}

#[derive(Debug, Deserialize)]
struct Line {
    level: String,
    text: String,
}

#[derive(Debug, Deserialize)]
struct Factor {
    name: String,
    expires_at: Option<Time>,
}

/// The lines to print.
pub(super) fn tell(login: &Login) -> Vec<String> {
    let mut lines = vec![summary(login), String::new(), subject(login)];
    lines.extend(login.timeline.iter().flat_map(run));
    let ended = Outcome::from_name(&login.outcome) == Some(Outcome::Ended);
    if let Some(message) = login.message.as_deref().filter(|message| !message.is_empty()) {
        lines.push(format!("  the user was told: {}", plain(message)));
    }
    if ended {
        lines.push(format!(
            "  ended at {} from outside: {}",
            clock(login.changed_at),
            login.code.as_deref().unwrap_or("-")
        ));
    }
    for factor in &login.recorded {
        let until = factor.expires_at.map(|at| format!(", fresh until {}", when(at, login.now))).unwrap_or_default();
        lines.push(format!("  recorded {}{until}", plain(&factor.name)));
    }
    if !login.amr.is_empty() {
        lines.push(format!("  amr {}", plain(&login.amr.join(", "))));
    }
    lines
}

/// `ana · prompted by face@9f2c · back after 11 s · recorded, fresh until tomorrow 14:02 UTC`
fn summary(login: &Login) -> String {
    let mut parts = vec![plain(&login.user_id)];
    let mut prompted: Option<Time> = None;
    for run in login.timeline.iter().filter(|run| !run.report_only) {
        if run.phase == Phase::Continue.as_str()
            && let Some(left) = prompted.take()
        {
            parts.push(format!("back after {}", Human(since(run.at, left))));
        }
        let name = format!("{}@{}", plain(&run.action), short(&run.digest));
        match TraceDecision::from_name(&run.decision) {
            Some(TraceDecision::Redirect) => {
                prompted = Some(run.at);
                parts.push(format!("prompted by {name}"));
            }
            Some(TraceDecision::Skipped) => parts.push(format!("{name} {}", plain(&run.why))),
            Some(TraceDecision::Failed) => parts.push(format!("{name} failed")),
            _ => {}
        }
    }
    parts.push(end(login));
    parts.join(" · ")
}

fn end(login: &Login) -> String {
    let by = login.action.as_deref().map(plain).unwrap_or_default();
    match Outcome::from_name(&login.outcome) {
        Some(Outcome::Continue) => {
            let until = login.recorded.iter().filter_map(|factor| factor.expires_at).min();
            let text = match (login.recorded.is_empty(), until) {
                (true, _) => "let through".to_owned(),
                (false, Some(until)) => format!("recorded, fresh until {}", when(until, login.now)),
                (false, None) => "recorded".to_owned(),
            };
            output::coloured(Paint::Good, &text)
        }
        Some(Outcome::Redirect) => {
            let until = login.waiting.as_ref().map(|waiting| waiting.until);
            let text = match until {
                Some(until) if until < login.now => {
                    format!("never came back; it could until {}", when(until, login.now))
                }
                Some(until) => format!("at the prompt; may come back until {}", when(until, login.now)),
                None => "at the prompt".to_owned(),
            };
            output::coloured(Paint::Careful, &text)
        }
        Some(Outcome::Deny) => {
            let code = login.code.as_deref().map(plain).unwrap_or_default();
            output::coloured(Paint::Bad, &format!("denied by {by}: {code}"))
        }
        Some(Outcome::InteractionRequired) => {
            output::coloured(Paint::Careful, &format!("{by} needs a prompt, and there was no browser"))
        }
        Some(Outcome::Ended) => {
            output::coloured(Paint::Bad, &format!("ended: {}", login.code.as_deref().map(plain).unwrap_or_default()))
        }
        // A newer server may know outcomes that this program does not.
        None => plain(&login.outcome),
    }
}

fn subject(login: &Login) -> String {
    let session = login.session_id.as_deref().map_or("no session".to_owned(), |id| format!("session {}", plain(id)));
    let (id, client) = (plain(&login.login_id), plain(&login.client_id));
    let began = login.created_at.utc().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    format!("login {id} at {client}, {}, {session}, revision {}, began {began}", plain(&login.mode), login.revision)
}

fn run(run: &Run) -> Vec<String> {
    let head = format!(
        "  {}  {} {}@{} {}",
        clock(run.at),
        plain(&run.action),
        plain(&run.version),
        short(&run.digest),
        run.phase
    );
    let paint = match TraceDecision::from_name(&run.decision) {
        _ if run.report_only => Paint::Quiet,
        Some(TraceDecision::Continue | TraceDecision::Skipped) => Paint::Good,
        Some(TraceDecision::Deny | TraceDecision::Failed) => Paint::Bad,
        _ => Paint::Careful,
    };
    let only = if run.report_only { "report only: " } else { "" };
    let decision = output::coloured(paint, &format!("{only}{}", plain(&run.decision)));
    if run.decision == TraceDecision::NotApplicable.as_str() {
        return vec![format!("{head}  {decision}: {}", plain(&run.why))];
    }
    let why = if run.why.is_empty() { String::new() } else { format!(": {}", plain(&run.why)) };
    let to = run.prompt_origin.as_deref().map(|origin| format!(", to {}", plain(origin))).unwrap_or_default();
    let limit = run.limit.as_deref().map(|limit| format!(", limit {}", plain(limit))).unwrap_or_default();
    let kib = run.memory_bytes.div_ceil(1024);
    let (fuel, calls, time) = (output::grouped(run.fuel), run.host_calls, output::grouped(run.duration_us));
    let usage = format!("            fuel {fuel}, memory {} KiB, {calls} host calls, {time} us", output::grouped(kib));
    let mut lines = vec![format!("{head}  {decision}{why}{to}{limit}"), output::coloured(Paint::Quiet, &usage)];
    lines.extend(run.log.iter().map(|line| format!("            log {} {}", plain(&line.level), plain(&line.text))));
    if run.log_left_out > 0 {
        lines.push(format!("            log: {} more lines in the server's log", run.log_left_out));
    }
    lines
}

/// `sha256:9f2c..` as `9f2c`.
fn short(digest: &str) -> String {
    let hex = digest.split_once(':').map_or(digest, |(_, hex)| hex);
    plain(&hex.chars().take(4).collect::<String>())
}

fn since(later: Time, earlier: Time) -> Duration {
    Duration::try_from(later.0.duration_since(earlier.0)).unwrap_or_default()
}

fn clock(at: Time) -> String {
    at.utc().strftime("%H:%M:%S").to_string()
}

/// A time as people say it, in UTC.
fn when(at: Time, now: Time) -> String {
    let (at, today) = (at.utc(), now.utc().date());
    let time = at.strftime("%H:%M UTC");
    match at.date() {
        date if date == today => time.to_string(),
        date if Some(date) == today.tomorrow().ok() => format!("tomorrow {time}"),
        date => format!("{date} {time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn run(at: &str, phase: &str, decision: &str, why: &str) -> Value {
        json!({
            "at": at, "step": 0, "action": "face", "version": "1.2.0", "digest": "sha256:9f2cab", "phase": phase,
            "decision": decision, "why": why, "limit": null, "prompt_origin": null, "fuel": 21154, "memory_bytes": 131_073,
            "host_calls": 9, "duration_us": 1400, "waited_us": 2, "log": [], "log_left_out": 0
        })
    }

    fn login(outcome: &str, timeline: Vec<Value>, more: Value) -> String {
        let mut login = json!({
            "login_id": "lgn_7Qd", "outcome": outcome, "user_id": "ana", "client_id": "shop", "session_id": "s1",
            "mode": "interactive", "revision": 3, "created_at": "2026-11-24T14:02:00.000Z",
            "changed_at": "2026-11-24T14:02:11.000Z", "now": "2026-11-24T14:05:00.000Z", "timeline": timeline,
            "recorded": [], "amr": []
        });
        login.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        tell(&serde_json::from_value(login).unwrap()).join("\n")
    }

    #[test]
    fn a_prompt_and_what_came_of_it() {
        let mut asked = run("2026-11-24T14:02:00.000Z", "on-login", "redirect", "no record in this session");
        asked["prompt_origin"] = json!("https://prompt.example");
        let mut back = run("2026-11-24T14:02:11.000Z", "on-continue", "continue", "recorded https://acme.example/face");
        back["log"] = json!([{ "level": "info", "text": "verdict ok" }]);
        back["log_left_out"] = json!(2);
        let factor = json!({ "name": "https://acme.example/face", "expires_at": "2026-11-25T14:02:11.000Z" });
        insta::assert_snapshot!(login(
            "continue",
            vec![asked, back],
            json!({ "recorded": [factor], "amr": ["pwd", "mfa"] })
        ));
    }

    #[test]
    fn a_prompt_that_was_not_needed() {
        let passed = run("2026-11-24T14:02:00.000Z", "on-login", "skipped", "record 3 h old, policy 24 h: no prompt");
        insta::assert_snapshot!(login("continue", vec![passed], json!({})));
    }

    #[test]
    fn a_denial_and_a_hostile_text() {
        let mut failed = run("2026-11-24T14:02:00.000Z", "on-login", "failed", "fuel spent \u{1b}[31m(50,000,000)");
        failed["limit"] = json!("fuel");
        let more = json!({ "action": "face", "code": "action_failed", "message": "the login could not be completed" });
        let told = login("deny", vec![failed], more);
        assert!(!told.contains('\u{1b}'), "{told}");
        insta::assert_snapshot!(told);
    }

    #[test]
    fn someone_who_never_came_back_and_one_who_was_pushed_out() {
        let asked = || run("2026-11-24T14:02:00.000Z", "on-login", "redirect", "no record in this session");
        let told = login("redirect", vec![asked()], json!({ "waiting": { "until": "2026-11-24T14:04:00.000Z" } }));
        assert!(told.contains("ana · prompted by face@9f2c · never came back; it could until 14:04 UTC"), "{told}");
        let told = login("redirect", vec![asked()], json!({ "waiting": { "until": "2026-11-24T14:17:00.000Z" } }));
        assert!(told.contains("at the prompt; may come back until 14:17 UTC"), "{told}");
        let told = login("ended", vec![asked()], json!({ "code": "evicted" }));
        assert!(told.contains("ended: evicted") && told.contains("ended at 14:02:11 from outside"), "{told}");
    }
}
