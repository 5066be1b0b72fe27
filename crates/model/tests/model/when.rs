//! Conditions: each test at its edge, and that they are decided once.

use crate::support::*;
use postlude_model::action::{ActionSpec, Mode, Rules};
use postlude_model::json::Json;
use postlude_model::limits;
use postlude_model::login::{Status, TraceDecision};
use postlude_model::pipeline::Login;
use postlude_model::policy::when::{Clause, Condition, Scalar, Test, unmet};
use std::sync::Arc;

fn text(text: &str) -> Scalar {
    Scalar::Text(text.to_owned())
}

fn one(pointer: &str, test: Test) -> Clause {
    Clause { any: vec![Condition { pointer: pointer.to_owned(), test }] }
}

fn holds(event: &str, pointer: &str, test: Test) -> bool {
    unmet(&[one(pointer, test)], &Json::parse(event).unwrap().to_value()).is_none()
}

#[test]
fn each_test_at_its_edge() {
    let event = r#"{"a":"x","n":3,"f":3.0,"b":false,"l":["x",1,true],"o":{"":1,"~/":"t"},"null":null}"#;
    let list = || vec![text("y"), text("x")];
    for (pointer, test, wanted) in [
        ("/a", Test::Exists(true), true),
        ("/a", Test::Exists(false), false),
        ("/no", Test::Exists(false), true),
        ("/null", Test::Exists(true), false),
        ("/a", Test::Equals(text("x")), true),
        ("/a", Test::Equals(text("X")), false),
        ("/a", Test::NotEquals(text("x")), false),
        ("/a", Test::In(list()), true),
        ("/a", Test::NotIn(list()), false),
        ("/a", Test::In(vec![text("y")]), false),
        ("/n", Test::Equals(Scalar::Integer(3)), true),
        ("/f", Test::Equals(Scalar::Integer(3)), true),
        ("/n", Test::Equals(text("3")), false),
        ("/b", Test::Equals(Scalar::Boolean(false)), true),
        ("/b", Test::Equals(Scalar::Boolean(true)), false),
        ("/l", Test::Contains(text("x")), true),
        ("/l", Test::Contains(Scalar::Integer(1)), true),
        ("/l", Test::NotContains(Scalar::Boolean(true)), false),
        ("/l", Test::Contains(text("true")), false),
        ("/l/1", Test::Equals(Scalar::Integer(1)), true),
        ("/a", Test::Contains(text("x")), false),
        ("/o", Test::Equals(text("x")), false),
        ("/o/", Test::Equals(Scalar::Integer(1)), true),
        ("/o/~0~1", Test::Equals(text("t")), true),
    ] {
        assert_eq!(holds(event, pointer, test.clone()), wanted, "{pointer} {test:?}");
    }
}

#[test]
fn of_an_absent_value_only_the_negations_hold() {
    for (test, wanted) in [
        (Test::Exists(true), false),
        (Test::Equals(text("x")), false),
        (Test::In(vec![text("x")]), false),
        (Test::Contains(text("x")), false),
        (Test::Exists(false), true),
        (Test::NotEquals(text("x")), true),
        (Test::NotIn(vec![text("x")]), true),
        (Test::NotContains(text("x")), true),
    ] {
        for event in ["{}", r#"{"a":null}"#, "[]", "1"] {
            assert_eq!(holds(event, "/a", test.clone()), wanted, "{test:?} {event}");
        }
        let condition = Condition { pointer: "/a".to_owned(), test };
        assert_eq!(condition.needs_presence(), !wanted);
    }
}

