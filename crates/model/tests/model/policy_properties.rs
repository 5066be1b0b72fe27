//! Random pipelines with random policies: what must hold whatever the plugins do and the operator writes.

use crate::properties::{Move, act, moves, reply_to, sessions};
use crate::support::*;
use postlude_model::action::{ActionSpec, Mode, Rules};
use postlude_model::login::{LoginRecord, Status, TraceDecision};
use postlude_model::names::{ActionName, BypassId, Timestamp};
use postlude_model::pipeline::{Finished, Login};
use postlude_model::policy::bypass::{Bypass, Target};
use postlude_model::policy::when::{Clause, Condition, Scalar, Test};
use postlude_model::session::Session;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// One random login.
#[derive(Debug, Clone)]
struct Case {
    specs: Vec<ActionSpec>,
    /// What each action does in its runs, one after the other.
    moves: Vec<Vec<Move>>,
    verdicts: Vec<Option<&'static str>>,
    mode: Mode,
    session: Option<Session>,
    bypasses: Vec<Bypass>,
}

/// A condition that holds for the helper's event, or does not.
fn when(holds: bool) -> Vec<Clause> {
    let user = Scalar::Text(if holds { "alice" } else { "bob" }.to_owned());
    vec![Clause { any: vec![Condition { pointer: "/user/user_id".to_owned(), test: Test::Equals(user) }] }]
}

fn specs() -> impl Strategy<Value = ActionSpec> {
    let factor =
        proptest::option::weighted(0.8, (select(vec![FACE, VOICE]), select(vec![60_u64, 3600]), any::<bool>()));
    let limits = (proptest::option::of(0_u32..3), proptest::option::of(select(vec![60_u64, 1800])), any::<bool>());
    let rules = (proptest::option::weighted(0.6, select(vec!["g", "h"])), select(vec![false, false, false, true]));
    (factor, limits, rules, select(vec![None, None, None, Some(true), Some(false)])).prop_map(
        |(factor, (max_uses, idle, per_client), (group, report_only), condition)| {
            let mut spec = spec("a");
            spec.rules = Rules { when: condition.map(when).unwrap_or_default(), any_of: None, report_only };
            if let Some((name, max_age, silent)) = factor {
                let mut policy = policy(name, Duration::from_secs(max_age), &["x"]);
                (policy.max_uses, policy.per_client, policy.silent) = (max_uses, per_client, silent);
                policy.max_idle = idle.map(Duration::from_secs);
                spec.factors = vec![policy];
                // The configuration lets only actions with a factor into a group.
                spec.rules.any_of = group.map(|group| group.parse().unwrap());
            }
            spec
        },
    )
}

fn bypasses() -> impl Strategy<Value = Vec<Bypass>> {
    let target = prop_oneof![
        (0_usize..5).prop_map(|at| Target::Action(format!("a{at}").parse().unwrap())),
        select(vec![FACE, VOICE]).prop_map(|name| Target::Factor(name.parse().unwrap())),
    ];
    vec((target, select(vec![0_u64, 1, 3600]), select(vec![1_u64, 1, 1, 2])), 0..3).prop_map(|all| {
        let bypass = |(at, (target, seconds, epoch)): (usize, (Target, u64, u64))| Bypass {
            id: BypassId::new(format!("byp_{at}")).unwrap(),
            user_id: "alice".parse().unwrap(),
            target,
            reason: "phone lost".to_owned(),
            issued_by: "helpdesk".to_owned(),
            issued_at: NOW,
            expires_at: NOW.plus(Duration::from_secs(seconds)),
            epoch,
            used: None,
        };
        all.into_iter().enumerate().map(bypass).collect()
    })
}

fn cases() -> impl Strategy<Value = Case> {
    let verdicts = vec(select(vec![Some("ok"), Some("ok"), Some("refused"), None]), 6);
    let modes = select(vec![Mode::Interactive, Mode::Interactive, Mode::Silent]);
    let actions = vec((specs(), vec(moves(), 8)), 1..6);
    (actions, verdicts, modes, sessions(), bypasses()).prop_map(|(actions, verdicts, mode, session, bypasses)| {
        let (mut specs, moves): (Vec<_>, Vec<_>) = actions.into_iter().unzip();
        for (at, spec) in specs.iter_mut().enumerate() {
            spec.name = format!("a{at}").parse().unwrap();
        }
        Case { specs, moves, verdicts, mode, session, bypasses }
    })
}

