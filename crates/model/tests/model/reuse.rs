//! How often, for how long idle, and for which client a record is used again.

use crate::support::*;
use postlude_model::action::{ActionSpec, FactorPolicy, Mode};
use postlude_model::login::{Status, TraceDecision};
use postlude_model::names::{ClientId, Timestamp};
use postlude_model::pipeline::Finished;
use postlude_model::policy::factor::{FactorContext, Freshness, Stale, explain, freshness};
use postlude_model::policy::orders::Orders;
use postlude_model::session::{FactorRecord, Session};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn used(uses: u32) -> FactorRecord {
    FactorRecord { uses, ..record(FACE, NOW) }
}

fn idle_since(ago: Duration) -> FactorRecord {
    let at = u64::try_from(ago.as_millis()).unwrap();
    FactorRecord { last_used_at: Timestamp(NOW.0 - at), ..record(FACE, Timestamp(NOW.0 - 3_600_000)) }
}

fn under(policy: impl FnOnce(&mut FactorPolicy)) -> FactorPolicy {
    let mut made = self::policy(FACE, DAY, &["mfa"]);
    policy(&mut made);
    made
}

/// How a record stands for client `client`, and why.
fn stands(record: &FactorRecord, policy: &FactorPolicy) -> (Option<Stale>, String) {
    let client = ClientId::new("client").unwrap();
    let orders = Orders::default();
    let factor_context = FactorContext { client: &client, used: &[], orders: &orders, epoch: 1, now: NOW };
    let records = std::slice::from_ref(record);
    let found = freshness(records, policy, &factor_context);
    let why = match found {
        Freshness::Stale(_, why) => Some(why),
        Freshness::Fresh(_) => None,
        other => panic!("{other:?}"),
    };
    (why, explain(found, policy, &factor_context))
}

fn face_with(policy: impl FnOnce(&mut FactorPolicy)) -> World {
    World::new([ActionSpec { factors: vec![under(policy)], ..spec("face") }])
}

fn log_in(world: &World, id: &str, session: Session) -> Finished {
    let record = login(id, "alice", Some("s1"), Mode::Interactive);
    world.log_in_as(record, Some(session), &[on_login("face", prompt(FACE))])
}

/// U14.
#[test]
fn a_record_as_idle_as_max_idle_is_stale() {
    let policy = under(|policy| policy.max_idle = Some(30 * MINUTE));
    assert_eq!(stands(&idle_since(30 * MINUTE - Duration::from_millis(1)), &policy).0, None);
    assert_eq!(
        stands(&idle_since(30 * MINUTE), &policy),
        (Some(Stale::Idle), "record idle 30 min, policy 30 min".to_owned())
    );
    assert_eq!(stands(&idle_since(40 * MINUTE), &policy).1, "record idle 40 min, policy 30 min");
}

#[test]
fn a_last_use_in_the_future_is_stale() {
    let policy = under(|policy| policy.max_idle = Some(30 * MINUTE));
    let ahead = |millis| FactorRecord { last_used_at: Timestamp(NOW.0 + millis), ..record(FACE, NOW) };
    assert_eq!(stands(&ahead(60_000), &policy).0, None);
    assert_eq!(stands(&ahead(60_001), &policy), (Some(Stale::Future), "record dated in the future".to_owned()));
}

#[test]
fn a_record_that_satisfied_max_uses_logins_is_stale() {
    let policy = under(|policy| policy.max_uses = Some(5));
    assert_eq!(stands(&used(4), &policy).0, None);
    assert_eq!(stands(&used(5), &policy), (Some(Stale::Uses), "used 5 of 5 times".to_owned()));
    assert_eq!(stands(&used(u32::MAX), &policy).0, Some(Stale::Uses));
    assert_eq!(stands(&used(u32::MAX), &under(|_| ())).0, None, "without the limit no use counts");
}

#[test]
fn age_is_the_first_reason() {
    let old = FactorRecord { completed_at: Timestamp(NOW.0 - 90_000_000), ..used(9) };
    let policy = under(|policy| (policy.max_uses, policy.max_idle) = (Some(5), Some(MINUTE)));
    assert_eq!(stands(&old, &policy), (Some(Stale::Age), "record 25 h old, policy 24 h".to_owned()));
}

#[test]
fn each_later_login_is_one_use_and_the_last_one_ends_the_record() {
    let world = face_with(|policy| policy.max_uses = Some(2));
    let first = world.log_in(&[on_login("face", prompt(FACE))]);
    let done = world.back(&first, Some(session("s1")), &[on_continue("face", completes(FACE))]);
    let mut stored = done.session.unwrap();
    assert_eq!(stored.factors[0].uses, 0, "its own login is no use");
    for uses in 1..=2 {
        let finished = log_in(&world, &format!("l{}", uses + 1), stored);
        assert_eq!(finished.record.trace[0].decision, TraceDecision::Skipped);
        assert!(finished.synced, "a use is durable before the answer");
        assert_eq!(settled(&finished.record).amr, ["pwd", "mfa"], "the last use counts for its own login");
        let ends = settled(&finished.record).factors[0].expires_at;
        assert_eq!(ends, if uses == 2 { NOW } else { NOW.plus(DAY) });
        stored = finished.session.unwrap();
        assert_eq!(stored.factors[0].uses, uses);
    }
    let third = log_in(&world, "l9", stored);
    assert_eq!(last_why(&third.record), "used 2 of 2 times");
    assert!(third.record.suspension().is_some());
}

