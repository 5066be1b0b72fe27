//! What every plugin relies on: decisions, failures, both phases, the numbers of the report, and a fresh instance per run.

use crate::support::{assert_limit, continued, input, load, run, sandbox, trap, with};
use postlude_model::decision::{Decision, Denial, Failure, RedirectRequest};
use postlude_model::run::{Ending, Limit};
use postlude_sandbox::own_frames;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_guest_decides_to_continue() {
    let report = run("", input()).await;
    assert_eq!(report.ending, Ending::Decided(Decision::Continue));
    assert!(report.usage.fuel > 0 && report.usage.fuel < 1000, "{report:?}");
    assert_eq!(report.usage.memory_bytes, 2 << 16);
    assert_eq!(report.usage.host_calls, 0);
}

#[tokio::test]
async fn each_phase_calls_its_own_export() {
    let text = r#"
        (func (export "on-login") (result i32) (call $deny «login» «first»))
        (func (export "on-continue") (result i32) (call $deny «continue» «second»))"#;
    let denied = |code: &str, message: &str| {
        Ending::Decided(Decision::Deny(Denial { code: code.to_owned(), message: message.to_owned() }))
    };
    assert_eq!(run(text, input()).await.ending, denied("login", "first"));
    assert_eq!(run(text, continued()).await.ending, denied("continue", "second"));
}

#[tokio::test]
async fn a_redirect_and_failures_arrive_as_they_were_returned() {
    let text = r#"(func (export "on-login") (result i32) (call $redirect-for «https://prompt.example/» «factor»))"#;
    let expected = RedirectRequest {
        url: "https://prompt.example/".to_owned(),
        query: Vec::new(),
        factor: Some("factor".to_owned()),
        token: None,
    };
    assert_eq!(run(text, input()).await.ending, Ending::Decided(Decision::Redirect(expected)));
    let text = r#"(func (export "on-login") (result i32) (call $fail «no»))"#;
    assert_eq!(run(text, input()).await.ending, Ending::Failed(Failure::Other("no".to_owned())));
    let text = r#"(func (export "on-login") (result i32) (call $unavailable «later»))"#;
    assert_eq!(run(text, input()).await.ending, Ending::Failed(Failure::Unavailable("later".to_owned())));
}

#[tokio::test]
async fn a_trap_says_what_happened_and_where() {
    let text = r#"(func $the-culprit (unreachable))
        (func (export "on-login") (result i32) (call $the-culprit) (call $continue))"#;
    let report = run(text, input()).await;
    assert_eq!(trap(&report).limit, None);
    assert_eq!(trap(&report).message, "action `face`: wasm `unreachable` instruction executed");
    assert!(trap(&report).backtrace[0].contains("the-culprit"), "{report:?}");
}

#[tokio::test]
async fn a_panic_says_what_happened_and_where() {
    let text = r#"(func $the-culprit (call $log.panic «panicked at src/lib.rs:3: no settings\n  left: 1»))
        (func (export "on-login") (result i32) (call $log.log (i32.const 1) «before» (i32.const 0) (i32.const 0))
          (call $the-culprit) (call $log.log (i32.const 1) «after» (i32.const 0) (i32.const 0)) (call $continue))"#;
    let report = run(text, input()).await;
    let trap = trap(&report);
    assert_eq!((trap.limit, trap.message.as_str()), (None, "action `face`: panicked at src/lib.rs:3: no settings"));
    assert_eq!(trap.backtrace[0], "left: 1");
    assert_eq!(own_frames(&trap.backtrace), ["left: 1", "the-culprit"], "{report:?}");
    assert_eq!(report.log.lines.len(), 1, "the call does not return");
}

/// A guest that is refused memory does not know of the limit, and may say anything.
#[tokio::test]
async fn a_panic_for_want_of_memory_names_the_limit() {
    let text = r#"(func (export "on-login") (result i32)
        (drop (memory.grow (i32.const 60000))) (call $log.panic «allocation failed») (call $continue))"#;
    let report = run(text, input()).await;
    assert_limit(&report, Limit::Memory);
    let message = &trap(&report).message;
    assert_eq!(message, "action `face`: memory spent (16,777,216): allocation failed");
}

/// P36: nothing of one run is left in the next.
#[tokio::test]
async fn a_global_never_survives_a_run() {
    let plugin = load(
        r#"(global $count (mut i32) (i32.const 0))
        (func (export "on-login") (result i32)
          (global.set $count (i32.add (global.get $count) (i32.const 1)))
          (i32.store (i32.const 20000) (i32.add (i32.load (i32.const 20000)) (i32.const 1)))
          (if (i32.ne (i32.add (global.get $count) (i32.load (i32.const 20000))) (i32.const 2)) (then (unreachable)))
          (call $continue))"#,
    );
    for _ in 0..1000 {
        assert_eq!(sandbox().run(&plugin, input()).await.ending, Ending::Decided(Decision::Continue));
    }
}

/// P23: the wall clock ends a run that fuel would let go on, and a run that waits for its place.
#[tokio::test]
async fn the_wall_clock_ends_a_run() {
    let spinner = load(r#"(func (export "on-login") (result i32) (loop (br 0)) (unreachable))"#);
    let input = with(input(), |action| {
        action.spec.budget.fuel = u64::MAX / 4;
        action.spec.budget.wall_clock = Duration::from_millis(100);
    });
    let started = Instant::now();
    let report = sandbox().run(&spinner, input).await;
    assert_eq!(report.ending, Ending::TimedOut);
    assert!(started.elapsed() >= Duration::from_millis(100) && started.elapsed() < Duration::from_secs(10));
}

/// Prints what a run of the smallest guest costs; a generous bound keeps it from failing on a busy machine.
#[tokio::test]
async fn a_trivial_run_is_cheap() {
    let plugin = load("");
    let mut times = Vec::new();
    let mut fuel = 0;
    for _ in 0..2000 {
        let input = input();
        let report = sandbox().run(&plugin, input).await;
        times.push(report.usage.duration);
        fuel = report.usage.fuel;
    }
    times.sort();
    println!("trivial run: fuel {fuel}, p50 {:?}, p99 {:?}", times[1000], times[1980]);
    assert!(times[1000] < Duration::from_millis(5));
}
