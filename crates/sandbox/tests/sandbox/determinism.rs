//! The same input gives the same report, the two times apart.

use crate::support::{input, load, logged, sandbox};
use postlude_model::names::Timestamp;
use postlude_model::run::{Report, RunInput};
use proptest::prelude::*;
use std::time::Duration;

/// Uses everything that could differ: clock, random numbers, floating point, memory.
const GUEST: &str = r#"
    (func (export "on-login") (result i32)
      (local $n i32)
      (call $random.bytes (i32.const 16) (global.get $out))
      (local.set $n (i32.and (i32.load8_u (i32.load (global.get $out))) (i32.const 63)))
      (i64.store (i32.const 700) (i64.xor (call $clock.now) (i64.load (i32.load (global.get $out)))))
      (f64.store (i32.const 708) (f64.div (f64.const 0) (f64.const 0)))
      (loop
        (call $random.bytes (i32.const 1) (global.get $out))
        (i32.store8 (i32.const 707) (i32.or (i32.const 1) (i32.and (i32.const 127) (i32.load8_u (i32.load (global.get $out))))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if 0 (i32.gt_s (local.get $n) (i32.const 0))))
      (i64.store (i32.const 700) (i64.and (i64.load (i32.const 700)) (i64.const 0x3f3f3f3f3f3f3f3f)))
      (call $log.log (i32.const 1) (i32.const 700) (i32.const 8) (i32.const 0) (i32.const 0))
      (call $continue))"#;

fn timeless(mut report: Report) -> Report {
    report.usage.duration = Duration::ZERO;
    report.usage.waited = Duration::ZERO;
    report
}

/// P52.
#[test]
fn the_same_input_gives_the_same_report() {
    let plugin = load(GUEST);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = |input: RunInput| timeless(runtime.block_on(sandbox().run(&plugin, input)));
    proptest!(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) }, |(seed: [u8; 32], now: u64)| {
        let input = RunInput { seed, now: Timestamp(now), ..input() };
        let first = run(input.clone());
        prop_assert_eq!(first.log.lines.len(), 1, "{:?}", first);
        prop_assert_eq!(first, run(input));
    });
}

/// P26, P48: the clock stands still.
#[tokio::test]
async fn the_clock_stands_still() {
    let body = r#"
        (loop (if (i64.ne (call $clock.now) (i64.const 1795000000123)) (then (unreachable)))
          (i32.store (i32.const 700) (i32.add (i32.load (i32.const 700)) (i32.const 1)))
          (br_if 0 (i32.lt_u (i32.load (i32.const 700)) (i32.const 1000))))
        (call $say «still»)"#;
    assert_eq!(logged(body, input()).await, ["still"]);
}

/// Two logins do not share random numbers, and two calls of a run do not either.
#[tokio::test]
async fn random_numbers_differ_by_seed_and_by_call() {
    let body = r#"
        (call $random.bytes (i32.const 8) (i32.const 256)) (call $random.bytes (i32.const 8) (i32.const 300))
        (if (i64.eq (i64.load (i32.load (i32.const 256))) (i64.load (i32.load (i32.const 300)))) (then (unreachable)))
        (i64.store (i32.const 700) (i64.or (i64.const 0x2020202020202020)
          (i64.and (i64.const 0x1f1f1f1f1f1f1f1f) (i64.load (i32.load (i32.const 256))))))
        (call $say (i32.const 700) (i32.const 8))"#;
    let first = logged(body, input()).await;
    assert_ne!(first, logged(body, RunInput { seed: [43; 32], ..input() }).await);
    assert_eq!(first, logged(body, input()).await);
}
