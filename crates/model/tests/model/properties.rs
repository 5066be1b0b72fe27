//! Random pipelines with random reports: what must hold whatever the plugins do.

use crate::support::*;
use postlude_model::action::{ActionSpec, Mode, OnFailure};
use postlude_model::decision::{Command, Decision};
use postlude_model::json::{Json, parse_value};
use postlude_model::limits;
use postlude_model::login::{LoginRecord, Status, TraceDecision};
use postlude_model::names::Timestamp;
use postlude_model::pipeline::{BrowserReply, Finished, Login};
use postlude_model::run::{Ending, Phase, Proof, Report, RunInput};
use postlude_model::session::Session;
use postlude_model::token;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;
use std::time::Duration;

/// What a plugin does in one run.
#[derive(Debug, Clone, Copy)]
pub enum Move {
    Continue,
    Prompt,
    PromptWithoutFactor,
    PromptUndeclared,
    PromptElsewhere,
    Deny,
    DenyBadly,
    Fail,
    Trap,
}

/// One random login.
#[derive(Debug, Clone)]
struct Case {
    specs: Vec<ActionSpec>,
    moves: Vec<Move>,
    verdicts: Vec<Option<&'static str>>,
    mode: Mode,
    session: Option<Session>,
}

/// What happened in it.
#[derive(Debug, PartialEq)]
struct History {
    stored: Vec<Finished>,
    runs: Vec<(String, String, Phase)>,
    reports: Vec<Report>,
}

impl History {
    fn record(&self) -> &LoginRecord {
        &self.stored.last().unwrap().record
    }
}

pub fn moves() -> impl Strategy<Value = Move> {
    use Move::*;
    prop_oneof![
        6 => Just(Continue),
        6 => Just(Prompt),
        1 => select(vec![PromptWithoutFactor, PromptUndeclared, PromptElsewhere, Deny, DenyBadly, Fail, Trap]),
    ]
}

fn specs() -> impl Strategy<Value = ActionSpec> {
    let factor = proptest::option::of((select(vec![FACE, VOICE]), select(vec![0_u64, 60, 3600]), any::<bool>()));
    let modes = btree_set(select(Mode::ALL.to_vec()), 1..=4);
    (factor, modes, any::<bool>(), select(vec!["mfa", "pwd", "face"])).prop_map(|(factor, modes, open, amr)| {
        let on_failure = if open { OnFailure::Continue } else { OnFailure::Deny };
        let mut spec = ActionSpec { applies_to: modes, on_failure, ..spec("a") };
        if let Some((name, max_age, silent)) = factor {
            spec.factors = vec![policy(name, Duration::from_secs(max_age), &[amr, "x"])];
            spec.factors[0].silent = silent;
        }
        spec
    })
}

pub fn sessions() -> impl Strategy<Value = Option<Session>> {
    let ages = vec((select(vec![FACE, VOICE]), 0_u64..7200), 0..4);
    prop_oneof![
        Just(None),
        Just(Some(session("s1"))),
        (ages, select(vec!["alice", "bob"])).prop_map(|(ages, user)| {
            let factors: Vec<_> = ages.into_iter().map(|(name, ago)| (name, Timestamp(NOW.0 - ago * 1000))).collect();
            Some(owned(user, &factors))
        }),
    ]
}

fn cases() -> impl Strategy<Value = Case> {
    let verdicts = vec(select(vec![Some("ok"), Some("ok"), Some("refused"), None]), 6);
    (vec(specs(), 1..5), vec(moves(), 24), verdicts, select(Mode::ALL.to_vec()), sessions()).prop_map(
        |(mut specs, moves, verdicts, mode, session)| {
            for (at, spec) in specs.iter_mut().enumerate() {
                spec.name = format!("a{at}").parse().unwrap();
            }
            Case { specs, moves, verdicts, mode, session }
        },
    )
}

