//! What a redirect comes to: a suspension, a skip, `interaction_required`, or a failure.

use crate::support::*;
use postlude_model::action::Mode;
use postlude_model::limits;
use postlude_model::login::{Status, TraceDecision};
use postlude_model::names::Timestamp;
use postlude_model::pipeline::Finished;
use std::time::Duration;

#[test]
fn a_redirect_suspends_with_everything_that_the_way_back_needs() {
    let finished = World::face().log_in(&[on_login("face", prompt(FACE))]);
    let suspension = finished.record.suspension().unwrap();
    assert_eq!((suspension.action.as_str(), suspension.step, suspension.timed_out), ("face", 0, 0));
    assert_eq!(suspension.factor.as_ref().unwrap().as_str(), FACE);
    assert_eq!(suspension.expires_at, NOW.plus(limits::STATE_LIFETIME));
    let state = format!("st.1.l1.0.{}", suspension.expires_at.0);
    assert_eq!(suspension.location, format!("{PROMPT}?state={state}"));
    assert_eq!((finished.record.step, finished.record.position, finished.record.suspensions), (1, 0, 1));
    assert!(finished.synced);
}

#[test]
fn the_state_that_a_run_may_ask_for_is_the_one_of_its_redirect() {
    let world = World::face();
    let mut login = world.begin(login("l1", "alice", Some("s1"), Mode::Interactive), Some(session("s1")));
    let seen = play(&mut login, &[on_login("face", prompt(FACE))]);
    assert_eq!(seen[0].state, state_of(login.record()));
}

/// P42.
#[test]
fn a_state_does_not_outlive_its_login() {
    let world = World::face().later(limits::LOGIN_LIFETIME - Duration::from_secs(60));
    let record = world.log_in(&[on_login("face", prompt(FACE))]).record;
    assert_eq!(record.suspension().unwrap().expires_at, record.deadline);
}

#[test]
fn a_fresh_factor_skips_the_prompt_in_every_mode() {
    for mode in Mode::ALL {
        let session = owned("alice", &[(FACE, NOW)]);
        let record = login("l1", "alice", Some("s1"), mode);
        let record = World::face()
            .later(Duration::from_secs(4 * 3600))
            .log_in_as(record, Some(session), &[on_login("face", prompt(FACE))])
            .record;
        assert!(matches!(record.status, Status::Continued(_)), "{mode:?}");
        assert_eq!(record.trace[0].decision, TraceDecision::Skipped);
        assert_eq!(record.trace[0].why, "record 4 h old, policy 24 h: no prompt");
        assert_eq!(record.suspensions, 0);
    }
}

#[test]
fn a_skip_does_not_look_at_the_url() {
    let session = owned("alice", &[(FACE, NOW)]);
    let record = login("l1", "alice", Some("s1"), Mode::Interactive);
    let script = [on_login("face", redirect(to("javascript:alert(1)", Some(FACE)), vec![]))];
    let record = World::face().log_in_as(record, Some(session), &script).record;
    assert!(matches!(record.status, Status::Continued(_)));
}

#[test]
fn a_redirect_without_a_factor_is_never_skipped() {
    let session = owned("alice", &[(FACE, NOW)]);
    let record = login("l1", "alice", Some("s1"), Mode::Interactive);
    let script = [on_login("face", redirect(to(PROMPT, None), vec![]))];
    assert!(World::face().log_in_as(record, Some(session), &script).record.suspension().is_some());
}

#[test]
fn an_undeclared_factor_is_the_actions_failure_however_fresh() {
    for name in [VOICE, "https://acme.example/FACE", "https://acme.example/face/", "", "\u{0}"] {
        for mode in Mode::ALL {
            let session = owned("alice", &[(VOICE, NOW)]);
            let record = login("l1", "alice", Some("s1"), mode);
            let script = [on_login("face", redirect(to(PROMPT, Some(name)), vec![]))];
            let record = World::face().log_in_as(record, Some(session), &script).record;
            assert_eq!(denied_code(&record), "action_failed", "`{name}` {mode:?}");
            assert!(last_why(&record).contains("but its manifest declares `https://acme.example/"));
        }
    }
}

