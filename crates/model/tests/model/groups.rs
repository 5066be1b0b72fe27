//! Any-of groups: one factor satisfies, a refusal is not the last word, and a mere continue is no factor.

use crate::support::*;
use postlude_model::action::{ActionSpec, Mode, OnFailure, Rules};
use postlude_model::decision::Command;
use postlude_model::login::{LoginRecord, Status, TraceDecision};
use postlude_model::names::Timestamp;
use postlude_model::pipeline::{Finished, Login};
use postlude_model::run::Report;
use postlude_model::session::Session;

fn member(name: &str, factor: &str) -> ActionSpec {
    let rules = Rules { any_of: Some("second".parse().unwrap()), ..Rules::default() };
    ActionSpec { rules, factors: vec![policy(factor, DAY, &[name])], ..spec(name) }
}

fn two() -> World {
    World::new([member("face", FACE), member("voice", VOICE)])
}

fn with_factors(world: &World, factors: &[(&str, Timestamp)], script: &[Scripted]) -> Finished {
    let record = login("l1", "alice", Some("s1"), Mode::Interactive);
    world.log_in_as(record, Some(owned("alice", factors)), script)
}

fn verdicts(record: &LoginRecord) -> Vec<(&str, TraceDecision)> {
    record.trace.iter().map(|trace| (trace.action.as_str(), trace.decision)).collect()
}

#[test]
fn without_a_fresh_factor_the_first_prompts_and_satisfies_all() {
    let first = two().log_in(&[on_login("face", prompt(FACE))]);
    assert_eq!(first.record.suspension().unwrap().action.as_str(), "face");
    let done = two().back(&first, Some(session("s1")), &[on_continue("face", completes(FACE))]);
    assert_eq!(done.record.trace[2].decision, TraceDecision::Satisfied);
    assert_eq!(last_why(&done.record), format!("group `second` is satisfied by `{FACE}`"));
    assert_eq!(settled(&done.record).amr, ["pwd", "face"]);
}

#[test]
fn whichever_factor_is_fresh_satisfies() {
    let fresh = |factor: &str, runs: &'static str| {
        with_factors(&two(), &[(factor, NOW)], &[on_login(runs, prompt(if runs == "face" { FACE } else { VOICE }))])
            .record
    };
    let by_face = fresh(FACE, "face");
    assert_eq!(verdicts(&by_face), [("face", TraceDecision::Skipped), ("voice", TraceDecision::Satisfied)]);
    let by_voice = fresh(VOICE, "voice");
    assert_eq!(verdicts(&by_voice), [("face", TraceDecision::Satisfied), ("voice", TraceDecision::Skipped)]);
    assert_eq!(by_voice.trace[0].why, format!("group `second` is satisfied by `{VOICE}`"));
    assert_eq!(settled(&by_voice).amr, ["pwd", "voice"]);
}

#[test]
fn of_two_fresh_factors_the_first_is_used_and_the_other_is_not() {
    let record = with_factors(&two(), &[(FACE, NOW), (VOICE, NOW)], &[on_login("face", prompt(FACE))]).record;
    assert_eq!(verdicts(&record), [("face", TraceDecision::Skipped), ("voice", TraceDecision::Satisfied)]);
    assert_eq!(settled(&record).amr, ["pwd", "face"]);
}

fn refusals() -> Vec<Report> {
    vec![
        deny(vec![]),
        deny_with("Not A Code", "", vec![]),
        failed(vec![]),
        trapped(vec![]),
        redirect(to("https://evil.example", Some(FACE)), vec![]),
    ]
}

#[test]
fn a_refusal_goes_on_to_the_next_and_the_last_one_decides() {
    for report in refusals() {
        let script = [on_login("face", report.clone()), on_login("voice", prompt(VOICE))];
        let first = two().log_in(&script);
        assert_eq!(first.record.suspension().unwrap().action.as_str(), "voice", "{report:?}");
        assert!(first.record.trace[0].why.ends_with("; group `second` goes on to `voice`"));
        let done = two().back(&first, Some(session("s1")), &[on_continue("voice", completes(VOICE))]);
        assert_eq!(settled(&done.record).amr, ["pwd", "voice"], "{report:?}");
        let denied = two().back(&first, Some(session("s1")), &[on_continue("voice", deny(vec![]))]);
        assert_eq!(denied_code(&denied.record), "no_entry");
    }
}

#[test]
fn a_refusal_at_the_prompt_goes_on_too() {
    let first = two().log_in(&[on_login("face", prompt(FACE))]);
    for report in refusals() {
        let script = [on_continue("face", report), on_login("voice", prompt(VOICE))];
        let second = two().back(&first, Some(session("s1")), &script);
        assert_eq!(second.record.suspension().unwrap().action.as_str(), "voice");
        assert!(second.synced);
    }
}

/// A denied action's record must not count for it, nor for its group.
#[test]
fn an_action_that_refused_is_worth_nothing_even_when_its_factor_is_fresh() {
    let script = [on_login("face", deny(vec![])), on_login("voice", prompt(VOICE))];
    let first = with_factors(&two(), &[(FACE, NOW)], &script);
    assert_eq!(first.record.suspension().unwrap().action.as_str(), "voice");
    let done = two().back(&first, None, &[on_continue("voice", completes(VOICE))]);
    assert_eq!(settled(&done.record).amr, ["pwd", "voice"]);
}

