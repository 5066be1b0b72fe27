//! Order and folding of runs, limits at their edges, and what the trace says.

use crate::support::*;
use postlude_model::action::Mode;
use postlude_model::decision::Command;
use postlude_model::limits;
use postlude_model::login::{LoginRecord, Status, TraceDecision};
use postlude_model::run::{Phase, Report};

fn claim(name: &str, bytes: usize) -> Command {
    Command::SetIdTokenClaim { name: name.to_owned(), value: json(&format!("\"{}\"", "x".repeat(bytes))) }
}

fn metadata(key: String, bytes: usize) -> Command {
    Command::SetLoginMetadata { key, value: Some(json(&format!("\"{}\"", "x".repeat(bytes)))) }
}

fn alone(report: Report) -> LoginRecord {
    World::new([spec("a")]).log_in(&[on_login("a", report)]).record
}

#[test]
fn an_empty_pipeline_continues() {
    let finished = World::new([]).log_in(&[]);
    assert!(matches!(finished.record.status, Status::Continued(_)));
    assert_eq!((finished.record.step, finished.record.trace.len()), (0, 0));
}

#[test]
fn actions_run_in_order_and_each_run_is_a_step() {
    let world = World::new(["c", "a", "b"].map(spec));
    let mut login = world.begin(login("l1", "alice", Some("s1"), Mode::Interactive), Some(session("s1")));
    let seen = play(&mut login, &["a", "b", "c"].map(|name| on_login(name, go_on(vec![]))));
    let runs: Vec<_> = seen.iter().map(|run| (run.action.spec.name.as_str(), run.run_id.as_str())).collect();
    assert_eq!(runs, [("c", "run.l1.0"), ("a", "run.l1.1"), ("b", "run.l1.2")]);
    assert_eq!(login.record().step, 3);
}

#[test]
fn nothing_runs_after_a_deny() {
    let record = World::new(["a", "b"].map(spec)).log_in(&[on_login("a", deny(vec![]))]).record;
    assert_eq!((denied_code(&record), record.trace.len()), ("no_entry", 1));
}

#[test]
fn an_action_that_does_not_apply_is_passed_over_and_takes_no_step() {
    let mut narrow = spec("narrow");
    narrow.applies_to = [Mode::Interactive].into();
    let record = World::new([narrow, spec("b")]).log_in_mode(Mode::Silent, &[on_login("b", go_on(vec![]))]).record;
    assert!(matches!(record.status, Status::Continued(_)));
    assert_eq!(record.step, 1);
    assert_eq!(record.trace[0].decision, TraceDecision::NotApplicable);
    assert_eq!(record.trace[0].why, "does not apply to mode silent");
}

#[test]
fn the_last_word_on_a_claim_counts() {
    let set = |value: &str| Command::SetIdTokenClaim { name: "c".to_owned(), value: json(value) };
    let script = [on_login("a", go_on(vec![set("1"), set("2")])), on_login("b", go_on(vec![set("3")]))];
    let record = World::new(["a", "b"].map(spec)).log_in(&script).record;
    assert_eq!(record.effects.id_token_claims["c"], json("3"));
}

#[test]
fn the_last_word_on_a_scope_counts_once() {
    let add = |s: &str| Command::AddScope(s.to_owned());
    let remove = |s: &str| Command::RemoveScope(s.to_owned());
    let effects = alone(go_on(vec![add("x"), add("x"), remove("y"), remove("x"), add("y"), add("z")])).effects;
    assert_eq!(effects.add_scopes, ["y", "z"]);
    assert_eq!(effects.remove_scopes, ["x"]);
}

#[test]
fn a_later_action_sees_metadata_of_the_login_and_can_remove_it() {
    let remove = Command::SetLoginMetadata { key: "k".to_owned(), value: None };
    let script = [on_login("a", go_on(vec![metadata("k".to_owned(), 1)])), on_login("b", go_on(vec![remove]))];
    let world = World::new(["a", "b"].map(spec));
    let mut login = world.begin(login("l1", "alice", Some("s1"), Mode::Interactive), Some(session("s1")));
    let seen = play(&mut login, &script);
    assert_eq!(seen[1].login_metadata["k"], json("\"x\""));
    assert!(login.record().metadata.is_empty());
}

#[test]
fn claims_at_the_limit_are_kept_and_a_byte_more_fails_the_action() {
    // One byte of name, two of quotes.
    let fits = limits::CLAIMS_BYTES - 3;
    assert!(matches!(alone(go_on(vec![claim("c", fits)])).status, Status::Continued(_)));
    let record = alone(go_on(vec![claim("c", fits + 1)]));
    assert_eq!(denied_code(&record), "action_failed");
    assert!(last_why(&record).contains("4097 bytes, the limit is 4096"), "{}", last_why(&record));
    assert!(record.effects.id_token_claims.is_empty());
}

#[test]
fn claims_of_all_actions_and_scopes_count_together() {
    let script = [
        on_login("a", go_on(vec![claim("c", limits::CLAIMS_BYTES - 4)])),
        on_login("b", go_on(vec![Command::AddScope("xy".to_owned())])),
    ];
    let record = World::new(["a", "b"].map(spec)).log_in(&script).record;
    assert_eq!(denied_code(&record), "action_failed");
    assert!(record.effects.add_scopes.is_empty());
    assert_eq!(record.effects.id_token_claims.len(), 1, "what `a` set stays");
}