/// Runs a login to its outcome over a store that lets each bypass be used once. Returns what was stored, in order.
fn run(case: &Case) -> Vec<Finished> {
    let world = World::new(case.specs.clone());
    let (mut stored, mut session, mut bypasses) = (Vec::<Finished>::new(), case.session.clone(), case.bypasses.clone());
    let mut runs: BTreeMap<ActionName, usize> = BTreeMap::new();
    let record = login("l1", "alice", session.as_ref().map(|_| "s1"), case.mode);
    let mut running = world.begin(record, session.clone()).with_bypasses(bypasses.clone());
    loop {
        while let Some(input) = running.next_run() {
            let name = input.action.spec.name.clone();
            let at: usize = name.as_str()[1..].parse().unwrap();
            let count = runs.entry(name).or_default();
            // Told apart by the action and its run, not by the step: another action's runs count as steps too.
            let report = act(&input, u32::try_from(at * 100 + *count).unwrap(), case.moves[at][*count % 8]);
            *count += 1;
            running.feed(report).unwrap();
        }
        let finished = running.finish();
        for id in &finished.bypasses {
            let before = bypasses.len();
            bypasses.retain(|bypass| bypass.id != *id);
            assert_eq!(bypasses.len() + 1, before, "a bypass is used up that is not there");
        }
        session = finished.session.clone().or(session);
        let record = finished.record.clone();
        stored.push(finished);
        if record.suspension().is_none() {
            return stored;
        }
        let reply = reply_to(&record, case.verdicts[stored.len() % case.verdicts.len()]);
        running = Login::resume(world.context(), record, session.clone().map(Into::into), event(), reply)
            .with_bypasses(bypasses.clone());
    }
}

fn last(stored: &[Finished]) -> &LoginRecord {
    &stored.last().unwrap().record
}

/// Whether an action is asked at all in the login.
fn applies(spec: &ActionSpec) -> bool {
    !spec.rules.report_only && (spec.rules.when.is_empty() || spec.rules.when == when(true))
}