#[test]
fn a_group_is_never_satisfied_by_a_mere_continue() {
    let script = [on_login("face", go_on(vec![])), on_login("voice", go_on(vec![]))];
    let record = two().log_in(&script).record;
    assert_eq!(denied_code(&record), "factor_missing");
    assert_eq!(last_why(&record), "no factor satisfies group `second`");
    let after_refusal = [on_login("face", deny(vec![])), on_login("voice", go_on(vec![]))];
    assert_eq!(denied_code(&two().log_in(&after_refusal).record), "factor_missing");
    let recorded = [on_login("face", go_on(vec![])), on_login("voice", completes(VOICE))];
    assert!(matches!(two().log_in(&recorded).record.status, Status::Continued(_)));
}

#[test]
fn members_that_do_not_apply_are_no_members() {
    let mut silent = member("voice", VOICE);
    silent.applies_to = [Mode::Silent].into();
    let world = World::new([member("face", FACE), silent.clone()]);
    assert_eq!(denied_code(&world.log_in(&[on_login("face", deny(vec![]))]).record), "no_entry");
    assert_eq!(denied_code(&world.log_in(&[on_login("face", go_on(vec![]))]).record), "factor_missing");
    // Where no member applies, nobody asked for the group.
    let record = World::new([silent]).log_in(&[]).record;
    assert!(matches!(record.status, Status::Continued(_)));
}

#[test]
fn a_member_that_only_reports_satisfies_nothing() {
    let mut reports = member("voice", VOICE);
    reports.rules.report_only = true;
    let world = World::new([member("face", FACE), reports]);
    let script = [on_login("face", prompt(FACE)), on_login("voice", prompt(VOICE))];
    let first = with_factors(&world, &[(VOICE, NOW)], &script);
    assert_eq!(first.record.suspension().unwrap().action.as_str(), "face");
    assert_eq!(
        denied_code(&with_factors(&world, &[(VOICE, NOW)], &[on_login("face", deny(vec![]))]).record),
        "no_entry"
    );
}

#[test]
fn without_a_browser_the_first_member_asks_for_one() {
    for mode in [Mode::Silent, Mode::Refresh, Mode::Password] {
        let record = two().log_in_mode(mode, &[on_login("face", prompt(FACE))]).record;
        assert!(matches!(&record.status, Status::InteractionRequired { action } if action.as_str() == "face"));
    }
}

#[test]
fn actions_between_the_members_run_as_usual() {
    let world = World::new([member("face", FACE), spec("between"), member("voice", VOICE)]);
    let script = [
        on_login("face", deny(vec![Command::SetUserMetadata { key: "k".to_owned(), value: None }])),
        on_login("between", go_on(vec![])),
        on_login("voice", prompt(VOICE)),
    ];
    let first = world.log_in(&script);
    assert_eq!(
        verdicts(&first.record),
        [("face", TraceDecision::Deny), ("between", TraceDecision::Continue), ("voice", TraceDecision::Redirect)]
    );
    assert!(first.record.effects.user_metadata.contains_key("k"), "what a denial keeps is kept");
    // Its factor went stale while the browser was away: the group is not satisfied by the past.
    let slow =
        World::new([member("face", FACE), factor_spec("between", "https://acme.example/x"), member("voice", VOICE)]);
    let nearly = Timestamp(NOW.0 - 86_400_000 + 1000);
    let script = [on_login("between", prompt("https://acme.example/x"))];
    let record = login("l1", "alice", Some("s1"), Mode::Interactive);
    let first: Finished = slow.log_in_as(record, Some(owned("alice", &[(VOICE, nearly)])), &script);
    assert_eq!(first.record.trace[0].decision, TraceDecision::Satisfied);
    let slow = slow.later(std::time::Duration::from_secs(2));
    let before: Option<Session> = Some(owned("alice", &[(VOICE, nearly)]));
    let script = [on_continue("between", go_on(vec![])), on_login("voice", prompt(VOICE))];
    assert_eq!(slow.back(&first, before, &script).record.suspension().unwrap().action.as_str(), "voice");
}

#[test]
fn a_time_out_at_the_prompt_is_not_a_refusal() {
    let first = two().log_in(&[on_login("face", prompt(FACE))]).record;
    let over = Login::timed_out(Login::timed_out(Login::timed_out(first)));
    assert_eq!(denied_code(&over), "action_timed_out");
}

#[test]
fn groups_do_not_meet() {
    let mut other = member("voice", VOICE);
    other.rules.any_of = Some("third".parse().unwrap());
    let world = World::new([member("face", FACE), other]);
    let record =
        with_factors(&world, &[(FACE, NOW)], &[on_login("face", prompt(FACE)), on_login("voice", prompt(VOICE))])
            .record;
    assert_eq!(record.suspension().unwrap().action.as_str(), "voice");
}

/// `continue` is refused in the configuration; should it ever stand there, a factor is not passed over.
#[test]
fn a_failure_policy_opens_no_group() {
    let open = ["face", "voice"].map(|name| ActionSpec { on_failure: OnFailure::Continue, ..member(name, FACE) });
    let record =
        World::new(open).log_in(&[on_login("face", failed(vec![])), on_login("voice", trapped(vec![]))]).record;
    assert_eq!(denied_code(&record), "action_failed");
}
