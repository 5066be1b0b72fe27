//! A plugin that is tried: instantiated within its action's budget, and not called.

use crate::support::{input, load, sandbox};
use postlude_model::action::{Action, Budget};
use postlude_model::run::{Limit, Usage};
use postlude_sandbox::StartError;
use std::sync::Arc;

async fn try_with(text: &str, budget: Budget) -> Result<Usage, StartError> {
    let mut action = Action::clone(&input().action);
    action.spec.budget = budget;
    sandbox().try_start(&load(text), &Arc::new(action)).await
}

async fn try_start(text: &str) -> Result<Usage, StartError> {
    try_with(text, Budget::default()).await
}

#[tokio::test]
async fn what_starts_is_not_called() {
    assert!(try_start("").await.is_ok());
    // Whatever it would do with a login is no reason to refuse it.
    let exports = r#"(func (export "on-login") (result i32) (unreachable)) (func (export "on-continue") (result i32) (unreachable))"#;
    let usage = try_start(exports).await.unwrap();
    assert!(usage.fuel < 1000 && usage.memory_bytes == 2 << 16, "{usage:?}");
    // A function that needs the guest's memory is not linked yet at that time, whoever calls.
    let host = "(start $look) (func $look (drop (call $clock.now)))";
    assert_eq!(try_start(host).await.unwrap().host_calls, 1, "the plugin may call the host while it starts");
}

#[tokio::test]
async fn what_does_not_start_says_why() {
    let limit = |result: Result<Usage, StartError>| match result {
        Err(StartError::Trapped(trap)) => (trap.limit, trap.message),
        other => panic!("not a trap: {other:?}"),
    };
    let (none, why) = limit(try_start("(start $trap) (func $trap (unreachable))").await);
    assert!(none.is_none() && why.contains("unreachable"), "{why}");
    assert_eq!(limit(try_start("(start $spin) (func $spin (loop (br 0)))").await).0, Some(Limit::Fuel));
    let counts =
        "(start $count) (func $count (local $i i32) (loop (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if 0 (i32.lt_u (local.get $i) (i32.const 10000)))))";
    assert!(try_start(counts).await.is_ok());
    let little = Budget { fuel: 10_000, ..Budget::default() };
    assert_eq!(limit(try_with(counts, little).await).0, Some(Limit::Fuel), "the action's budget holds");
    let small = Budget { memory_bytes: 1 << 16, ..Budget::default() };
    assert_eq!(limit(try_with("", small).await).0, Some(Limit::Memory));
}

/// Some language runtimes end when the clock shows zero.
#[tokio::test]
async fn what_is_tried_finds_a_clock_that_runs() {
    let text = "(start $look) (func $look (if (i64.eqz (call $clock.now)) (then (unreachable))))";
    assert!(sandbox().try_start(&load(text), &input().action).await.is_ok());
}
