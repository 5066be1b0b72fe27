//! The resume protocol's rulings: who asks, then whether the step was consumed, then its age, then its session.

use crate::support::*;
use postlude_model::action::Mode;
use postlude_model::handle::StateClaims;
use postlude_model::limits;
use postlude_model::login::{EndReason, LoginRecord};
use postlude_model::names::{ClientId, SessionId, Timestamp, UserId};
use postlude_model::pipeline::{Presented, Ruling, ended, rule};
use postlude_model::session::Session;
use std::time::Duration;

/// One resume, with every part of it open to change.
struct Case {
    record: LoginRecord,
    session: Option<Session>,
    own_session: Option<SessionId>,
    state: StateClaims,
    resume_key_matches: bool,
    user: UserId,
    client: ClientId,
    given_session: Option<SessionId>,
    now: Timestamp,
}

impl Case {
    /// A suspended login of alice's in her session, and her own browser.
    fn new() -> Self {
        let session = owned("alice", &[]);
        let record = login("l1", "alice", Some("s1"), Mode::Interactive);
        let record = World::face().log_in_as(record, Some(session.clone()), &[on_login("face", prompt(FACE))]).record;
        let state = StateClaims {
            epoch: 1,
            login_id: record.id.clone(),
            step: 0,
            expires_at: record.suspension().unwrap().expires_at,
        };
        Self {
            session: Some(session),
            own_session: record.subject.session_id.clone(),
            state,
            resume_key_matches: true,
            user: record.subject.user_id.clone(),
            client: record.subject.client_id.clone(),
            given_session: record.subject.session_id.clone(),
            now: NOW,
            record,
        }
    }

    fn rule(&self) -> Ruling {
        let presented = Presented {
            state: &self.state,
            resume_key_matches: self.resume_key_matches,
            user_id: &self.user,
            client_id: &self.client,
            session_id: self.given_session.as_ref(),
        };
        rule(&self.record, self.session.as_ref(), self.own_session.as_ref(), &presented, self.now)
    }
}

fn ruling(change: impl FnOnce(&mut Case)) -> Ruling {
    let mut case = Case::new();
    change(&mut case);
    case.rule()
}

