//! Factor policy at its edges: age, future, epoch, newest.

use crate::support::*;
use postlude_model::action::{FactorPolicy, Mode};
use postlude_model::limits;
use postlude_model::login::Status;
use postlude_model::names::Timestamp;
use postlude_model::policy::factor::{FactorContext, Freshness, newest};
use postlude_model::policy::orders::Orders;
use postlude_model::session::FactorRecord;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn ago(millis: u64) -> FactorRecord {
    record(FACE, Timestamp(NOW.0 - millis))
}

fn ahead(millis: u64) -> FactorRecord {
    record(FACE, Timestamp(NOW.0 + millis))
}

fn freshness<'a>(records: &'a [FactorRecord], policy: &FactorPolicy, epoch: u64, now: Timestamp) -> Freshness<'a> {
    let client = "client".parse().unwrap();
    let orders = Orders::default();
    postlude_model::policy::factor::freshness(
        records,
        policy,
        &FactorContext { client: &client, used: &[], orders: &orders, epoch, now },
    )
}

fn is_fresh(records: &[FactorRecord], max_age: Duration) -> bool {
    matches!(freshness(records, &policy(FACE, max_age, &[]), 1, NOW), Freshness::Fresh(_))
}

/// U14, U25.
#[test]
fn a_record_as_old_as_max_age_is_stale() {
    assert!(is_fresh(&[ago(3_599_999)], HOUR));
    assert!(!is_fresh(&[ago(3_600_000)], HOUR));
    assert!(!is_fresh(&[ago(3_600_001)], HOUR));
}

#[test]
fn max_age_zero_is_every_time() {
    for record in [ago(0), ago(1), ahead(1), ahead(60_000)] {
        assert!(!is_fresh(&[record], Duration::ZERO));
    }
}

/// P39.
#[test]
fn a_record_more_than_a_minute_in_the_future_is_stale() {
    assert!(is_fresh(&[ahead(60_000)], HOUR));
    assert!(!is_fresh(&[ahead(60_001)], HOUR));
    assert!(!is_fresh(&[ahead(u64::MAX - NOW.0)], Duration::MAX));
}

#[test]
fn a_record_of_another_epoch_is_absent() {
    for epoch in [0, 2] {
        let found = FactorRecord { epoch, ..ago(0) };
        assert_eq!(freshness(&[found], &policy(FACE, HOUR, &[]), 1, NOW), Freshness::Absent);
    }
}

#[test]
fn the_newest_record_counts_wherever_it_stands() {
    let records = [ago(10), ago(1), ago(5)];
    let (client, orders) = ("client".parse().unwrap(), Orders::default());
    let factor_context = FactorContext { client: &client, used: &[], orders: &orders, epoch: 1, now: NOW };
    assert_eq!(newest(&records, &FACE.parse().unwrap(), &factor_context), Some(&records[1]));
    assert!(is_fresh(&[ago(3_600_000), ago(0)], HOUR));
    assert!(is_fresh(&[ago(0), ago(3_600_000)], HOUR));
    // Fail closed: a record of the far future hides an older good one.
    assert!(!is_fresh(&[ago(0), ahead(60_001)], HOUR));
}

#[test]
fn names_are_compared_byte_for_byte() {
    for name in ["https://acme.example/Face", "https://acme.example/face/", "https://acme.example:443/face"] {
        assert_eq!(freshness(&[record(name, NOW)], &policy(FACE, HOUR, &[]), 1, NOW), Freshness::Absent, "{name}");
    }
}

#[test]
fn an_action_sees_its_own_factors_with_their_freshness() {
    let mut both = factor_spec("face", FACE);
    both.factors.push(policy("https://acme.example/old", HOUR, &[]));
    both.factors.push(policy("https://acme.example/none", HOUR, &[]));
    let world = World::new([both]);
    let old = Timestamp(NOW.0 - 3_600_000);
    let session = owned("alice", &[(FACE, NOW), ("https://acme.example/old", old), (VOICE, NOW)]);
    let mut login = world.begin(login("l1", "alice", Some("s1"), Mode::Interactive), Some(session));
    let seen = play(&mut login, &[on_login("face", go_on(vec![]))]);
    let views: Vec<_> = seen[0].factors.iter().map(|v| (v.name.as_str(), v.completed_at, v.fresh)).collect();
    assert_eq!(views, [(FACE, NOW, true), ("https://acme.example/old", old, false)]);
}

#[test]
fn every_time_prompts_again_right_after_the_factor() {
    let mut always = factor_spec("face", FACE);
    always.factors = vec![policy(FACE, Duration::ZERO, &["mfa"])];
    let world = World::new([always]);
    let first = world.log_in(&[on_login("face", prompt(FACE))]);
    let second = world.back(&first, Some(session("s1")), &[on_continue("face", completes(FACE))]);
    assert!(matches!(second.record.status, Status::Continued(_)));
    let record = login("l2", "alice", Some("s1"), Mode::Interactive);
    let third = world.log_in_as(record, second.session, &[on_login("face", prompt(FACE))]);
    assert_eq!(last_why(&third.record), "record 0 s old, policy: every time");
    assert!(third.record.suspension().is_some());
}

#[test]
fn a_session_keeps_sixteen_records_of_a_factor_and_all_of_others() {
    let world = World::face();
    let mut session = owned("alice", &[(VOICE, NOW)]);
    for n in 0..20 {
        let record = login(&format!("l{n}"), "alice", Some("s1"), Mode::Interactive);
        let script = [on_login("face", completes(FACE))];
        session = world.log_in_as(record, Some(session), &script).session.unwrap();
    }
    let faces: Vec<_> = session.factors.iter().filter(|f| f.name.as_str() == FACE).collect();
    assert_eq!(faces.len(), limits::FACTOR_RECORDS);
    assert_eq!((faces[0].login_id.as_str(), faces[15].login_id.as_str()), ("l4", "l19"));
    assert_eq!(session.factors[0].name.as_str(), VOICE);
}

/// P39.
#[test]
fn a_record_says_who_made_it_when_and_in_which_login() {
    let world = World { epoch: 4, ..World::face() };
    let finished = world.log_in(&[on_login("face", completes(FACE))]);
    let made = &finished.session.unwrap().factors[0];
    assert_eq!((made.action.as_str(), made.login_id.as_str(), made.epoch), ("face", "l1", 4));
    assert_eq!((made.completed_at, made.digest), (NOW, world.actions[0].spec.digest));
    assert_eq!(&finished.record.recorded[0], made);
}