/// What a login came to, without what only tells how it came to it.
fn outcome(stored: &[Finished], without: &ActionName) -> (LoginRecord, Option<Session>, Vec<BypassId>) {
    let mut record = LoginRecord { position: 0, step: 0, trace: Vec::new(), ..last(stored).clone() };
    record.policy_state.skipped.remove(without);
    let session = stored.iter().rev().find_map(|finished| finished.session.clone());
    (record, session, stored.iter().flat_map(|finished| finished.bypasses.clone()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_action_that_only_reports_is_as_if_it_were_not_there(mut case in cases(), at in 0_usize..5) {
        let at = at % case.specs.len();
        case.specs[at].rules.report_only = true;
        let name = case.specs[at].name.clone();
        let with = run(&case);
        case.specs.remove(at);
        prop_assert_eq!(outcome(&with, &name), outcome(&run(&case), &name));
    }

    #[test]
    fn a_group_never_continues_without_a_factor_or_a_bypass(case in cases()) {
        let stored = run(&case);
        let record = last(&stored);
        prop_assume!(matches!(record.status, Status::Continued(_)));
        let groups: BTreeSet<_> = case.specs.iter().filter_map(|spec| spec.rules.any_of.clone()).collect();
        for group in groups {
            let members = || case.specs.iter().filter(|spec| applies(spec) && spec.rules.any_of.as_ref() == Some(&group));
            let alices = case.session.iter().filter(|s| s.user.as_ref().is_some_and(|user| user.as_str() == "alice"));
            let known: Vec<_> = alices.flat_map(|session| &session.factors).chain(&record.recorded).collect();
            let satisfied = members().any(|spec| {
                let policy = &spec.factors[0];
                let young = |at: Timestamp| NOW.since(at) < policy.max_age;
                known.iter().any(|made| made.name == policy.name && young(made.completed_at))
                    || record.policy_state.bypasses.iter().any(|bypass| bypass.covers(spec))
            });
            prop_assert!(satisfied || members().next().is_none(), "{group}: {:?}", record.trace);
        }
    }

    #[test]
    fn a_bypass_is_used_once_by_a_browsers_login_and_worth_nothing(case in cases()) {
        let stored = run(&case);
        let record = last(&stored);
        let used: Vec<_> = stored.iter().flat_map(|finished| finished.bypasses.clone()).collect();
        prop_assert_eq!(used.iter().collect::<BTreeSet<_>>().len(), used.len());
        let kept: Vec<_> = record.policy_state.bypasses.iter().map(|bypass| bypass.id.clone()).collect();
        prop_assert_eq!(&kept, &used, "the record says which");
        prop_assert!(used.is_empty() || case.mode == Mode::Interactive);
        for bypass in case.bypasses.iter().filter(|bypass| used.contains(&bypass.id)) {
            prop_assert!(bypass.is_live(1, NOW));
            let past = record.trace.iter().filter(|trace| trace.decision == TraceDecision::Bypassed);
            let names: BTreeSet<_> = past.map(|trace| trace.action.clone()).collect();
            let covered = |spec: &&ActionSpec| names.contains(&spec.name) && bypass.covers(spec);
            prop_assert!(case.specs.iter().any(|spec| covered(&spec)));
            prop_assert!(record.recorded.iter().all(|made| !names.contains(&made.action)), "it records nothing");
        }
        for finished in &stored {
            prop_assert!(finished.bypasses.is_empty() || finished.synced);
        }
    }

    #[test]
    fn amr_is_of_actions_that_took_part(case in cases()) {
        let stored = run(&case);
        let record = last(&stored);
        let Status::Continued(settled) = &record.status else { return Ok(()) };
        let part = |spec: &&ActionSpec| applies(spec) && record.policy_state.takes_part(&spec.name);
        let worth = case.specs.iter().filter(part).any(|spec| !spec.factors.is_empty());
        prop_assert!(worth || settled.amr == ["pwd"], "{settled:?}");
    }

    /// However its plugin goes about it, a record satisfies so many later logins and no more.
    #[test]
    fn uses_never_pass_their_limit(most in 1_u32..4, script in vec((any::<bool>(), any::<bool>()), 1..12)) {
        let mut limited = factor_spec("face", FACE);
        limited.factors[0].max_uses = Some(most);
        let world = World::new([limited]);
        let (mut session, mut satisfied) = (owned("alice", &[(FACE, NOW)]), 0);
        for (at, (looks_itself, silent)) in script.into_iter().enumerate() {
            let mode = if silent { Mode::Silent } else { Mode::Interactive };
            let record = login(&format!("l{at}"), "alice", Some("s1"), mode);
            let mut running = world.begin(record, Some(session.clone()));
            while let Some(input) = running.next_run() {
                let fresh = input.factors.iter().any(|factor| factor.fresh);
                let report = if looks_itself && fresh { go_on(vec![]) } else { prompt(FACE) };
                running.feed(report).unwrap();
            }
            let finished = running.finish();
            satisfied += u32::from(matches!(finished.record.status, Status::Continued(_)));
            session = finished.session.unwrap_or(session);
            prop_assert_eq!(satisfied, session.factors[0].uses);
        }
        prop_assert!(satisfied <= most);
    }
}

/// The random logins must reach what the properties are about.
#[test]
fn the_random_logins_reach_every_part_of_the_policy() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..1000 {
        let case = cases().new_tree(&mut runner).unwrap().current();
        let stored = run(&case);
        let record = last(&stored);
        seen.extend(record.trace.iter().map(|trace| format!("{:?} {}", trace.decision, trace.report_only)));
        seen.extend(
            record
                .policy_state
                .skipped
                .values()
                .map(|aside| format!("{aside:?}").split('(').next().unwrap().to_owned()),
        );
        if let Status::Denied { denial, .. } = &record.status {
            seen.insert(denial.code.clone());
        }
        seen.extend((!record.policy_state.used.is_empty()).then(|| "used".to_owned()));
    }
    for expected in [
        "Bypassed false",
        "Satisfied false",
        "NotApplicable false",
        "Redirect true",
        "Deny true",
        "Failed true",
        "Refused",
        "Unmet",
        "factor_missing",
        "used",
    ] {
        assert!(seen.contains(expected), "no random login came to `{expected}`: {seen:?}");
    }
}
