//! Report-only: the trace says what would have been, and nothing is.

use crate::support::*;
use postlude_model::action::{ActionSpec, Mode, OnFailure, Rules};
use postlude_model::decision::{Command, Failure};
use postlude_model::login::{LoginRecord, Status, TraceDecision};
use postlude_model::names::Timestamp;
use postlude_model::run::{Ending, Limit, Report, Trap};

fn reports(spec: ActionSpec) -> ActionSpec {
    ActionSpec { rules: Rules { report_only: true, ..Rules::default() }, ..spec }
}

/// What the trace says of an action that only reports; the login must be as without it.
fn reported_in(mode: Mode, spec: ActionSpec, factors: &[(&str, Timestamp)], report: Report) -> (TraceDecision, String) {
    let record = || login("l1", "alice", Some("s1"), mode);
    let session = || Some(owned("alice", factors));
    let world = World::new([reports(spec), self::spec("next")]);
    let script = [on_login("face", report), on_login("next", go_on(vec![]))];
    let finished = world.log_in_as(record(), session(), &script);
    let without = World::new([self::spec("next")]).log_in_as(record(), session(), &script);
    let bare = |record: &LoginRecord| LoginRecord { step: 0, position: 0, trace: Vec::new(), ..record.clone() };
    assert_eq!(bare(&finished.record), bare(&without.record));
    assert_eq!((finished.session, finished.synced), (without.session, without.synced));
    let trace = &finished.record.trace[0];
    assert!(trace.report_only && !finished.record.trace[1].report_only);
    (trace.decision, trace.why.clone())
}

fn reported(spec: ActionSpec, factors: &[(&str, Timestamp)], report: Report) -> (TraceDecision, String) {
    reported_in(Mode::Interactive, spec, factors, report)
}

fn commands() -> Vec<Command> {
    vec![
        Command::SetIdTokenClaim { name: "https://acme.example/c".to_owned(), value: json("\"private\"") },
        Command::AddScope("read".to_owned()),
        Command::SetLoginMetadata { key: "m".to_owned(), value: Some(json("1")) },
        Command::SetSessionMetadata { key: "n".to_owned(), value: Some(json("1")) },
        Command::SetUserMetadata { key: "u".to_owned(), value: None },
        record_factor(FACE),
    ]
}

#[test]
fn each_decision_is_told_and_nothing_comes_of_it() {
    let face = || factor_spec("face", FACE);
    let (verdict, why) = reported(face(), &[], go_on(commands()));
    assert_eq!(verdict, TraceDecision::Continue);
    assert_eq!(
        why,
        format!(
            "would continue, and: set ID token claim `https://acme.example/c`, add scope `read`, change login metadata `m`, \
             change session metadata `n`, change user metadata `u`, record `{FACE}`"
        )
    );
    assert_eq!(reported(face(), &[], go_on(vec![])), (TraceDecision::Continue, "would continue".to_owned()));
    let denied = reported(face(), &[], deny(commands()));
    assert_eq!(denied, (TraceDecision::Deny, "would deny with `no_entry`".to_owned()));
    let prompted = reported(face(), &[], prompt(FACE));
    let says = format!("no record in this session: would redirect to `https://prompt.example` for `{FACE}`");
    assert_eq!(prompted, (TraceDecision::Redirect, says));
    let fresh = reported(face(), &[(FACE, NOW)], prompt(FACE));
    assert_eq!(fresh, (TraceDecision::Skipped, "record 0 s old, policy 24 h: would skip its prompt".to_owned()));
    let silent = reported_in(Mode::Silent, face(), &[], prompt(FACE));
    assert_eq!(
        silent,
        (TraceDecision::InteractionRequired, "no record in this session: would need a browser".to_owned())
    );
}

#[test]
fn each_failure_is_told_with_what_the_policy_would_do() {
    let open = || ActionSpec { on_failure: OnFailure::Continue, ..spec("face") };
    let unavailable = report(Ending::Failed(Failure::Unavailable("partner".to_owned())), vec![]);
    let fuel = Trap { limit: Some(Limit::Fuel), message: "out of fuel".to_owned(), backtrace: Vec::new() };
    for (spec, report, says) in [
        (spec("face"), failed(vec![]), "would deny, having failed: it broke"),
        (open(), failed(vec![]), "would go on, having failed: it broke"),
        (open(), unavailable, "would go on, having failed: unavailable: partner"),
        (spec("face"), trapped(vec![]), "would deny, having failed: unreachable"),
        (spec("face"), report(Ending::Trapped(fuel), vec![]), "would deny, having failed: out of fuel"),
        (spec("face"), report(Ending::TimedOut, vec![]), "ran out of time"),
        (spec("face"), report(Ending::Busy, vec![]), "found no place to run in time"),
        (
            spec("face"),
            redirect(to("https://evil.example", None), vec![]),
            "would deny, having failed: the redirect goes to `https://evil.example`, which is not granted \
             (granted: `https://prompt.example`); ask for it in the manifest's `capabilities.redirect_origins`, and grant \
             it in `grants.redirect_origins`",
        ),
        (
            spec("face"),
            deny_with("Not A Code", "", vec![]),
            "would deny, having failed: denies with a code that is not 1 to 64 characters a-z, 0-9 and _",
        ),
    ] {
        assert_eq!(reported(spec, &[], report), (TraceDecision::Failed, says.to_owned()));
    }
    let too_much = (0..65).map(|n| Command::SetAppMetadata { key: format!("k{n}"), value: None }).collect();
    let (verdict, why) = reported(spec("face"), &[], go_on(too_much));
    assert_eq!(verdict, TraceDecision::Failed);
    assert!(why.contains("the app metadata has 65 keys"), "{why}");
}

#[test]
fn its_factors_do_not_count() {
    let world = World::new([reports(factor_spec("face", FACE))]);
    let record = login("l1", "alice", Some("s1"), Mode::Interactive);
    let session = Some(owned("alice", &[(FACE, NOW)]));
    let finished = world.log_in_as(record, session, &[on_login("face", go_on(vec![]))]);
    assert_eq!(settled(&finished.record).amr, ["pwd"]);
    assert!(settled(&finished.record).factors.is_empty());
}

/// Its runs are steps, as all runs are: their random numbers are their own.
#[test]
fn its_run_is_a_step_and_no_suspension() {
    let world = World::new([reports(factor_spec("face", FACE)), spec("next")]);
    let record = world.log_in(&[on_login("face", prompt(FACE)), on_login("next", go_on(vec![]))]).record;
    assert_eq!((record.step, record.suspensions), (2, 0));
    assert!(matches!(record.status, Status::Continued(_)));
    assert_eq!([record.trace[0].step, record.trace[1].step], [0, 1]);
}