/// A plugin that looks at the record itself, and does not redirect, uses it all the same.
#[test]
fn a_continue_under_a_fresh_record_is_a_use() {
    let world = face_with(|policy| policy.max_uses = Some(1));
    let record = login("l2", "alice", Some("s1"), Mode::Silent);
    let session = owned("alice", &[(FACE, NOW)]);
    let finished = world.log_in_as(record, Some(session), &[on_login("face", go_on(vec![]))]);
    assert_eq!(finished.session.unwrap().factors[0].uses, 1);
    assert_eq!(finished.record.policy_state.used.len(), 1);
}

/// Two actions skip their prompts for one record, over a suspension in between: one login, one use.
#[test]
fn a_login_uses_a_record_once() {
    let of = |name: &str| ActionSpec { factors: vec![under(|policy| policy.max_uses = Some(1))], ..spec(name) };
    let world = World::new([of("a"), factor_spec("voice", VOICE), of("b")]);
    let script = [on_login("a", prompt(FACE)), on_login("voice", prompt(VOICE))];
    let record = login("l2", "alice", Some("s1"), Mode::Interactive);
    let first = world.log_in_as(record, Some(owned("alice", &[(FACE, NOW)])), &script);
    assert_eq!(first.session.as_ref().unwrap().factors[0].uses, 1, "counted with the suspension");
    let script = [on_continue("voice", completes(VOICE)), on_login("b", prompt(FACE))];
    let second = world.back(&first, None, &script);
    assert_eq!(last_why(&second.record), "record 0 s old, policy 24 h: no prompt");
    assert_eq!(settled(&second.record).amr, ["pwd", "mfa"]);
    assert_eq!(second.session.unwrap().factors[0].uses, 1);
}

#[test]
fn a_login_that_does_not_continue_uses_only_what_skipped_a_prompt() {
    let of = |name: &str| ActionSpec { factors: vec![under(|policy| policy.max_uses = Some(9))], ..spec(name) };
    let world = World::new([of("face"), spec("last")]);
    for (report, uses) in [(prompt(FACE), Some(1)), (go_on(vec![]), None)] {
        let record = login("l2", "alice", Some("s1"), Mode::Interactive);
        let script = [on_login("face", report), on_login("last", deny(vec![]))];
        let finished = world.log_in_as(record, Some(owned("alice", &[(FACE, NOW)])), &script);
        assert_eq!(finished.session.map(|session| session.factors[0].uses), uses);
    }
}

#[test]
fn a_use_is_noted_coarsely_and_without_waiting_for_the_disk() {
    let world = || face_with(|policy| policy.max_idle = Some(30 * MINUTE));
    let at = |world: &World, session| log_in(world, "l2", session);
    let session = || owned("alice", &[(FACE, NOW)]);
    let soon = at(&world().later(3 * MINUTE - Duration::from_millis(1)), session());
    assert_eq!(soon.session, None, "within a tenth of `max_idle` nothing is written");
    let noted = at(&world().later(3 * MINUTE), session());
    assert!(!noted.synced);
    let stored = noted.session.unwrap();
    assert_eq!((stored.factors[0].last_used_at, stored.factors[0].completed_at), (NOW.plus(3 * MINUTE), NOW));
    let ends = settled(&noted.record).factors[0].expires_at;
    assert_eq!(ends, NOW.plus(33 * MINUTE), "of age and idleness the earlier");
    let later = at(&world().later(32 * MINUTE), stored.clone());
    assert_eq!(later.record.trace[0].decision, TraceDecision::Skipped, "use keeps it alive");
    let idle = at(&world().later(33 * MINUTE), stored);
    assert_eq!(last_why(&idle.record), "record idle 30 min, policy 30 min");
}

#[test]
fn per_client_a_record_counts_where_it_was_completed() {
    let world = face_with(|policy| policy.per_client = true);
    let with_client = |id: &str, client: &str| {
        let mut record = login(id, "alice", Some("s1"), Mode::Interactive);
        record.subject.client_id = client.parse().unwrap();
        record
    };
    let stored = owned("alice", &[(FACE, NOW)]);
    let other = world.log_in_as(with_client("l2", "b"), Some(stored.clone()), &[on_login("face", prompt(FACE))]);
    assert_eq!(last_why(&other.record), "completed for client `client`, this is `b`");
    let done = world.back(&other, Some(stored), &[on_continue("face", completes(FACE))]);
    assert_eq!(settled(&done.record).amr, ["pwd", "mfa"]);
    let both = done.session.unwrap();
    assert_eq!(both.factors.len(), 2, "one for each client");
    for client in ["client", "b"] {
        let again = world.log_in_as(with_client("l3", client), Some(both.clone()), &[on_login("face", prompt(FACE))]);
        assert!(matches!(again.record.status, Status::Continued(_)), "{client}");
    }
    let third = world.log_in_as(with_client("l3", "c"), Some(both), &[on_login("face", go_on(vec![]))]);
    assert_eq!(settled(&third.record).amr, ["pwd"], "and is worth nothing elsewhere");
}

#[test]
fn a_plugin_sees_no_record_of_another_client() {
    let world = face_with(|policy| policy.per_client = true);
    let mut record = login("l2", "alice", Some("s1"), Mode::Interactive);
    record.subject.client_id = "b".parse().unwrap();
    let mut login = world.begin(record, Some(owned("alice", &[(FACE, NOW)])));
    assert!(play(&mut login, &[on_login("face", go_on(vec![]))])[0].factors.is_empty());
}
