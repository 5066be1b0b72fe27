//! The operator's orders: a killed plugin runs in no phase of any login, and void factors let nobody pass.

use crate::support::*;
use postlude_model::action::{ActionSpec, OnFailure};
use postlude_model::login::{LoginRecord, Status, TraceDecision};
use postlude_model::names::{Digest, Timestamp};
use postlude_model::pipeline::{Finished, Login};
use postlude_model::policy::orders::{CurrentOrders, Kill, Orders, Revocation};
use std::sync::{Arc, Mutex};

const BAD: Digest = Digest::from_bytes([66; 32]);

fn bad(spec: ActionSpec) -> ActionSpec {
    ActionSpec { digest: BAD, ..spec }
}

fn kill(digest: Digest, at: Timestamp) -> Orders {
    let mut orders = Orders::default();
    orders.kill(Kill { digest, at, by: "ops".to_owned(), reason: "it phones home".to_owned() });
    orders
}

fn revoke(digest: Digest, name: Option<&str>, before: Timestamp) -> Orders {
    let mut orders = Orders::default();
    let name = name.map(|name| name.parse().unwrap());
    orders.revoke(Revocation { digest, name, before, by: "ops".to_owned(), reason: String::new() });
    orders
}

fn under(mut world: World, orders: Orders) -> World {
    world.orders = Arc::new(orders);
    world
}

fn verdicts(record: &LoginRecord) -> Vec<TraceDecision> {
    record.trace.iter().map(|trace| trace.decision).collect()
}

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);

#[test]
fn a_killed_plugin_does_not_run_and_denies_whatever_its_factor_is_worth() {
    for orders in [kill(BAD, NOW), kill(BAD, Timestamp(0))] {
        let world = under(World::new([bad(factor_spec("face", FACE))]), orders);
        let fresh = owned("alice", &[(FACE, NOW)]);
        let record = login("l1", "alice", Some("s1"), postlude_model::action::Mode::Interactive);
        let done = world.log_in_as(record, Some(fresh), &[]).record;
        assert_eq!(denied_code(&done), "plugin_killed");
        assert_eq!(verdicts(&done), [TraceDecision::Killed]);
        assert!(done.trace[0].why.contains("it phones home"), "{}", done.trace[0].why);
    }
}

#[test]
fn an_action_that_may_fail_is_passed_over_and_one_with_a_factor_never_is() {
    let open = |spec| ActionSpec { on_failure: OnFailure::Continue, ..bad(spec) };
    let world = under(World::new([open(spec("extra")), spec("next")]), kill(BAD, NOW));
    let done = world.log_in(&[on_login("next", go_on(vec![]))]).record;
    assert!(matches!(done.status, Status::Continued(_)));
    assert_eq!(verdicts(&done), [TraceDecision::Killed, TraceDecision::Continue]);

    let world = under(World::new([open(factor_spec("face", FACE))]), kill(BAD, NOW));
    assert_eq!(denied_code(&world.log_in(&[]).record), "plugin_killed");
}

fn suspended(world: &World) -> Finished {
    world.log_in(&[on_login("face", prompt(FACE)), on_login("a", go_on(vec![]))])
}

#[test]
fn a_suspended_login_is_denied_and_its_state_consumed() {
    let open = |on_failure| ActionSpec { on_failure, ..bad(spec("face")) };
    for spec in [bad(factor_spec("face", FACE)), open(OnFailure::Continue), open(OnFailure::Deny)] {
        let world = World::new([spec]);
        let stored = world.log_in(&[on_login("face", redirect(to(PROMPT, None), vec![]))]);
        let world = under(world.later(SECOND), kill(BAD, NOW.plus(SECOND)));
        let done = world.back(&stored, None, &[]);
        assert_eq!(denied_code(&done.record), "plugin_killed", "the reply runs nothing");
        assert!(done.synced && done.record.recorded.is_empty());
    }
}

#[test]
fn a_later_action_that_is_killed_is_not_reached() {
    let world = World::new([factor_spec("face", FACE), bad(spec("next"))]);
    let stored = world.log_in(&[on_login("face", prompt(FACE))]);
    let world = under(world.later(SECOND), kill(BAD, NOW.plus(SECOND)));
    let done = world.back(&stored, None, &[on_continue("face", completes(FACE))]).record;
    assert_eq!(denied_code(&done), "plugin_killed");
    assert_eq!(done.recorded.len(), 1, "what earlier actions recorded stays");
}

/// Orders that change while a run is under way.
#[derive(Debug, Default)]
struct Changing(Mutex<Arc<Orders>>);

impl CurrentOrders for Changing {
    fn orders(&self) -> Arc<Orders> {
        Arc::clone(&self.0.lock().unwrap())
    }
}