/// One command of each kind, named after the step; a factor where the sandbox would let it through.
fn commands(input: &RunInput, step: u32) -> Vec<Command> {
    let mut commands = vec![
        Command::SetIdTokenClaim { name: format!("c{step}"), value: json("1") },
        Command::AddScope(format!("s{step}")),
        Command::SetLoginMetadata { key: format!("m{step}"), value: Some(json("1")) },
        Command::SetUserMetadata { key: format!("u{step}"), value: Some(json("1")) },
        Command::SetSessionMetadata { key: format!("n{step}"), value: Some(json("1")) },
    ];
    let proved = match input.reply.as_ref().map(|reply| &reply.proof) {
        Some(Proof::Token { factor, verdict: token::Verdict::Ok }) => factor.clone(),
        _ => None,
    };
    for policy in &input.action.spec.factors {
        if proved.as_ref() == Some(&policy.name) || (input.phase == Phase::Login && policy.silent) {
            commands.push(Command::RecordFactor { name: policy.name.clone(), evidence: None });
        }
    }
    commands
}

pub fn act(input: &RunInput, step: u32, what: Move) -> Report {
    let commands = commands(input, step);
    let own = input.action.spec.factors.first().map(|policy| policy.name.as_str());
    match what {
        Move::Continue => go_on(commands),
        Move::Prompt => redirect(to(PROMPT, own), commands),
        Move::PromptWithoutFactor => redirect(to(PROMPT, None), commands),
        Move::PromptUndeclared => redirect(to(PROMPT, Some("https://acme.example/no")), commands),
        Move::PromptElsewhere => redirect(to("https://evil.example", own), commands),
        Move::Deny => deny(commands),
        Move::DenyBadly => deny_with("Bad", "", commands),
        Move::Fail => failed(commands),
        Move::Trap => trapped(commands),
    }
}

/// Runs a login to its outcome, storing and reading the record at each suspension as a host does.
fn run(case: &Case) -> History {
    let world = World::new(case.specs.clone());
    let mut history = History { stored: Vec::new(), runs: Vec::new(), reports: Vec::new() };
    let mut session = case.session.clone();
    let record = login("l1", "alice", session.as_ref().map(|_| "s1"), case.mode);
    let mut running = world.begin(record, session.clone());
    loop {
        while let Some(input) = running.next_run() {
            let step = running.record().step;
            let report = act(&input, step, case.moves[step as usize % case.moves.len()]);
            history.runs.push((input.action.spec.name.to_string(), input.run_id.to_string(), input.phase));
            history.reports.push(report.clone());
            running.feed(report).unwrap();
        }
        let finished = running.finish();
        session = finished.session.clone().or(session);
        history.stored.push(finished);
        // As the store gives it back: its own formats hold every field (their goldens are in the store).
        let record = history.record().clone();
        if record.suspension().is_none() {
            return history;
        }
        let reply = reply_to(&record, case.verdicts[history.stored.len() % case.verdicts.len()]);
        running = Login::resume(world.context(), record, session.clone().map(Into::into), event(), reply);
    }
}

pub fn reply_to(record: &LoginRecord, verdict: Option<&str>) -> BrowserReply {
    verdict.map_or_else(|| bare_reply(record), |verdict| proved(record, verdict))
}