#[test]
fn a_prompt_that_is_due_without_a_browser_is_interaction_required() {
    for mode in [Mode::Silent, Mode::Refresh, Mode::Password] {
        for (factor, why) in [(Some(FACE), "no record in this session"), (None, "no factor named")] {
            let script = [on_login("face", redirect(to(PROMPT, factor), vec![]))];
            let finished = World::face().log_in_mode(mode, &script);
            let due = Status::InteractionRequired { action: "face".parse().unwrap() };
            assert_eq!(finished.record.status, due, "{mode:?}");
            assert_eq!(last_why(&finished.record), why);
            assert_eq!((finished.record.suspensions, finished.record.step), (0, 1));
        }
    }
}

/// U06.
#[test]
fn a_stale_factor_without_a_browser_is_interaction_required() {
    let session = owned("alice", &[(FACE, Timestamp(NOW.0 - 86_400_000))]);
    let record = login("l1", "alice", Some("s1"), Mode::Silent);
    let record = World::face().log_in_as(record, Some(session), &[on_login("face", prompt(FACE))]).record;
    assert!(matches!(record.status, Status::InteractionRequired { .. }));
    assert_eq!(last_why(&record), "record 24 h old, policy 24 h");
}

fn again(world: &World, stored: &Finished) -> Finished {
    world.back(stored, Some(session("s1")), &[on_continue("face", prompt(FACE))])
}

/// P42.
#[test]
fn five_suspensions_and_no_sixth() {
    let world = World::face();
    let mut stored = world.log_in(&[on_login("face", prompt(FACE))]);
    let mut states = vec![state_of(&stored.record)];
    for _ in 1..limits::SUSPENSIONS {
        stored = again(&world, &stored);
        states.push(state_of(&stored.record));
    }
    assert_eq!(stored.record.suspensions, 5);
    states.sort();
    states.dedup();
    assert_eq!(states.len(), 5, "every suspension has a state of its own");
    let sixth = again(&world, &stored).record;
    assert_eq!(denied_code(&sixth), "too_many_suspensions");
    assert_eq!((sixth.suspensions, last_why(&sixth)), (5, "a redirect after 5 suspensions"));
}

#[test]
fn suspensions_count_over_all_actions_and_the_fifth_may_still_continue() {
    let world = World::new([factor_spec("face", FACE), factor_spec("voice", VOICE)]);
    let mut stored = world.log_in(&[on_login("face", prompt(FACE))]);
    for _ in 0..3 {
        stored = again(&world, &stored);
    }
    let script = [on_continue("face", completes(FACE)), on_login("voice", prompt(VOICE))];
    stored = world.back(&stored, Some(session("s1")), &script);
    assert_eq!(stored.record.suspensions, 5);
    let over = world.back(&stored, None, &[on_continue("voice", prompt(VOICE))]);
    assert_eq!(denied_code(&over.record), "too_many_suspensions");
    let done = world.back(&stored, None, &[on_continue("voice", completes(VOICE))]);
    assert!(matches!(done.record.status, Status::Continued(_)));
}

#[test]
fn each_action_prompts_and_resumes_for_itself() {
    let world = World::new([factor_spec("face", FACE), factor_spec("voice", VOICE)]);
    let first = world.log_in(&[on_login("face", prompt(FACE))]);
    let script = [on_continue("face", completes(FACE)), on_login("voice", prompt(VOICE))];
    let second = world.back(&first, Some(session("s1")), &script);
    assert_eq!(second.record.suspension().unwrap().action.as_str(), "voice");
    let third = world.back(&second, None, &[on_continue("voice", completes(VOICE))]);
    assert_eq!(factor_names(third.session.as_ref().unwrap()), [FACE, VOICE]);
    assert_eq!((third.record.step, third.record.position), (4, 2));
}
