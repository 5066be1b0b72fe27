//! Profiles: exact, complete, and of the run that a server would make.

use crate::guests;
use crate::support::{assert_limit, continued, input, load, sandbox, with};
use postlude_model::action::Action;
use postlude_model::run::{Limit, Report, RunInput};
use postlude_sandbox::{Profile, Profiler, Work, function_costs};
use std::sync::LazyLock;

static PROFILER: LazyLock<Profiler> = LazyLock::new(|| Profiler::new().unwrap());

async fn profile(text: &str, input: RunInput) -> Profile {
    PROFILER.profile(&guests::plugin(text).unwrap(), input).await.unwrap()
}

/// A function's own fuel and its total.
fn cost(profile: &Profile, name: &str) -> (u64, u64) {
    let costs = function_costs(&profile.stacks);
    let cost = costs.iter().find(|cost| cost.name == name).unwrap_or_else(|| panic!("no `{name}` in {costs:#?}"));
    (cost.own, cost.total)
}

/// What is the same in every run of an input.
fn lasting(report: &Report) -> String {
    let usage = report.usage;
    format!("{:?} {:?} {:?} {} {}", report.ending, report.commands, report.log, usage.fuel, usage.memory_bytes)
}

/// Loops of 100 and of 1,000 turns, each in its own function, and calls of host functions.
const BUSY: &str = r#"
(func $spin (param $turns i32)
  (loop $again
    (local.set $turns (i32.sub (local.get $turns) (i32.const 1)))
    (br_if $again (local.get $turns))))
(func $short (call $spin (i32.const 100)))
(func $long (call $spin (i32.const 1000)))
(func (export "on-login") (result i32)
  (call $short) (call $long)
  (call $log.log (i32.const 1) «a line» (i32.const 0) (i32.const 0))
  (call $session.set-metadata «key» (i32.const 1) «\"value\"» (global.get $out))
  (call $continue))
"#;

#[tokio::test]
async fn a_profile_is_of_the_run_that_a_server_makes() {
    for input in [input(), continued()] {
        let profile = profile(BUSY, input.clone()).await;
        let report = sandbox().run(&load(BUSY), input).await;
        assert_eq!(lasting(&profile.report), lasting(&report));
    }
}

#[tokio::test]
async fn every_unit_of_fuel_is_in_a_stack() {
    let profile = profile(BUSY, input()).await;
    let sum: u64 = profile.stacks.iter().map(|stack| stack.fuel).sum();
    assert_eq!(sum, profile.report.usage.fuel);
    assert_eq!(cost(&profile, "export on-login").1 + cost_or_zero(&profile, "instantiation"), sum);
}

fn cost_or_zero(profile: &Profile, name: &str) -> u64 {
    function_costs(&profile.stacks).iter().find(|cost| cost.name == name).map_or(0, |cost| cost.total)
}

#[tokio::test]
async fn loops_and_callers_get_what_they_spent() {
    let profile = profile(BUSY, input()).await;
    // A turn: two `local.get`, two constants and arithmetic, a `local.set`, a `br_if`.
    let turns = |name: &str| {
        let fuel: u64 =
            profile.stacks.iter().filter(|stack| stack.frames.contains(&name.to_owned())).map(|s| s.fuel).sum();
        fuel
    };
    assert!((590..640).contains(&turns("short")), "{:#?}", profile.stacks);
    assert!((5990..6040).contains(&turns("long")), "{:#?}", profile.stacks);
    let (own, total) = cost(&profile, "spin");
    assert_eq!(own, total);
    assert!((6580..6680).contains(&own), "{own}");
    assert!(profile.checks > 1100, "{}", profile.checks);
}

#[tokio::test]
async fn a_host_function_is_a_frame_with_its_price() {
    let profile = profile(BUSY, input()).await;
    let (own, total) = cost(&profile, "host: log.log");
    // The call itself, its bytes, and what is escaped.
    assert!(own == total && own >= 3000 + Work::Escape(6).fuel() && own < 5000, "{own}");
    let (own, _) = cost(&profile, "host: session.set-metadata");
    assert!(own >= 3000 + Work::Json(7).fuel() + Work::Commands(0).fuel(), "{own}");
    // The frame before it is the function of the toolchain's shim that every import with memory goes through.
    let of_host =
        profile.stacks.iter().filter(|stack| stack.frames.last().is_some_and(|frame| frame.starts_with("host: ")));
    let ends: Vec<_> = of_host.map(|stack| stack.frames[2..].join(" > ")).collect();
    let imports = ["log.log", "session.set-metadata"].map(|name| format!("import {name} > host: {name}"));
    assert_eq!(ends, imports, "{:#?}", profile.stacks);
}

#[tokio::test]
async fn the_same_input_gives_the_same_profile() {
    let (one, two) = (profile(BUSY, input()).await, profile(BUSY, input()).await);
    assert_eq!((one.stacks, one.checks), (two.stacks, two.checks));
}

#[tokio::test]
async fn what_runs_while_the_instance_is_made_stands_apart() {
    let text = r#"
        (func $prepare (local $n i32) (local.set $n (i32.const 50))
          (loop $again (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (start $prepare)"#;
    let profile = profile(text, input()).await;
    let prepare: Vec<_> = profile.stacks.iter().filter(|stack| stack.frames.contains(&"prepare".to_owned())).collect();
    assert!(
        !prepare.is_empty() && prepare.iter().all(|stack| stack.frames[0] == "instantiation"),
        "{:#?}",
        profile.stacks
    );
    assert!(cost(&profile, "instantiation").1 > 200, "{:#?}", profile.stacks);
}

#[tokio::test]
async fn a_run_that_spends_its_fuel_has_a_profile_of_all_of_it() {
    let text = r#"(func $forever (loop $again (br $again)))
        (func (export "on-login") (result i32) (call $forever) (call $continue))"#;
    let little = |action: &mut Action| action.spec.budget.fuel = 20_000;
    let spent = profile(text, with(input(), little)).await;
    assert_limit(&spent.report, Limit::Fuel);
    assert_eq!(cost(&spent, "export on-login").1, 20_000);
    assert!(cost(&spent, "forever").0 > 19_900, "{:#?}", spent.stacks);
}

/// Deep recursion is seen from its root on, not only its innermost frames.
#[tokio::test]
async fn a_deep_stack_is_seen_whole() {
    let text = r#"
        (func $down (param $n i32)
          (if (local.get $n) (then (call $down (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "on-login") (result i32) (call $down (i32.const 200)) (call $continue))"#;
    let profile = profile(text, input()).await;
    let deepest = profile.stacks.iter().max_by_key(|stack| stack.frames.len()).unwrap();
    assert_eq!(deepest.frames.len(), 203, "the phase, the export and 201 calls");
    assert_eq!(deepest.frames[0], "export on-login");
    let (own, total) = cost(&profile, "down");
    assert_eq!(own, total, "a recursive call counts once");
}

#[tokio::test]
async fn a_name_of_a_hostile_plugin_is_escaped() {
    let text = r#"(func $"evil\1b[31m" (loop))
        (func (export "on-login") (result i32) (call $"evil\1b[31m") (call $continue))"#;
    let profile = profile(text, input()).await;
    assert!(function_costs(&profile.stacks).iter().any(|cost| cost.name == r"evil\u{1b}[31m"), "{:#?}", profile.stacks);
}