/// The report of the run at a step.
fn decided(report: &Report) -> Option<&Decision> {
    match &report.ending {
        Ending::Decided(decision) => Some(decision),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_login_continues_only_past_every_action_that_applies(case in cases()) {
        let history = run(&case);
        let record = history.record();
        prop_assume!(matches!(record.status, Status::Continued(_)));
        for spec in &case.specs {
            let last = record.trace.iter().rfind(|trace| trace.action == spec.name);
            let passed = match last.map(|trace| (trace.decision, trace.phase)) {
                Some((TraceDecision::Continue | TraceDecision::Skipped, _)) => spec.applies_to.contains(&case.mode),
                Some((TraceDecision::Failed, Phase::Login)) => spec.on_failure == OnFailure::Continue && spec.factors.is_empty(),
                Some((TraceDecision::NotApplicable, _)) => !spec.applies_to.contains(&case.mode),
                _ => false,
            };
            prop_assert!(passed, "{} {last:?}", spec.name);
        }
        let denied = history.reports.iter().any(|report| matches!(decided(report), Some(Decision::Deny(_))));
        prop_assert!(!denied, "a deny, however malformed, ends the login");
    }

    #[test]
    fn effects_are_visible_exactly_where_the_table_keeps_them(case in cases()) {
        let history = run(&case);
        let record = history.record();
        for (step, report) in history.reports.iter().enumerate() {
            let ran = record.trace.iter().filter(|t| t.step as usize == step && t.decision != TraceDecision::NotApplicable);
            let ran: Vec<_> = ran.collect();
            prop_assert_eq!(ran.len(), 1, "one entry per run");
            let kept = matches!(ran[0].decision, TraceDecision::Continue | TraceDecision::Redirect | TraceDecision::Skipped);
            let denied = ran[0].decision == TraceDecision::Deny && matches!(decided(report), Some(Decision::Deny(_)));
            let effects = &record.effects;
            prop_assert_eq!(effects.id_token_claims.contains_key(&format!("c{step}")), kept);
            prop_assert_eq!(effects.add_scopes.contains(&format!("s{step}")), kept);
            prop_assert_eq!(record.metadata.contains_key(&format!("m{step}")), kept);
            prop_assert_eq!(effects.user_metadata.contains_key(&format!("u{step}")), kept || denied);
        }
    }

    #[test]
    fn a_factor_is_recorded_only_with_a_continue(case in cases()) {
        let history = run(&case);
        let mut expected = Vec::new();
        for ((action, _, phase), report) in history.runs.iter().zip(&history.reports) {
            if decided(report) != Some(&Decision::Continue) {
                continue;
            }
            for command in &report.commands {
                if let Command::RecordFactor { name, .. } = command {
                    let silent = case.specs.iter().any(|s| s.name.as_str() == action && s.factors[0].silent);
                    prop_assert!(*phase == Phase::Continue || silent);
                    expected.push((action.clone(), name.clone()));
                }
            }
        }
        let record = history.record();
        let recorded: Vec<_> = record.recorded.iter().map(|r| (r.action.to_string(), r.name.clone())).collect();
        prop_assert_eq!(recorded, expected);
    }

    #[test]
    fn a_step_is_a_run_and_the_same_login_runs_the_same_twice(case in cases()) {
        let history = run(&case);
        for (step, (_, run_id, _)) in history.runs.iter().enumerate() {
            prop_assert_eq!(run_id, &format!("run.l1.{step}"));
        }
        prop_assert_eq!(history.record().step as usize, history.runs.len());
        prop_assert!(history.record().suspensions <= limits::SUSPENSIONS);
        prop_assert_eq!(run(&case), history);
    }

    #[test]
    fn a_login_without_a_browser_never_suspends(mut case in cases(), mode in select(Mode::ALL[1..].to_vec())) {
        case.mode = mode;
        let history = run(&case);
        prop_assert_eq!((history.stored.len(), history.record().suspensions), (1, 0));
        for (step, report) in history.reports.iter().enumerate() {
            let asked = matches!(decided(report), Some(Decision::Redirect(_)));
            let verdict = history.record().trace.iter().find(|t| t.step as usize == step && t.decision != TraceDecision::NotApplicable);
            let verdict = verdict.unwrap().decision;
            prop_assert!(!asked || matches!(verdict, TraceDecision::Skipped | TraceDecision::InteractionRequired | TraceDecision::Failed));
        }
    }

    #[test]
    fn a_prompt_is_skipped_only_for_a_record_within_its_age(case in cases()) {
        let history = run(&case);
        for trace in history.record().trace.iter().filter(|trace| trace.decision == TraceDecision::Skipped) {
            let spec = case.specs.iter().find(|spec| spec.name == trace.action).unwrap();
            let policy = &spec.factors[0];
            let own = case.session.iter().filter(|s| s.user.as_ref().is_some_and(|user| user.as_str() == "alice"));
            let records = own.flat_map(|session| &session.factors).chain(&history.record().recorded);
            let young = |at: Timestamp| NOW.0 - at.0 < u64::try_from(policy.max_age.as_millis()).unwrap();
            prop_assert!(records.filter(|r| r.name == policy.name).any(|r| young(r.completed_at)), "{trace:?}");
        }
    }

    #[test]
    fn amr_has_no_value_twice_and_none_that_nobody_granted(case in cases()) {
        let history = run(&case);
        let (Status::Continued(settled) | Status::Denied { settled, .. }) = &history.record().status else {
            return Ok(());
        };
        let distinct: BTreeSet<_> = settled.amr.iter().collect();
        prop_assert_eq!(distinct.len(), settled.amr.len());
        let names: BTreeSet<_> = settled.factors.iter().map(|factor| &factor.name).collect();
        prop_assert_eq!(names.len(), settled.factors.len());
        let applied = case.specs.iter().filter(|spec| spec.applies_to.contains(&case.mode));
        let policies: Vec<_> = applied.flat_map(|spec| &spec.factors).filter(|p| names.contains(&p.name)).collect();
        for value in settled.amr.iter().filter(|value| *value != "pwd") {
            prop_assert!(policies.iter().any(|policy| policy.amr.contains(value)), "`{value}`");
        }
    }

    #[test]
    fn anothers_session_is_untouched_until_continue_and_then_the_next_generation(mut case in cases()) {
        case.session = Some(owned("bob", &[(FACE, NOW), (VOICE, NOW)]));
        let history = run(&case);
        for finished in &history.stored {
            let continued = matches!(finished.record.status, Status::Continued(_));
            prop_assert_eq!(finished.session.is_some(), continued);
            let Some(session) = &finished.session else { continue };
            prop_assert_eq!((session.generation, session.user.as_ref().unwrap().as_str()), (3, "alice"));
            prop_assert!(session.factors.iter().all(|factor| factor.login_id.as_str() == "l1"), "a factor of bob's");
        }
    }

    #[test]
    fn canonical_json_reads_back_as_itself(value in values()) {
        let text = Json::from_value(&value);
        prop_assert_eq!(&Json::parse(text.as_str()).unwrap(), &text);
        prop_assert_eq!(parse_value(text.as_str().as_bytes()).unwrap(), text.to_value());
    }

    #[test]
    fn a_number_in_stored_json_does_not_drift(bits in any::<f64>()) {
        prop_assume!(bits.is_finite());
        let text = Json::from_value(&serde_json::json!(bits));
        prop_assert_eq!(&Json::parse(text.as_str()).unwrap(), &text);
    }

    #[test]
    fn no_text_makes_the_reader_fall_over(text in "\\PC{0,64}") {
        if let Ok(read) = Json::parse(&text) {
            prop_assert_eq!(Json::parse(read.as_str()).unwrap(), read);
        }
    }
}

fn values() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Into::into),
            proptest::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Found by the property above: with serde_json's fast reader of numbers, this one moved with every store and read.