type Change = (&'static str, fn(&mut Case));

/// Every part in which a browser can differ.
const MISMATCHES: [Change; 7] = [
    ("resume key", |c| c.resume_key_matches = false),
    ("user", |c| c.user = UserId::new("mallory").unwrap()),
    ("client", |c| c.client = ClientId::new("other").unwrap()),
    ("session", |c| c.given_session = SessionId::new("s2").ok()),
    ("no session given", |c| c.given_session = None),
    ("login id", |c| c.state.login_id = "l2".parse().unwrap()),
    ("a step to come", |c| c.state.step = c.record.step),
];

fn consume(c: &mut Case) {
    let stored = postlude_model::pipeline::Finished {
        orders_seen: None,
        bypasses: Vec::new(),
        record: c.record.clone(),
        session: c.session.clone(),
        session_seen: None,
        cache: Vec::new(),
        synced: true,
    };
    c.record = World::face().back(&stored, None, &[on_continue("face", completes(FACE))]).record;
}

const EXPIRED: [Change; 3] = [
    ("suspension", |c| {
        c.now = Timestamp(c.record.suspension().unwrap().expires_at.0 + 1);
        c.state.expires_at = Timestamp(u64::MAX);
    }),
    ("state", |c| c.state.expires_at = Timestamp(NOW.0 - 1)),
    ("login", |c| c.record.deadline = Timestamp(NOW.0 - 1)),
];

const SESSION_ENDED: [Change; 4] = [
    ("logout", |c| c.session.as_mut().unwrap().generation += 1),
    ("another owner", |c| c.session.as_mut().unwrap().user = UserId::new("bob").ok()),
    ("deleted", |c| c.session = None),
    ("deleted, tombstone", |c| c.session = Some(Session { generation: 3, ..session("s1") })),
];

#[test]
fn the_right_browser_resumes() {
    assert_eq!(Case::new().rule(), Ruling::Resume);
}

#[test]
fn every_part_that_differs_is_a_mismatch() {
    for (what, change) in MISMATCHES {
        assert_eq!(ruling(change), Ruling::Mismatch, "{what}");
    }
    assert_eq!(ruling(|c| c.state.step = u32::MAX), Ruling::Mismatch);
}

#[test]
fn a_consumed_step_is_replayed() {
    assert_eq!(ruling(consume), Ruling::Replay);
    assert_eq!(ruling(|c| c.record = ended(c.record.clone(), EndReason::Evicted)), Ruling::Replay);
}

#[test]
fn only_the_step_that_suspended_resumes() {
    // Of two suspensions, the first one's state is consumed.
    let again = |c: &mut Case| {
        let stored = World::face().log_in_as(
            login("l1", "alice", Some("s1"), Mode::Interactive),
            Some(owned("alice", &[])),
            &[on_login("face", prompt(FACE))],
        );
        c.record = World::face().back(&stored, c.session.clone(), &[on_continue("face", prompt(FACE))]).record;
    };
    assert_eq!(ruling(again), Ruling::Replay);
    let second = |c: &mut Case| {
        again(c);
        c.state.step = 1;
    };
    assert_eq!(ruling(second), Ruling::Resume);
}

#[test]
fn a_state_whose_run_did_not_redirect_never_resumes() {
    let change = |c: &mut Case| {
        let world = World::new([spec("a"), factor_spec("face", FACE)]);
        let record = login("l1", "alice", Some("s1"), Mode::Interactive);
        let script = [on_login("a", go_on(vec![])), on_login("face", prompt(FACE))];
        c.record = world.log_in_as(record, c.session.clone(), &script).record;
        assert_eq!(c.record.suspension().unwrap().step, 1);
        c.state.step = 0;
    };
    assert_eq!(ruling(change), Ruling::Replay);
}

/// U25.
#[test]
fn a_state_is_good_up_to_its_last_millisecond() {
    assert_eq!(ruling(|c| c.now = NOW.plus(limits::STATE_LIFETIME)), Ruling::Resume);
    for (what, change) in EXPIRED {
        assert_eq!(ruling(change), Ruling::Expired, "{what}");
    }
    assert_eq!(ruling(|c| c.record.deadline = NOW), Ruling::Resume);
    assert_eq!(ruling(|c| c.now = NOW.plus(limits::STATE_LIFETIME + Duration::from_millis(1))), Ruling::Expired);
}

#[test]
fn a_session_that_ended_ends_the_login() {
    for (what, change) in SESSION_ENDED {
        assert_eq!(ruling(change), Ruling::SessionEnded, "{what}");
    }
}

#[test]
fn who_asks_is_ruled_first() {
    let others: Vec<Change> =
        [("consumed", consume as fn(&mut Case))].into_iter().chain(EXPIRED).chain(SESSION_ENDED).collect();
    for (who, mismatch) in MISMATCHES {
        for (what, other) in &others {
            let both = |c: &mut Case| {
                other(c);
                mismatch(c);
            };
            assert_eq!(ruling(both), Ruling::Mismatch, "{who}, {what}");
        }
    }
}

#[test]
fn consumption_comes_before_age_and_age_before_the_session() {
    for (what, later) in SESSION_ENDED {
        assert_eq!(
            ruling(|c| {
                consume(c);
                later(c);
            }),
            Ruling::Replay,
            "{what}"
        );
        for (age, expired) in EXPIRED {
            assert_eq!(
                ruling(|c| {
                    expired(c);
                    later(c);
                }),
                Ruling::Expired,
                "{age}, {what}"
            );
        }
    }
    let old = |c: &mut Case| {
        consume(c);
        c.now = NOW.plus(limits::RECORD_LIFETIME);
    };
    assert_eq!(ruling(old), Ruling::Replay, "expiry stops a run, never a replay");
}

#[test]
fn an_absent_session_means_the_minted_one() {
    assert_eq!(
        ruling(|c| {
            c.record.subject.minted = true;
            c.given_session = None;
        }),
        Ruling::Resume
    );
    assert_eq!(ruling(|c| c.record.subject.minted = true), Ruling::Resume);
    let other = |c: &mut Case| {
        c.record.subject.minted = true;
        c.given_session = SessionId::new("s2").ok();
    };
    assert_eq!(ruling(other), Ruling::Mismatch);
}

#[test]
fn a_login_without_a_session_takes_none() {
    let without = |c: &mut Case| {
        c.record.subject.session_id = None;
        c.record.subject.generation = 0;
        (c.session, c.own_session) = (None, None);
    };
    assert_eq!(
        ruling(|c| {
            without(c);
            c.given_session = None;
        }),
        Ruling::Resume
    );
    assert_eq!(ruling(without), Ruling::Mismatch);
}

#[test]
fn a_rotated_session_is_known_by_both_its_names_and_no_third() {
    let moved = |c: &mut Case, given: &str| {
        c.own_session = SessionId::new("s9").ok();
        c.given_session = SessionId::new(given).ok();
    };
    assert_eq!(ruling(|c| moved(c, "s9")), Ruling::Resume);
    assert_eq!(ruling(|c| moved(c, "s1")), Ruling::Resume);
    assert_eq!(ruling(|c| moved(c, "s2")), Ruling::Mismatch);
}

#[test]
fn an_ended_login_keeps_all_but_its_status() {
    let record = Case::new().record;
    let over = ended(record.clone(), EndReason::SessionEnded);
    assert!(over.suspension().is_none());
    assert_eq!(LoginRecord { status: record.status.clone(), ..over }, record);
}
