//! The failure policy: deny by default, and `continue` never where a factor or a reply is at stake.

use crate::support::*;
use postlude_model::action::{ActionSpec, FailureKind, OnFailure, PerKind};
use postlude_model::decision::{Command, Failure};
use postlude_model::login::{Status, TraceDecision};
use postlude_model::pipeline::{Login, Overload};
use postlude_model::run::{Ending, Limit, Phase, Report, Trap};

fn open(spec: ActionSpec) -> ActionSpec {
    ActionSpec { on_failure: OnFailure::Continue, ..spec }
}

fn failures() -> Vec<Report> {
    let fuel = Trap { limit: Some(Limit::Fuel), message: "out of fuel".to_owned(), backtrace: Vec::new() };
    vec![
        failed(vec![]),
        report(Ending::Failed(Failure::Unavailable("partner".to_owned())), vec![]),
        trapped(vec![]),
        report(Ending::Trapped(fuel), vec![]),
    ]
}

/// Redirects that are refused: the action wanted the browser stopped, so they never open.
fn refused_redirects() -> Vec<Report> {
    vec![
        redirect(to("javascript:alert(1)", None), vec![]),
        redirect(to(PROMPT, Some("https://acme.example/undeclared")), vec![]),
    ]
}

/// P57.
#[test]
fn every_failure_denies_by_default() {
    for failure in failures().into_iter().chain(refused_redirects()) {
        let record = World::new(["a", "b"].map(spec)).log_in(&[on_login("a", failure.clone())]).record;
        assert_eq!(denied_code(&record), "action_failed", "{failure:?}");
    }
}

#[test]
fn the_operators_continue_opens_in_on_login() {
    for failure in failures() {
        let script = [on_login("a", failure.clone()), on_login("b", go_on(vec![]))];
        let record = World::new([open(spec("a")), spec("b")]).log_in(&script).record;
        assert!(matches!(record.status, Status::Continued(_)), "{failure:?}");
        assert_eq!(record.trace[0].decision, TraceDecision::Failed);
    }
}

/// Each kind of failure opens by its own word, and by no other.
#[test]
fn a_policy_per_kind_opens_for_its_kind_alone() {
    let memory = Trap { limit: Some(Limit::Memory), message: "out of memory".to_owned(), backtrace: Vec::new() };
    let mut failures = failures();
    failures.push(report(Ending::Trapped(memory), vec![]));
    let kinds = [FailureKind::Other, FailureKind::Unavailable, FailureKind::Trap, FailureKind::Fuel, FailureKind::Trap];
    for (failure, kind) in failures.into_iter().zip(kinds) {
        for opened in FailureKind::ALL {
            let is = |wanted| opened == wanted;
            let [other, unavailable, trap, fuel] = FailureKind::ALL.map(is);
            let on_failure = OnFailure::PerKind(PerKind { other, unavailable, trap, fuel });
            let script = [on_login("a", failure.clone()), on_login("b", go_on(vec![]))];
            let specs = |spec: ActionSpec| World::new([ActionSpec { on_failure, ..spec }, self::spec("b")]);
            let record = specs(spec("a")).log_in(&script).record;
            assert_eq!(matches!(record.status, Status::Continued(_)), opened == kind, "{failure:?} {opened:?}");
            let factor = specs(factor_spec("a", FACE)).log_in(&script).record;
            assert_eq!(denied_code(&factor), "action_failed", "{failure:?} {opened:?}");
            let world = specs(spec("a"));
            let first = world.log_in(&[on_login("a", redirect(to(PROMPT, None), vec![]))]);
            let back = world.back(&first, Some(session("s1")), &[on_continue("a", failure.clone())]).record;
            assert_eq!(denied_code(&back), "action_failed", "{failure:?} {opened:?}");
        }
    }
}

#[test]
fn a_refused_redirect_never_opens() {
    for refused in refused_redirects() {
        let record = World::new([open(spec("a")), spec("b")]).log_in(&[on_login("a", refused.clone())]).record;
        assert_eq!(denied_code(&record), "action_failed", "{refused:?}");
    }
}

/// P57, O10.
#[test]
fn an_action_that_declares_a_factor_never_fails_open() {
    for failure in failures() {
        let record = World::new([open(factor_spec("a", FACE))]).log_in(&[on_login("a", failure.clone())]).record;
        assert_eq!(denied_code(&record), "action_failed", "{failure:?}");
    }
}

