//! What the answer says of authentication methods (RFC 8176) and factors.

use crate::support::*;
use postlude_model::action::{ActionSpec, Mode};
use postlude_model::json::Json;
use postlude_model::names::Timestamp;
use postlude_model::session::Session;
use std::sync::Arc;
use std::time::Duration;

fn granted(name: &str, factor: &str, max_age: Duration, amr: &[&str]) -> ActionSpec {
    ActionSpec { factors: vec![policy(factor, max_age, amr)], ..spec(name) }
}

fn amr_of(world: &World, mode: Mode, session: Option<Session>, script: &[Scripted]) -> Vec<String> {
    let record = login("l1", "alice", session.as_ref().map(|_| "s1"), mode);
    settled(&world.log_in_as(record, session, script).record).amr.clone()
}

fn methods(world: &World, event: &str) -> Vec<String> {
    let record = login("l1", "alice", None, Mode::Interactive);
    let event = Arc::new(Json::parse(event).unwrap());
    let mut login = postlude_model::pipeline::Login::begin(world.context(), record, None, event);
    play(&mut login, &[]);
    settled(login.record()).amr.clone()
}

/// U16.
#[test]
fn methods_are_mapped_by_the_operator_and_unknown_ones_say_nothing() {
    let mut world = World::new([]);
    world.method_amr.insert("sms".to_owned(), vec!["otp".to_owned(), "mfa".to_owned()]);
    let of = |names: &str| methods(&world, &format!(r#"{{"authentication":{{"methods":[{names}]}}}}"#));
    assert_eq!(of(r#"{"name":"pwd"}"#), ["pwd"]);
    assert_eq!(of(r#"{"name":"sms"},{"name":"pwd"}"#), ["otp", "mfa", "pwd"]);
    assert_eq!(of(r#"{"name":"mfa"},{"name":"federated"},{"name":7},{},"pwd",null"#), Vec::<String>::new());
    assert_eq!(of(r#"{"name":"pwd"},{"name":"pwd"}"#), ["pwd"]);
}

#[test]
fn an_event_without_methods_has_no_amr() {
    for event in ["{}", r#"{"authentication":{}}"#, r#"{"authentication":{"methods":{"name":"pwd"}}}"#, "[]", "1"] {
        assert_eq!(methods(&World::new([]), event), Vec::<String>::new(), "{event}");
    }
}

/// U16.
#[test]
fn mfa_only_where_the_operator_granted_it() {
    let session = || Some(owned("alice", &[(FACE, NOW)]));
    let script = [on_login("face", prompt(FACE))];
    let plain = World::new([granted("face", FACE, DAY, &["face"])]);
    assert_eq!(amr_of(&plain, Mode::Interactive, session(), &script), ["pwd", "face"]);
    let nothing = World::new([granted("face", FACE, DAY, &[])]);
    assert_eq!(amr_of(&nothing, Mode::Interactive, session(), &script), ["pwd"]);
    let both = World::new([granted("face", FACE, DAY, &["mfa", "face"])]);
    assert_eq!(amr_of(&both, Mode::Interactive, session(), &script), ["pwd", "mfa", "face"]);
}

#[test]
fn no_value_twice() {
    let world = World::new([
        granted("face", FACE, DAY, &["mfa", "pwd", "mfa"]),
        granted("voice", VOICE, DAY, &["mfa", "voice"]),
    ]);
    let session = Some(owned("alice", &[(FACE, NOW), (VOICE, NOW)]));
    let script = [on_login("face", go_on(vec![])), on_login("voice", go_on(vec![]))];
    assert_eq!(amr_of(&world, Mode::Interactive, session, &script), ["pwd", "mfa", "voice"]);
}

#[test]
fn a_stale_or_absent_factor_is_worth_nothing() {
    let script = [on_login("face", go_on(vec![]))];
    for session in [owned("alice", &[]), owned("alice", &[(FACE, Timestamp(NOW.0 - 86_400_000))])] {
        assert_eq!(amr_of(&World::face(), Mode::Interactive, Some(session), &script), ["pwd"]);
    }
    let other_epoch = World { epoch: 2, ..World::face() };
    let session = Some(owned("alice", &[(FACE, NOW)]));
    assert_eq!(amr_of(&other_epoch, Mode::Interactive, session, &script), ["pwd"]);
}

#[test]
fn recorded_in_this_login_counts_where_the_policy_is_every_time() {
    let world = World::new([granted("face", FACE, Duration::ZERO, &["mfa"])]);
    let first = world.log_in(&[on_login("face", prompt(FACE))]);
    let second = world.back(&first, Some(session("s1")), &[on_continue("face", completes(FACE))]);
    let says = settled(&second.record);
    assert_eq!(says.amr, ["pwd", "mfa"]);
    assert_eq!((says.factors.len(), says.factors[0].expires_at), (1, NOW));
    // In the next login it does not.
    let script = [on_login("face", go_on(vec![]))];
    assert_eq!(amr_of(&world, Mode::Interactive, second.session, &script), ["pwd"]);
}

#[test]
fn recorded_in_this_login_counts_without_a_session() {
    let script = [on_login("face", completes(FACE))];
    assert_eq!(amr_of(&World::face(), Mode::Interactive, None, &script), ["pwd", "mfa"]);
}

#[test]
fn an_action_that_did_not_apply_is_worth_nothing() {
    let mut narrow = factor_spec("face", FACE);
    narrow.applies_to = [Mode::Interactive].into();
    let world = World::new([narrow]);
    let session = || Some(owned("alice", &[(FACE, NOW)]));
    assert_eq!(amr_of(&world, Mode::Silent, session(), &[]), ["pwd"]);
    let script = [on_login("face", prompt(FACE))];
    assert_eq!(amr_of(&world, Mode::Interactive, session(), &script), ["pwd", "mfa"]);
}

#[test]
fn the_strictest_policy_says_when_a_factor_ends() {
    let hour = Duration::from_secs(3600);
    for (a, b) in [(DAY, hour), (hour, DAY)] {
        let world = World::new([granted("a", FACE, a, &["x"]), granted("b", FACE, b, &["y"])]);
        let session = Some(owned("alice", &[(FACE, NOW)]));
        let record = login("l1", "alice", Some("s1"), Mode::Interactive);
        let script = [on_login("a", go_on(vec![])), on_login("b", go_on(vec![]))];
        let finished = world.log_in_as(record, session, &script);
        let says = settled(&finished.record);
        assert_eq!(says.amr, ["pwd", "x", "y"]);
        assert_eq!(says.factors.len(), 1);
        assert_eq!((says.factors[0].completed_at, says.factors[0].expires_at), (NOW, NOW.plus(hour)));
    }
}

#[test]
fn a_policy_under_which_a_factor_is_stale_has_no_say() {
    let world = World::new([granted("a", FACE, Duration::from_secs(1), &["x"]), granted("b", FACE, DAY, &["y"])]);
    let session = Some(owned("alice", &[(FACE, Timestamp(NOW.0 - 5000))]));
    let record = login("l1", "alice", Some("s1"), Mode::Interactive);
    let script = [on_login("a", go_on(vec![])), on_login("b", go_on(vec![]))];
    let finished = world.log_in_as(record, session, &script);
    let says = settled(&finished.record);
    assert_eq!(says.amr, ["pwd", "y"]);
    assert_eq!(says.factors[0].expires_at, Timestamp(NOW.0 - 5000).plus(DAY));
}