#[test]
fn large_numbers_are_compared_without_rounding() {
    let is =
        |event: i64, wanted: i64| holds(&format!(r#"{{"n":{event}}}"#), "/n", Test::Equals(Scalar::Integer(wanted)));
    for number in [i64::MIN, -1, 0, (1 << 53) + 1, i64::MAX] {
        assert!(is(number, number));
        assert!(!is(number, number ^ 1));
    }
    let float =
        |event: &str, wanted| holds(&format!(r#"{{"n":{event}}}"#), "/n", Test::Equals(Scalar::Integer(wanted)));
    assert!(float("-5000000000.0", -5_000_000_000) && !float("3.5", 3));
    // A float of this size stands for several integers.
    assert!(!float("9007199254740992.0", (1 << 53) + 1));
}

#[test]
fn all_clauses_hold_and_of_each_one_condition() {
    let either =
        Clause { any: [one("/a", Test::Exists(true)), one("/b", Test::Exists(true))].map(|c| c.any[0].clone()).into() };
    let both = [either, one("/c", Test::Equals(text("x")))];
    let check = |event: &str| unmet(&both, &Json::parse(event).unwrap().to_value());
    assert_eq!(check(r#"{"b":1,"c":"x"}"#), None);
    assert_eq!(check(r#"{"c":"x"}"#).unwrap(), "the event does not meet `/a` exists or `/b` exists");
    assert_eq!(check(r#"{"a":1,"c":"\""}"#).unwrap(), "the event does not meet `/c` equals \"x\"");
    assert_eq!(unmet(&[Clause { any: vec![] }], &serde_json::json!({})).unwrap(), "the event does not meet ");
    assert_eq!(unmet(&[], &serde_json::json!({})), None);
}

fn conditional(name: &str, factor: &str) -> ActionSpec {
    let when = vec![one("/user/user_id", Test::Equals(text("bob")))];
    ActionSpec { rules: Rules { when, ..Rules::default() }, ..factor_spec(name, factor) }
}

#[test]
fn an_action_whose_condition_does_not_hold_is_passed_over_and_worth_nothing() {
    let world = World::new([conditional("face", FACE)]);
    let record = login("l1", "alice", Some("s1"), Mode::Interactive);
    let finished = world.log_in_as(record, Some(owned("alice", &[(FACE, NOW)])), &[]);
    assert!(matches!(finished.record.status, Status::Continued(_)));
    assert_eq!(finished.record.trace[0].decision, TraceDecision::NotApplicable);
    assert_eq!(last_why(&finished.record), "the event does not meet `/user/user_id` equals \"bob\"");
    assert_eq!(settled(&finished.record).amr, ["pwd"], "its fresh factor does not count");
}

#[test]
fn an_action_whose_condition_holds_runs() {
    let mut world = World::new([conditional("face", FACE)]);
    let mut spec = world.actions[0].spec.clone();
    spec.rules.when = vec![one("/user/user_id", Test::Equals(text("alice")))];
    world.actions = vec![action(spec)];
    assert!(world.log_in(&[on_login("face", prompt(FACE))]).record.suspension().is_some());
}

/// What a later call of the IdP says, or leaves out, switches no action on or off.
#[test]
fn conditions_are_decided_when_the_login_begins() {
    let of = |name: &str, test| {
        let when = vec![one("/user/tier", test)];
        ActionSpec { rules: Rules { when, ..Rules::default() }, ..factor_spec(name, VOICE) }
    };
    let gold = of("gold", Test::Equals(text("gold")));
    let world = World::new([factor_spec("face", FACE), gold, of("other", Test::NotEquals(text("gold")))]);
    let record = login("l1", "alice", Some("s1"), Mode::Interactive);
    let event = Arc::new(Json::parse(r#"{"user":{"tier":"gold"}}"#).unwrap());
    let mut begun = Login::begin(world.context(), record, Some(session("s1").into()), event);
    play(&mut begun, &[on_login("face", prompt(FACE))]);
    let stored = begun.finish();
    // The second call's event, of the helper, has no tier.
    let script = [on_continue("face", completes(FACE)), on_login("gold", prompt(VOICE))];
    let second = world.back(&stored, Some(session("s1")), &script);
    assert_eq!(second.record.suspension().unwrap().action.as_str(), "gold");
    let third = world.back(&second, None, &[on_continue("gold", completes(VOICE))]);
    assert_eq!(third.record.trace.last().unwrap().decision, TraceDecision::NotApplicable);
    assert!(matches!(third.record.status, Status::Continued(_)));
}

#[test]
fn a_reason_in_the_trace_is_not_endless() {
    let when = vec![one("/a", Test::In(vec![text(&"long".repeat(limits::CONDITION_VALUES))]))];
    let world = World::new([ActionSpec { rules: Rules { when, ..Rules::default() }, ..spec("a") }]);
    assert_eq!(last_why(&world.log_in(&[]).record).len(), 512);
}