#[test]
fn on_continue_never_fails_open() {
    for failure in failures() {
        let world = World::new([open(spec("a"))]);
        let first = world.log_in(&[on_login("a", redirect(to(PROMPT, None), vec![]))]);
        let record = world.back(&first, Some(session("s1")), &[on_continue("a", failure.clone())]).record;
        assert_eq!(denied_code(&record), "action_failed", "{failure:?}");
    }
}

/// A user can make a denial malformed, for example by a long name in its message: that must not turn a deny into a continue.
#[test]
fn a_denial_that_is_not_acceptable_is_still_a_denial() {
    let too_much = (0..65).map(|n| Command::SetAppMetadata { key: format!("k{n}"), value: None }).collect();
    for report in [deny_with("ok", &"long".repeat(100), vec![]), deny_with("Not A Code", "", vec![]), deny(too_much)] {
        let record = World::new([open(spec("a")), spec("b")]).log_in(&[on_login("a", report)]).record;
        assert_eq!(denied_code(&record), "action_failed");
        assert_eq!(record.trace.last().unwrap().decision, TraceDecision::Failed);
    }
}

#[test]
fn why_an_action_failed_is_in_the_trace_and_not_in_the_denial() {
    let failure = report(Ending::Failed(Failure::Unavailable("https://internal.example".to_owned())), vec![]);
    let record = World::new([spec("a")]).log_in(&[on_login("a", failure)]).record;
    assert_eq!(last_why(&record), "unavailable: https://internal.example");
    let Status::Denied { denial, .. } = &record.status else { panic!("not denied") };
    assert_eq!(denial.message, "the login could not be completed");
}

#[test]
fn a_wall_clock_that_ran_out_is_load_and_no_decision() {
    let world = World::new([open(spec("a"))]);
    let mut login =
        world.begin(login("l1", "alice", Some("s1"), postlude_model::action::Mode::Interactive), Some(session("s1")));
    login.next_run().unwrap();
    let before = login.record().clone();
    assert_eq!(login.feed(report(Ending::TimedOut, vec![record_factor(FACE)])), Err(Overload { resuming: false }));
    assert_eq!(*login.record(), before);
}

#[test]
fn the_third_timed_out_attempt_at_a_step_consumes_it() {
    let suspended = World::face().log_in(&[on_login("face", prompt(FACE))]).record;
    let mut record = suspended.clone();
    for attempt in 1..=2 {
        record = Login::timed_out(record);
        assert_eq!(record.suspension().unwrap().timed_out, attempt);
        assert_eq!(record.step, suspended.step);
    }
    let record = Login::timed_out(record);
    assert_eq!(denied_code(&record), "action_timed_out");
    assert_eq!(record.step, suspended.step + 1);
    assert_eq!(Login::timed_out(record.clone()), record, "no suspension, nothing to count");
}

#[test]
fn attempts_are_counted_per_step() {
    let world = World::face();
    let mut first = world.log_in(&[on_login("face", prompt(FACE))]);
    first.record = Login::timed_out(Login::timed_out(first.record));
    let second = world.back(&first, Some(session("s1")), &[on_continue("face", prompt(FACE))]);
    assert_eq!(second.record.suspension().unwrap().timed_out, 0);
}

/// What a user reads is what the operator sees, and the codes of the host are the host's.
#[test]
fn a_denial_with_hidden_characters_or_a_code_of_the_host_is_a_failure() {
    let outcome = |code: &str, message: &str| {
        let finished = World::new([spec("face")]).log_in(&[("face", Phase::Login, deny_with(code, message, vec![]))]);
        let Status::Denied { denial, .. } = finished.record.status else {
            panic!("not denied: {:?}", finished.record.status)
        };
        denial.code
    };
    for message in [
        "Please come back.",
        "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
        "\u{1f468}\u{200d}\u{1f4bb} \u{2764}\u{fe0f}",
        "",
    ] {
        assert_eq!(outcome("out_of_hours", message), "out_of_hours", "{message:?}");
    }
    for hidden in
        ["\u{202e}", "\u{2066}", "\u{200b}", "\u{200f}", "\u{2028}", "\u{feff}", "\u{ad}", "\u{3164}", "\u{e0041}"]
    {
        assert_eq!(outcome("out_of_hours", &format!("Pay{hidden} here")), "action_failed", "{hidden:?}");
    }
    for code in
        ["action_failed", "action_missing", "action_timed_out", "factor_missing", "plugin_killed", "secret_in_output"]
    {
        let finished = World::new([spec("face")]).log_in(&[("face", Phase::Login, deny_with(code, "no", vec![]))]);
        let why = &finished.record.trace.last().unwrap().why;
        assert!(why.contains("the host's own"), "{code}: {why}");
    }
}
