//! The help desk's bypass: for one user, one factor, one login, and worth nothing.

use crate::support::*;
use postlude_model::action::{ActionSpec, Mode, Rules};
use postlude_model::login::{Status, TraceDecision};
use postlude_model::names::Timestamp;
use postlude_model::pipeline::{Finished, Login};
use postlude_model::policy::bypass::{Bypass, Target};
use postlude_model::session::Session;
use std::time::Duration;

fn bypass(target: Target) -> Bypass {
    Bypass {
        id: "byp_1".parse().unwrap(),
        user_id: "alice".parse().unwrap(),
        target,
        reason: "phone lost".to_owned(),
        issued_by: "helpdesk".to_owned(),
        issued_at: NOW,
        expires_at: NOW.plus(Duration::from_secs(3600)),
        epoch: 1,
        used: None,
    }
}

fn of_action(name: &str) -> Bypass {
    bypass(Target::Action(name.parse().unwrap()))
}

fn of_factor(name: &str) -> Bypass {
    bypass(Target::Factor(name.parse().unwrap()))
}

fn log_in(world: &World, session: Option<Session>, bypass: Bypass, script: &[Scripted]) -> Finished {
    log_in_mode(Mode::Interactive, world, session, bypass, script)
}

fn log_in_mode(mode: Mode, world: &World, session: Option<Session>, bypass: Bypass, script: &[Scripted]) -> Finished {
    let record = login("l1", "alice", session.as_ref().map(|_| "s1"), mode);
    let mut login = world.begin(record, session).with_bypasses(vec![bypass]);
    play(&mut login, script);
    login.finish()
}

#[test]
fn a_bypassed_action_does_not_run_and_is_worth_nothing() {
    for bypass in [of_action("face"), of_factor(FACE)] {
        let finished = log_in(&World::face(), Some(owned("alice", &[])), bypass.clone(), &[]);
        let record = &finished.record;
        assert_eq!(settled(record).amr, ["pwd"]);
        assert!(record.recorded.is_empty() && settled(record).factors.is_empty());
        assert_eq!(record.trace[0].decision, TraceDecision::Bypassed);
        assert_eq!(last_why(record), "bypass `byp_1` issued by `helpdesk`: phone lost");
        assert_eq!(finished.bypasses, std::slice::from_ref(&bypass.id), "to be used up with the login");
        assert!(finished.synced);
        let used = record.policy_state.bypasses[0].used.as_ref().unwrap();
        assert_eq!(
            (used.login_id.as_str(), used.at, &record.policy_state.bypasses[0].reason),
            ("l1", NOW, &bypass.reason)
        );
    }
}

/// What must not help: each change of a bypass, or of the login, leaves the prompt where it was.
#[test]
fn nothing_but_the_whole_of_it_helps() {
    let cases: [fn(&mut Bypass); 8] = [
        |b| b.user_id = "bob".parse().unwrap(),
        |b| b.target = Target::Action("voice".parse().unwrap()),
        |b| b.target = Target::Factor(VOICE.parse().unwrap()),
        |b| b.expires_at = NOW,
        |b| b.issued_at = Timestamp(NOW.0 + 60_001),
        |b| b.epoch = 0,
        |b| b.epoch = 2,
        |b| b.used = Some(postlude_model::policy::bypass::BypassUse { login_id: "l1".parse().unwrap(), at: NOW }),
    ];
    for change in cases {
        let mut bypass = of_action("face");
        change(&mut bypass);
        let finished = log_in(&World::face(), Some(session("s1")), bypass.clone(), &[on_login("face", prompt(FACE))]);
        assert!(finished.record.suspension().is_some(), "{bypass:?}");
        assert!(finished.bypasses.is_empty());
    }
    let last = Bypass { expires_at: Timestamp(NOW.0 + 1), ..of_action("face") };
    assert_eq!(log_in(&World::face(), None, last, &[]).bypasses.len(), 1);
}

/// A refresh in the background must not use up what a person was given.
#[test]
fn only_a_login_with_a_browser_uses_it() {
    for mode in [Mode::Silent, Mode::Refresh, Mode::Password] {
        let script = [on_login("face", prompt(FACE))];
        let finished = log_in_mode(mode, &World::face(), Some(session("s1")), of_action("face"), &script);
        assert!(matches!(finished.record.status, Status::InteractionRequired { .. }));
        assert!(finished.bypasses.is_empty());
    }
}

#[test]
fn where_the_factor_is_fresh_it_is_not_used_up() {
    let script = [on_login("face", prompt(FACE))];
    let finished = log_in(&World::face(), Some(owned("alice", &[(FACE, NOW)])), of_action("face"), &script);
    assert_eq!(finished.record.trace[0].decision, TraceDecision::Skipped);
    assert!(finished.bypasses.is_empty());
}

#[test]
fn an_action_without_a_factor_is_never_bypassed() {
    let finished = log_in(&World::new([spec("a")]), None, of_action("a"), &[on_login("a", deny(vec![]))]);
    assert_eq!(denied_code(&finished.record), "no_entry");
}