#[test]
fn login_metadata_at_the_limit_is_kept_and_a_byte_more_fails_the_action() {
    let fits = limits::METADATA_BYTES - 3;
    assert_eq!(alone(go_on(vec![metadata("k".to_owned(), fits)])).metadata.len(), 1);
    let record = alone(go_on(vec![metadata("k".to_owned(), fits + 1)]));
    assert_eq!(denied_code(&record), "action_failed");
    assert!(last_why(&record).contains("16385 bytes, the limit is 16384"), "{}", last_why(&record));
    assert!(record.metadata.is_empty());
}

#[test]
fn every_kind_of_metadata_takes_64_keys_and_not_65() {
    type Make = fn(String) -> Command;
    let kinds: [(&str, Make); 4] = [
        ("login", |key| Command::SetLoginMetadata { key, value: Some(json("1")) }),
        ("session", |key| Command::SetSessionMetadata { key, value: Some(json("1")) }),
        ("app", |key| Command::SetAppMetadata { key, value: Some(json("1")) }),
        ("user", |key| Command::SetUserMetadata { key, value: None }),
    ];
    for (what, make) in kinds {
        let commands = |count: usize| (0..count).map(|n| make(format!("k{n}"))).collect();
        let full = alone(go_on(commands(limits::METADATA_KEYS)));
        assert!(matches!(full.status, Status::Continued(_)), "{what}");
        let record = alone(go_on(commands(limits::METADATA_KEYS + 1)));
        let says = format!("the {what} metadata has 65 keys, the limit is 64");
        assert_eq!((denied_code(&record), last_why(&record)), ("action_failed", says.as_str()));
    }
}

#[test]
fn what_passes_a_limit_changes_nothing_at_all() {
    let mut commands = vec![claim("c", 1), metadata("m".to_owned(), 1), Command::AddScope("s".to_owned())];
    commands.push(Command::SetAppMetadata { key: "a".to_owned(), value: Some(json("1")) });
    commands.push(record_factor(FACE));
    commands.push(Command::SetSessionMetadata {
        key: "big".to_owned(),
        value: Some(json(&format!("\"{}\"", "x".repeat(limits::METADATA_BYTES)))),
    });
    let finished = World::face().log_in(&[on_login("face", go_on(commands))]);
    assert_eq!(denied_code(&finished.record), "action_failed");
    assert_eq!(finished.record.effects, postlude_model::login::Effects::default());
    assert!(finished.record.metadata.is_empty() && finished.record.recorded.is_empty());
    assert_eq!(finished.session, None);
}

#[test]
fn denial_codes_and_messages_are_checked_at_the_edge() {
    let long = |n: usize| "m".repeat(n);
    let good = [("a", long(256)), ("0_z", String::new()), (&*"c".repeat(64), "ü".repeat(128))];
    for (code, message) in good {
        assert_eq!(denied_code(&alone(deny_with(code, &message, vec![]))), code);
    }
    let bad = [
        ("", String::new()),
        (&*"c".repeat(65), String::new()),
        ("No", String::new()),
        ("no-entry", String::new()),
        ("no entry", String::new()),
        ("é", String::new()),
        ("ok", long(257)),
        ("ok", "ü".repeat(129)),
        ("ok", "two\nlines".to_owned()),
        ("ok", "\u{9b}31m".to_owned()),
    ];
    for (code, message) in bad {
        let record = alone(deny_with(code, &message, vec![]));
        assert_eq!(denied_code(&record), "action_failed", "`{code}` `{message}`");
    }
}

#[test]
fn a_long_reason_is_cut_at_a_character() {
    // 511 bytes, then a character of two: the cut is before it.
    for (text, kept) in [
        ("x".repeat(512), 512),
        ("x".repeat(513), 512),
        (format!("{}ü", "x".repeat(510)), 512),
        (format!("{}ü", "x".repeat(511)), 511),
        (format!("{}🦀🦀", "x".repeat(509)), 509),
        ("🦀".repeat(200), 512),
    ] {
        let failure = postlude_model::decision::Failure::Other(text.clone());
        let record = alone(report(postlude_model::run::Ending::Failed(failure), vec![]));
        assert_eq!(last_why(&record).len(), kept, "{} bytes", text.len());
        assert!(text.starts_with(last_why(&record)));
    }
}

#[test]
fn the_trace_has_every_run_with_its_step_and_phase() {
    let world = World::new([factor_spec("face", FACE), spec("b")]);
    let before = session("s1");
    let first = world.log_in(&[on_login("face", prompt(FACE))]);
    let second =
        world.back(&first, Some(before), &[on_continue("face", completes(FACE)), on_login("b", go_on(vec![]))]);
    let trace: Vec<_> =
        second.record.trace.iter().map(|t| (t.action.as_str(), t.step, t.phase, t.decision, t.why.as_str())).collect();
    let recorded = format!("recorded {FACE}");
    let expected = [
        ("face", 0, Phase::Login, TraceDecision::Redirect, "no record in this session"),
        ("face", 1, Phase::Continue, TraceDecision::Continue, recorded.as_str()),
        ("b", 2, Phase::Login, TraceDecision::Continue, ""),
    ];
    assert_eq!(trace, expected);
    assert!(second.record.trace.iter().all(|t| t.fuel == 5));
}

#[test]
fn a_report_that_no_run_asked_for_changes_nothing() {
    let world = World::face();
    for last in [prompt(FACE), deny(vec![]), go_on(vec![])] {
        let mut login = world.begin(login("l1", "alice", Some("s1"), Mode::Interactive), Some(session("s1")));
        play(&mut login, &[on_login("face", last)]);
        let before = login.record().clone();
        login.feed(completes(FACE)).unwrap();
        assert_eq!(*login.record(), before);
    }
}
