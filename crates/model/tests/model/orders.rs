//! The operator's orders: a killed plugin runs in no phase of any login, and void factors let nobody pass.

use crate::support::*;
use postlude_model::action::{ActionSpec, OnFailure};
use postlude_model::login::{LoginRecord, Status, TraceDecision};
use postlude_model::names::{Digest, FactorName, Timestamp};
use postlude_model::pipeline::{Finished, Login};
use postlude_model::policy::orders::{CurrentOrders, Kill, Orders, Revocation};
use postlude_model::session::{FactorRecord, Session};
use std::sync::{Arc, Mutex};

const BAD: Digest = Digest::from_bytes([66; 32]);

fn bad(spec: ActionSpec) -> ActionSpec {
    ActionSpec { digest: BAD, ..spec }
}

fn kill(digest: Digest, at: Timestamp) -> Orders {
    let mut orders = Orders { version: 1, ..Orders::default() };
    orders.kill(Kill { digest, sequence: 1, at, by: "ops".to_owned(), reason: "it phones home".to_owned() });
    orders
}

fn revoke(digest: Digest, name: Option<&str>, before: Timestamp) -> Orders {
    let mut orders = Orders { version: 1, ..Orders::default() };
    let name = name.map(|name| name.parse().unwrap());
    orders.revoke(revocation(digest, name, 1, before));
    orders
}

fn revocation(digest: Digest, name: Option<FactorName>, sequence: u64, before: Timestamp) -> Revocation {
    let (by, reason) = ("ops".to_owned(), String::new());
    Revocation { digest, name, sequence, before, needed_until: before.plus(400 * DAY), by, reason }
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

fn outcome_with(orders: Orders, factor: FactorRecord) -> LoginRecord {
    let newer = ActionSpec { digest: Digest::from_bytes([9; 32]), ..factor_spec("face", FACE) };
    let world = under(World::new([newer]).later(2 * SECOND), orders);
    let mut record = login("l1", "alice", Some("s1"), postlude_model::action::Mode::Interactive);
    record.created_at = world.now;
    let session = Session { factors: vec![factor], ..owned("alice", &[]) };
    world.log_in_as(record, Some(session), &[on_login("face", prompt(FACE))]).record
}

fn face(completed_at: Timestamp, orders_seen: Option<u64>) -> FactorRecord {
    FactorRecord { orders_seen, ..record(FACE, completed_at) }
}

fn counts(orders: &Orders, factor: FactorRecord) -> bool {
    let done = outcome_with(orders.clone(), factor);
    assert!(done.suspension().is_some() || matches!(done.status, Status::Continued(_)), "{:?}", done.status);
    done.suspension().is_none()
}

/// R09: which came first is what the orders' sequence says, whatever the clocks said.
#[test]
fn what_was_recorded_without_knowing_of_a_revocation_is_void_however_it_is_dated() {
    let times = [Timestamp(NOW.0 - 1), NOW, Timestamp(NOW.0 + 1)];
    for orders in [revoke(RECORDER, None, NOW), revoke(RECORDER, Some(FACE), NOW)] {
        for at in times {
            assert!(!counts(&orders, face(at, Some(0))), "{at:?}");
            assert!(!counts(&orders, face(at, None)), "an earlier version of this program stored it: {at:?}");
            assert!(counts(&orders, face(at, Some(1))), "recorded after the order: {at:?}");
        }
    }
    assert!(!counts(&kill(RECORDER, Timestamp(0)), face(NOW, Some(1))), "a killed plugin's records are void");
    for others in [revoke(BAD, None, NOW), revoke(RECORDER, Some(VOICE), NOW), kill(BAD, NOW), Orders::default()] {
        assert!(counts(&others, face(NOW, Some(0))));
    }
}

/// Between what earlier versions of this program stored times must do.
#[test]
fn a_revocation_without_a_sequence_covers_records_without_one_up_to_the_very_millisecond() {
    let mut older = Orders { version: 3, ..Orders::default() };
    older.revoke(revocation(RECORDER, None, 0, NOW));
    assert!(!counts(&older, face(NOW, None)));
    assert!(counts(&older, face(Timestamp(NOW.0 + 1), None)), "recorded after the order");
    for seen in [0, 3] {
        assert!(counts(&older, face(NOW, Some(seen))), "this version recorded it, so it is later");
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
    let again = Kill { digest: BAD, sequence: 2, at: NOW.plus(SECOND), by: "b".to_owned(), reason: String::new() };
    assert!(!orders.kill(again), "the first stays");
    assert_eq!(orders.killed(&BAD).unwrap().at, NOW);
    assert!(orders.lift(&BAD) && !orders.lift(&BAD) && orders.is_empty());
    for at in [NOW, NOW.plus(SECOND)] {
        orders.revoke(revocation(BAD, None, 1, at));
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
