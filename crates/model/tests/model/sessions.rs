//! Whose session it is, which generation, and what a suspended login holds back.

use crate::support::*;
use postlude_model::action::Mode;
use postlude_model::decision::Command;
use postlude_model::json::Json;
use postlude_model::login::{LoginRecord, Status};
use postlude_model::names::Timestamp;
use postlude_model::pipeline::{Login, session_ended};
use postlude_model::session::Session;
use std::time::Duration;

fn set(key: &str, value: &str) -> Command {
    Command::SetSessionMetadata { key: key.to_owned(), value: Some(json(value)) }
}

fn alices() -> LoginRecord {
    login("l1", "alice", Some("s1"), Mode::Interactive)
}

/// A session of bob's with a face and some metadata.
fn bobs() -> Session {
    let mut session = owned("bob", &[(FACE, NOW)]);
    session.created_at = Timestamp(NOW.0 - 86_400_000);
    session.metadata.insert("whose".to_owned(), Json::string("bob"));
    session
}

#[test]
fn without_a_session_there_are_no_factors_and_nothing_to_store() {
    for mode in Mode::ALL {
        let record = login("l1", "alice", None, mode);
        let finished = World::face().log_in_as(record, None, &[on_login("face", go_on(vec![set("k", "1")]))]);
        assert!(matches!(finished.record.status, Status::Continued(_)));
        assert_eq!((finished.session, finished.session_seen), (None, None));
        assert_eq!(finished.record.subject.generation, 0);
    }
    let record = login("l1", "alice", None, Mode::Refresh);
    let finished = World::face().log_in_as(record, None, &[on_login("face", prompt(FACE))]);
    assert!(matches!(finished.record.status, Status::InteractionRequired { .. }));
}

#[test]
fn a_continue_makes_a_new_session_the_users() {
    let finished = World::face().log_in(&[on_login("face", go_on(vec![]))]);
    let stored = finished.session.unwrap();
    assert_eq!(stored.user.unwrap().as_str(), "alice");
    assert_eq!((stored.generation, stored.factors.len(), finished.session_seen), (0, 0, Some(0)));
}

#[test]
fn an_outcome_that_writes_nothing_takes_no_session() {
    for report in [deny(vec![]), failed(vec![]), prompt(FACE)] {
        assert_eq!(World::face().log_in(&[on_login("face", report)]).session, None);
    }
}

#[test]
fn the_first_write_of_something_of_the_users_takes_the_session() {
    let script = [on_login("face", redirect(to(PROMPT, Some(FACE)), vec![set("k", "1")]))];
    let stored = World::face().log_in(&script).session.unwrap();
    assert_eq!(stored.user.unwrap().as_str(), "alice");
    assert_eq!(stored.metadata["k"], json("1"));
}

#[test]
fn the_same_user_keeps_generation_and_factors() {
    let session = owned("alice", &[(FACE, NOW)]);
    let finished = World::face().log_in_as(alices(), Some(session.clone()), &[on_login("face", completes(FACE))]);
    let stored = finished.session.unwrap();
    assert_eq!((stored.generation, stored.version, stored.factors.len()), (2, 3, 2));
    assert_eq!((finished.record.subject.generation, finished.record.subject.foreign), (2, false));
}

#[test]
fn a_use_is_noted_once_an_hour() {
    let hour = Duration::from_secs(3600);
    for (idle, touched) in [(hour - Duration::from_millis(1), false), (hour, true)] {
        let world = World::face().later(idle);
        let finished = world.log_in_as(alices(), Some(owned("alice", &[])), &[on_login("face", go_on(vec![]))]);
        assert_eq!(finished.session.map(|s| s.last_used_at), touched.then_some(world.now));
        assert!(!finished.synced);
    }
}

#[test]
fn another_users_session_shows_nothing() {
    for mode in Mode::ALL {
        let world = World::face();
        let record = login("l1", "alice", Some("s1"), mode);
        let mut login = world.begin(record, Some(bobs()));
        let input = login.next_run().unwrap();
        assert!(input.factors.is_empty() && input.session_metadata.is_empty(), "{mode:?}");
        assert!(login.record().subject.foreign);
    }
}

#[test]
fn another_users_fresh_factor_does_not_skip_the_prompt() {
    let finished = World::face().log_in_as(alices(), Some(bobs()), &[on_login("face", prompt(FACE))]);
    assert!(finished.record.suspension().is_some());
    assert_eq!(finished.session, None, "bob's session is his until alice continues");
}