#[test]
fn a_number_with_seventeen_digits_stays_itself() {
    for text in ["-1.127960536349564e-76", "9.107808536618452e-246", "0.1", "1e300"] {
        let once = Json::parse(text).unwrap();
        assert_eq!(Json::parse(once.as_str()).unwrap(), once);
    }
}

/// The random logins must reach every end, or the properties above say nothing.
#[test]
fn the_random_logins_reach_every_outcome_and_verdict() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..1000 {
        let history = run(&cases().new_tree(&mut runner).unwrap().current());
        seen.insert(match history.record().status {
            Status::Continued(_) => "continued".to_owned(),
            Status::Denied { ref denial, .. } => denial.code.clone(),
            Status::InteractionRequired { .. } => "interaction_required".to_owned(),
            ref other => panic!("no outcome: {other:?}"),
        });
        seen.extend(history.record().trace.iter().map(|trace| format!("{:?} {:?}", trace.phase, trace.decision)));
        seen.extend(history.record().recorded.first().map(|_| "recorded".to_owned()));
    }
    for expected in [
        "continued",
        "no_entry",
        "action_failed",
        "too_many_suspensions",
        "interaction_required",
        "recorded",
        "Login Skipped",
        "Login NotApplicable",
        "Continue Continue",
        "Continue Deny",
        "Continue Redirect",
        "Continue Failed",
    ] {
        assert!(seen.contains(expected), "no random login came to `{expected}`: {seen:?}");
    }
}
