//! One event as one line.

use crate::output::{self, Paint, plain};
use postlude_model::login::Outcome;
use serde_json::Value;

/// What is shown, and how.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) outcome: Option<String>,
    pub(super) json: bool,
}

impl Filter {
    /// The line of an event; none where it is not asked for.
    pub(super) fn line(&self, data: &str) -> Option<String> {
        let event: Value = serde_json::from_str(data).ok()?;
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        if let Some(wanted) = &self.outcome
            && text("kind") != "lagged"
            && (text("kind") != "login" || text("outcome") != wanted)
        {
            return None;
        }
        if self.json {
            return Some(event.to_string());
        }
        Some(match text("kind") {
            "login" => login(&event),
            "lagged" => {
                let missed = event.get("missed").and_then(Value::as_u64).unwrap_or(0);
                output::coloured(Paint::Careful, &format!("missed {missed} events: this reader was too slow"))
            }
            _ => other(&event),
        })
    }
}

fn time(event: &Value) -> String {
    let at = event.get("at").and_then(Value::as_str).unwrap_or_default();
    plain(at.get(11..19).unwrap_or(at))
}

fn login(event: &Value) -> String {
    let text = |name: &str| plain(event.get(name).and_then(Value::as_str).unwrap_or_default());
    let outcome = text("outcome");
    let paint = match Outcome::from_name(&outcome) {
        Some(Outcome::Continue) => Paint::Good,
        Some(Outcome::Deny | Outcome::Ended) => Paint::Bad,
        // A newer server may know outcomes that this program does not.
        Some(Outcome::Redirect | Outcome::InteractionRequired) | None => Paint::Careful,
    };
    let code = Some(text("code")).filter(|code| !code.is_empty()).map(|code| format!(" ({code})")).unwrap_or_default();
    let took = event.get("duration_us").and_then(Value::as_u64).unwrap_or(0);
    let runs: Vec<String> = event.get("runs").and_then(Value::as_array).into_iter().flatten().map(run).collect();
    let outcome = output::coloured(paint, &format!("{outcome:<8}{code}"));
    let (user, id) = (text("user_id"), text("login_id"));
    let (took, id) = (output::grouped(took), output::coloured(Paint::Quiet, &id));
    format!("{}  {user}  {outcome}  {}  {took} us  {id}", time(event), runs.join("; "))
}

fn run(run: &Value) -> String {
    let text = |name: &str| plain(run.get(name).and_then(Value::as_str).unwrap_or_default());
    let why = Some(text("why")).filter(|why| !why.is_empty()).map(|why| format!(", {why}")).unwrap_or_default();
    let only = run.get("report_only").and_then(Value::as_bool).unwrap_or(false);
    let only = if only { "(report only) " } else { "" };
    format!("{} {only}{}{why}", text("action"), text("decision"))
}

fn other(event: &Value) -> String {
    let shown = |(name, value): (&String, &Value)| match value {
        _ if name == "kind" || name == "at" => None,
        Value::Null => None,
        Value::String(text) => Some(format!("{name} {}", plain(text))),
        value => Some(format!("{name} {}", plain(&value.to_string()))),
    };
    let rest: Vec<String> = event.as_object().into_iter().flatten().filter_map(shown).collect();
    let kind = plain(event.get("kind").and_then(Value::as_str).unwrap_or("event"));
    format!("{}  {}  {}", time(event), output::coloured(Paint::Careful, &kind), rest.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENIED: &str = r#"{"kind":"login","at":"2026-11-24T14:02:11.123Z","login_id":"lgn_1","outcome":"deny","code":"no_match",
        "user_id":"ana","duration_us":1400,"runs":[{"action":"face","decision":"deny","why":"no_match"}]}"#;

    fn line(outcome: Option<&str>, json: bool, data: &str) -> Option<String> {
        Filter { outcome: outcome.map(str::to_owned), json }.line(data)
    }

    #[test]
    fn a_login_is_one_line() {
        let told = line(None, false, DENIED).unwrap();
        assert_eq!(told, "14:02:11  ana  deny     (no_match)  face deny, no_match  1,400 us  lgn_1");
        let reports = DENIED.replace(r#""decision":"deny""#, r#""report_only":true,"decision":"deny""#);
        assert!(line(None, false, &reports).unwrap().contains("face (report only) deny, no_match"));
    }

    #[test]
    fn other_outcomes_and_kinds_are_left_out_where_one_is_asked_for_but_never_what_was_missed() {
        assert!(line(Some("deny"), false, DENIED).is_some());
        assert!(line(Some("continue"), false, DENIED).is_none());
        assert!(line(Some("deny"), false, r#"{"kind":"reload","outcome":"deny"}"#).is_none());
        assert!(line(Some("deny"), false, r#"{"kind":"lagged","missed":3}"#).unwrap().contains("missed 3 events"));
    }

    #[test]
    fn json_is_one_line_and_texts_cannot_steer_a_terminal() {
        assert_eq!(line(None, true, DENIED).unwrap().lines().count(), 1);
        let hostile = DENIED.replace("ana", "\\u001b[31mana\\u202e");
        assert!(!line(None, false, &hostile).unwrap().contains(['\u{1b}', '\u{202e}']));
        let reload = r#"{"kind":"reload","at":"2026-11-24T14:02:11.123Z","outcome":"taken","revision":4}"#;
        assert_eq!(line(None, false, reload).unwrap(), "14:02:11  reload  outcome taken, revision 4");
    }
}