#[test]
fn a_bypass_of_a_factor_does_not_let_past_another_one() {
    let mut both = factor_spec("both", FACE);
    both.factors.push(policy(VOICE, DAY, &[]));
    let world = World::new([both]);
    let script = [on_login("both", prompt(VOICE))];
    let finished = log_in(&world, Some(session("s1")), of_factor(FACE), &script);
    assert!(finished.record.suspension().is_some());
    // One of the action does, and one fresh factor of two is not enough to do without it.
    let finished = log_in(&world, Some(owned("alice", &[(FACE, NOW)])), of_action("both"), &[]);
    assert_eq!(finished.bypasses.len(), 1);
}

/// One login, one bypass: it covers every action for its factor, also after a suspension, when the store has it no more.
#[test]
fn it_holds_for_its_whole_login() {
    let world = World::new([factor_spec("a", FACE), factor_spec("voice", VOICE), factor_spec("b", FACE)]);
    let first = log_in(&world, Some(session("s1")), of_factor(FACE), &[on_login("voice", prompt(VOICE))]);
    assert_eq!(first.bypasses.len(), 1);
    let second = world.back(&first, Some(session("s1")), &[on_continue("voice", completes(VOICE))]);
    let verdicts: Vec<_> = second.record.trace.iter().map(|trace| trace.decision).collect();
    use TraceDecision::{Bypassed, Continue, Redirect};
    assert_eq!(verdicts, [Bypassed, Redirect, Continue, Bypassed]);
    assert!(second.bypasses.is_empty(), "it is used up once");
    assert_eq!(settled(&second.record).amr, ["pwd", "mfa"], "by the voice");
}

#[test]
fn it_does_not_reach_into_the_next_login() {
    let first = log_in(&World::face(), Some(session("s1")), of_action("face"), &[]);
    let record = login("l2", "alice", Some("s1"), Mode::Interactive);
    let next = World::face().log_in_as(record, first.session, &[on_login("face", prompt(FACE))]);
    assert!(next.record.suspension().is_some());
}

fn group() -> World {
    let rules = || Rules { any_of: Some("second".parse().unwrap()), ..Rules::default() };
    let member = |name: &str, factor: &str| ActionSpec { rules: rules(), ..factor_spec(name, factor) };
    World::new([member("face", FACE), member("voice", VOICE)])
}

#[test]
fn a_bypass_of_one_member_satisfies_the_group() {
    let finished = log_in(&group(), Some(session("s1")), of_action("voice"), &[]);
    let says: Vec<_> = finished.record.trace.iter().map(|trace| (trace.decision, trace.why.as_str())).collect();
    assert_eq!(says[0], (TraceDecision::Satisfied, "group `second` is satisfied by a bypass of `voice`"));
    assert_eq!(says[1].0, TraceDecision::Bypassed);
    assert_eq!(settled(&finished.record).amr, ["pwd"]);
    let first = log_in(&group(), Some(session("s1")), of_action("face"), &[]);
    assert_eq!(first.record.trace[1].why, "group `second` is satisfied by a bypass of `face`");
    assert_eq!(first.bypasses.len(), 1);
    // A fresh factor comes first.
    let script = [on_login("voice", prompt(VOICE))];
    let fresh = log_in(&group(), Some(owned("alice", &[(VOICE, NOW)])), of_action("face"), &script);
    assert!(fresh.bypasses.is_empty() && matches!(fresh.record.status, Status::Continued(_)));
}

/// The bypass of a later member was used by another login while this one was suspended: the member asks after all.
#[test]
fn a_promise_of_a_bypass_is_not_one() {
    let rules = || Rules { any_of: Some("second".parse().unwrap()), ..Rules::default() };
    let other = "https://acme.example/between";
    let member = |name: &str, factor: &str| ActionSpec { rules: rules(), ..factor_spec(name, factor) };
    let world = World::new([member("face", FACE), factor_spec("between", other), member("voice", VOICE)]);
    let first = log_in(&world, Some(session("s1")), of_action("voice"), &[on_login("between", prompt(other))]);
    assert!(first.bypasses.is_empty());
    let script = [on_continue("between", completes(other)), on_login("voice", prompt(VOICE))];
    let second = world.back(&first, Some(session("s1")), &script);
    assert_eq!(second.record.suspension().unwrap().action.as_str(), "voice");
}

#[test]
fn a_member_whose_turn_is_over_cannot_be_bypassed_any_more() {
    let record = login("l1", "alice", Some("s1"), Mode::Interactive);
    // It came to be issued while the login stood at the first member's prompt.
    let world = group();
    let first = world.log_in_as(record, Some(session("s1")), &[on_login("face", prompt(FACE))]);
    let reply = proved(&first.record, "ok");
    let mut login = Login::resume(world.context(), first.record, Some(session("s1").into()), event(), reply)
        .with_bypasses(vec![of_action("face")]);
    play(&mut login, &[on_continue("face", go_on(vec![])), on_login("voice", go_on(vec![]))]);
    assert_eq!(denied_code(login.record()), "factor_missing");
}