#[test]
fn what_a_plugin_decided_while_it_was_killed_is_dropped() {
    let world = World::new([bad(spec("a")), spec("b")]);
    let changing = Changing::default();
    let context = postlude_model::pipeline::PipelineContext { orders: &changing, ..world.context() };
    let record = login("l1", "alice", Some("s1"), postlude_model::action::Mode::Interactive);
    let mut login = Login::begin(context, record, Some(session("s1").into()), event());
    assert!(login.next_run().is_some());
    *changing.0.lock().unwrap() = Arc::new(kill(BAD, NOW));
    login.feed(go_on(vec![record_factor(FACE)])).unwrap();
    assert!(login.next_run().is_none());
    let done = login.finish().record;
    assert_eq!((denied_code(&done), done.step), ("plugin_killed", 1));
    assert!(done.recorded.is_empty());
}

/// What `record` in the support module says recorded it.
const RECORDER: Digest = Digest::from_bytes([7; 32]);

fn outcome_with(orders: Orders, completed_at: Timestamp) -> LoginRecord {
    let newer = ActionSpec { digest: Digest::from_bytes([9; 32]), ..factor_spec("face", FACE) };
    let world = under(World::new([newer]).later(2 * SECOND), orders);
    let mut record = login("l1", "alice", Some("s1"), postlude_model::action::Mode::Interactive);
    record.created_at = world.now;
    let session = owned("alice", &[(FACE, completed_at)]);
    world.log_in_as(record, Some(session), &[on_login("face", prompt(FACE))]).record
}

#[test]
fn a_void_factor_is_prompted_again_up_to_the_very_millisecond() {
    let voided = [revoke(RECORDER, None, NOW), revoke(RECORDER, Some(FACE), NOW), kill(RECORDER, Timestamp(0))];
    for orders in voided.clone() {
        let record = outcome_with(orders, NOW);
        assert!(record.suspension().is_some(), "{:?}", record.status);
    }
    let later = Timestamp(NOW.0 + 1);
    for orders in voided.into_iter().take(2) {
        assert!(matches!(outcome_with(orders, later).status, Status::Continued(_)), "recorded after the order");
    }
    for others in [revoke(BAD, None, NOW), revoke(RECORDER, Some(VOICE), NOW), kill(BAD, NOW), Orders::default()] {
        assert!(matches!(outcome_with(others, NOW).status, Status::Continued(_)));
    }
}

#[test]
fn a_void_factor_is_worth_no_amr() {
    // The action does not prompt, so the login continues without what the factor was worth.
    let world = under(World::face().later(SECOND), revoke(RECORDER, None, NOW));
    let mut record = login("l1", "alice", Some("s1"), postlude_model::action::Mode::Interactive);
    record.created_at = world.now;
    let session = owned("alice", &[(FACE, NOW)]);
    let done = world.log_in_as(record, Some(session), &[on_login("face", go_on(vec![]))]).record;
    let Status::Continued(settled) = done.status else { panic!("{:?}", done.status) };
    assert_eq!(settled.amr, ["pwd"]);
    assert!(settled.factors.is_empty());
}

/// The first action's prompt was skipped for a factor that is void by the time the second one's is answered.
#[test]
fn a_login_that_passed_by_a_factor_that_became_void_is_denied() {
    let second = || factor_spec("voice", VOICE);
    for orders in [revoke(RECORDER, None, NOW.plus(SECOND)), kill(RECORDER, NOW.plus(SECOND))] {
        let world = World::new([factor_spec("face", FACE), bad(second())]);
        let stored = owned("alice", &[(FACE, NOW)]);
        let record = login("l1", "alice", Some("s1"), postlude_model::action::Mode::Interactive);
        let script = [on_login("face", prompt(FACE)), on_login("voice", prompt(VOICE))];
        let begun = world.log_in_as(record, Some(stored.clone()), &script);
        assert_eq!(verdicts(&begun.record), [TraceDecision::Skipped, TraceDecision::Redirect]);
        let world = under(world.later(2 * SECOND), orders);
        let done = world.back(&begun, Some(stored), &[on_continue("voice", completes(VOICE))]).record;
        assert_eq!(denied_code(&done), "factor_revoked");
    }
}

#[test]
fn orders_are_kept_once_each() {
    let mut orders = kill(BAD, NOW);
    let again = Kill { digest: BAD, at: NOW.plus(SECOND), by: "b".to_owned(), reason: String::new() };
    assert!(!orders.kill(again), "the first stays");
    assert_eq!(orders.killed(&BAD).unwrap().at, NOW);
    assert!(orders.lift(&BAD) && !orders.lift(&BAD) && orders.is_empty());
    for at in [NOW, NOW.plus(SECOND)] {
        let by = "ops".to_owned();
        orders.revoke(Revocation { digest: BAD, name: None, before: at, by, reason: String::new() });
    }
    assert_eq!(orders.revocations.len(), 1);
    assert_eq!(orders.revocations[0].before, NOW.plus(SECOND), "the later one counts");
}

#[test]
fn a_suspended_login_without_void_factors_goes_on() {
    let world = World::face();
    let stored = suspended(&world);
    let world = under(world.later(2 * SECOND), revoke(RECORDER, None, NOW.plus(SECOND)));
    let done = world.back(&stored, None, &[on_continue("face", completes(FACE))]).record;
    assert!(matches!(done.status, Status::Continued(_)), "{:?}", done.status);
}