#[test]
fn the_next_generation_begins_only_at_continue() {
    let world = World::new([factor_spec("face", FACE), factor_spec("voice", VOICE)]);
    let mut aside = prompt(FACE);
    aside.commands.push(set("held", "1"));
    let first = world.log_in_as(alices(), Some(bobs()), &[on_login("face", aside)]);
    assert_eq!((&first.session, &first.record.held_metadata["held"]), (&None, &json("1")));

    let script = [on_continue("face", completes(FACE)), on_login("voice", prompt(VOICE))];
    let second = world.back(&first, Some(bobs()), &script);
    assert_eq!(second.session, None);
    assert_eq!((second.record.recorded.len(), second.record.subject.generation), (1, 2));

    let third = world.back(&second, Some(bobs()), &[on_continue("voice", completes(VOICE))]);
    let stored = third.session.unwrap();
    assert_eq!(stored.user.as_ref().unwrap().as_str(), "alice");
    assert_eq!((stored.generation, factor_names(&stored)), (3, vec![FACE, VOICE]));
    assert_eq!((stored.metadata.len(), &stored.metadata["held"]), (1, &json("1")), "nothing of bob's");
    assert_eq!(stored.created_at, NOW);
    assert_eq!((third.record.subject.generation, third.record.held_metadata.len()), (3, 0));
    assert!(third.synced);
}

#[test]
fn a_factor_held_back_is_seen_by_later_actions_of_the_login() {
    let world = World::new([factor_spec("face", FACE), factor_spec("also", FACE)]);
    let first = world.log_in_as(alices(), Some(bobs()), &[on_login("face", prompt(FACE))]);
    let script = [on_continue("face", completes(FACE)), on_login("also", prompt(FACE))];
    let done = world.back(&first, Some(bobs()), &script);
    assert!(matches!(done.record.status, Status::Continued(_)), "the second prompt is skipped");
}

#[test]
fn a_deny_in_another_users_session_leaves_it_alone() {
    let world = World::new([factor_spec("face", FACE), spec("b")]);
    let first = world.log_in_as(alices(), Some(bobs()), &[on_login("face", prompt(FACE))]);
    let script = [on_continue("face", completes(FACE)), on_login("b", deny(vec![]))];
    let done = world.back(&first, Some(bobs()), &script);
    assert!(matches!(done.record.status, Status::Denied { .. }));
    assert_eq!(done.session, None);
}

#[test]
fn what_is_held_back_and_then_dropped_is_not_written() {
    let world = World::new(["a", "b"].map(spec));
    let script = [on_login("a", go_on(vec![set("k", "1")])), on_login("b", deny(vec![]))];
    let finished = world.log_in_as(alices(), Some(bobs()), &script);
    assert_eq!(finished.session, None);
}

#[test]
fn factors_recorded_before_a_suspension_are_in_the_session_after_it() {
    let world = World::new([factor_spec("face", FACE), factor_spec("voice", VOICE)]);
    let first = world.log_in(&[on_login("face", prompt(FACE))]);
    let script = [on_continue("face", completes(FACE)), on_login("voice", prompt(VOICE))];
    let second = world.back(&first, Some(session("s1")), &script);
    let stored = second.session.as_ref().unwrap();
    assert_eq!((factor_names(stored), stored.user.as_ref().unwrap().as_str()), (vec![FACE], "alice"));
    assert!(!session_ended(&second.record, Some(stored)));
}

#[test]
fn a_session_ends_for_a_login_by_generation_or_by_another_owner() {
    let begun = World::face().log_in_as(alices(), Some(owned("alice", &[])), &[on_login("face", prompt(FACE))]).record;
    let now = owned("alice", &[]);
    let other = |user: Option<&str>, generation| Session {
        user: user.map(|user| user.parse().unwrap()),
        generation,
        ..now.clone()
    };
    assert!(!session_ended(&begun, Some(&now)));
    assert!(!session_ended(&begun, Some(&other(None, 2))));
    assert!(session_ended(&begun, Some(&other(Some("alice"), 3))), "logged out, or revoked");
    assert!(session_ended(&begun, Some(&other(None, 3))));
    assert!(session_ended(&begun, Some(&other(Some("bob"), 2))), "taken over in the same generation");
    assert!(session_ended(&begun, None), "gone");
}

#[test]
fn a_login_that_began_in_anothers_session_lives_until_it_moves_on() {
    let begun = World::face().log_in_as(alices(), Some(bobs()), &[on_login("face", prompt(FACE))]).record;
    assert!(!session_ended(&begun, Some(&bobs())));
    assert!(session_ended(&begun, Some(&Session { generation: 3, ..bobs() })));
}

#[test]
fn a_login_in_a_session_that_was_never_stored_needs_none() {
    let begun = World::face().log_in(&[on_login("face", prompt(FACE))]).record;
    assert!(!session_ended(&begun, None));
    assert!(!session_ended(&begun, Some(&session("s1"))));
}

/// Two users begin in one new session: the first to write takes it, the other login is over.
#[test]
fn of_two_users_in_a_new_session_one_gets_it() {
    let world = World::face();
    let bob = login("l2", "bob", Some("s1"), Mode::Interactive);
    let bob = world.log_in_as(bob, Some(session("s1")), &[on_login("face", prompt(FACE))]).record;
    let alice = world.log_in(&[on_login("face", completes(FACE))]).session.unwrap();
    assert!(session_ended(&bob, Some(&alice)));
    // Even if a host resumed it, bob would see nothing of alice's.
    let mut login = Login::resume(world.context(), bob.clone(), Some(alice.into()), event(), proved(&bob, "ok"));
    assert!(login.next_run().unwrap().factors.is_empty());
}
