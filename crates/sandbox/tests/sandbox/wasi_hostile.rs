//! Hostile guests that import WASI: each ends at a limit, and by its name.

use crate::support::{assert_limit, input, sandbox, trap, with};
use crate::wasi_guests::{load, on_login};
use postlude_model::decision::Decision;
use postlude_model::limits;
use postlude_model::run::{Ending, Limit, Report};

/// Runs an attack twice: it ends the same way.
async fn attack(body: &str) -> Report {
    let plugin = load(&on_login(body));
    let report = sandbox().run(&plugin, input()).await;
    let again = sandbox().run(&plugin, input()).await;
    assert_eq!((&again.ending, again.usage.fuel, &again.log), (&report.ending, report.usage.fuel, &report.log));
    report
}

/// P01: time stands still for a guest that polls what is ready.
#[tokio::test]
async fn an_endless_poll_loop_spends_its_fuel() {
    let ready = "(i32.store (i32.const 900) (call $output-stream.subscribe (call $stdout.get-stdout)))";
    for poll in [
        "(call $poll.poll (i32.const 900) (i32.const 1) (global.get $out)) (global.set $heap (i32.const 32768))",
        "(call $pollable.block (i32.load (i32.const 900)))",
        "(drop (call $pollable.ready (i32.load (i32.const 900))))",
        "(drop (call $monotonic-clock.now))",
    ] {
        assert_limit(&attack(&format!("{ready} (loop {poll} (br 0))")).await, Limit::Fuel);
    }
}

#[tokio::test]
async fn a_poll_of_nothing_is_a_trap() {
    let report = attack("(call $poll.poll (i32.const 900) (i32.const 0) (global.get $out))").await;
    assert_eq!(trap(&report).message, "action `face`: the plugin polls an empty list, which never becomes ready");
}

/// P19: each entry of a list is a handle that the host would look up.
#[tokio::test]
async fn a_huge_poll_list_is_refused() {
    let fill = "(memory.grow (i32.const 64)) (drop) (local.set $n (i32.const 131072))
        (i32.store (i32.const 900) (call $output-stream.subscribe (call $stdout.get-stdout)))
        (loop (i32.store (local.get $n) (i32.load (i32.const 900)))
          (local.set $n (i32.add (local.get $n) (i32.const 4))) (br_if 0 (i32.lt_u (local.get $n) (i32.const 4194304))))";
    let report =
        attack(&format!("{fill} (call $poll.poll (i32.const 131072) (i32.const 1000000) (global.get $out))")).await;
    assert_limit(&report, Limit::HostCallBytes);
    let poll = |n: usize| {
        format!(
            "{fill} (loop (global.set $heap (i32.const 32768)) (call $poll.poll (i32.const 131072) (i32.const {n}) (global.get $out)) (br 0))"
        )
    };
    assert_limit(&attack(&poll(20_000)).await, Limit::Handles);
    let report = attack(&poll(limits::CLOSED_WASI_HANDLES / 2)).await;
    assert_limit(&report, Limit::Fuel);
    assert!(report.usage.host_calls < 200, "{report:?}");
}

/// P15: the log keeps its first lines, and what is thrown away is paid for.
#[tokio::test]
async fn a_flood_on_the_outputs_ends_at_a_limit() {
    let write = "(call $output-stream.write (local.get $n) (i32.const 1024) (i32.const LENGTH) (global.get $out))";
    let flood = |length: &str| {
        let write = write.replace("LENGTH", length);
        format!(
            "(local.set $n (call $stderr.get-stderr)) (memory.fill (i32.const 1024) (i32.const 10) (i32.const 4096)) (loop {write} (br 0))"
        )
    };
    let report = attack(&flood("4096")).await;
    assert_limit(&report, Limit::HostCallBytes);
    assert_eq!(report.log.lines.len(), limits::LOG_LINES);
    assert!(report.log.dropped > 1_000_000 - 5000, "{}", report.log.dropped);
    let report = attack(&flood("0")).await;
    assert_limit(&report, Limit::Fuel);
    let report =
        attack("(call $output-stream.write (call $stdout.get-stdout) (i32.const 0) (i32.const -1) (global.get $out))")
            .await;
    assert!(matches!(report.ending, Ending::Trapped(_)), "{report:?}");
}

/// P15: one endless line is cut into lines of the log.
#[tokio::test]
async fn an_endless_line_is_bounded() {
    let body =
        "(local.set $n (call $stdout.get-stdout)) (memory.fill (i32.const 1024) (i32.const 120) (i32.const 4096))
        (loop (call $output-stream.write (local.get $n) (i32.const 1024) (i32.const 4096) (global.get $out)) (br 0))";
    let report = attack(body).await;
    assert_limit(&report, Limit::HostCallBytes);
    assert!(report.log.dropped > 0, "what was cut is counted: {:?}", report.log.dropped);
    assert!(report.log.lines.iter().all(|line| line.message.len() == 8192), "{:?}", report.log.lines.len());
    assert_eq!(report.log.lines.len(), limits::LOG_BYTES / 8192);
}

#[tokio::test]
async fn more_zeroes_than_a_write_may_have_are_a_trap() {
    for n in ["4097", "-1"] {
        let call =
            format!("(call $output-stream.write-zeroes (call $stdout.get-stdout) (i64.const {n}) (global.get $out))");
        let report = attack(&call).await;
        assert!(trap(&report).message.contains("zeroes at once, the stream takes 4096 bytes"), "{report:?}");
    }
}

/// P27.
#[tokio::test]
async fn a_random_flood_ends_at_its_limit() {
    for call in [
        "(call $random.get-random-bytes (i64.const 1024) (global.get $out))",
        "(call $insecure.get-insecure-random-bytes (i64.const -1) (global.get $out))",
        "(drop (call $random.get-random-u64))",
        "(call $insecure-seed.insecure-seed (global.get $out))",
    ] {
        assert_limit(&attack(&format!("(loop {call} (br 0))")).await, Limit::RandomBytes);
    }
}

/// P19: handles of streams and timers count, and those that are dropped count no more.
#[tokio::test]
async fn a_handle_flood_ends_at_its_limit() {
    let timer = "(call $monotonic-clock.subscribe-duration (i64.const 0))";
    for handle in
        [timer, "(call $stdout.get-stdout)", "(call $stdin.get-stdin)", "(call $instance-network.instance-network)"]
    {
        let report = attack(&format!("(loop (drop {handle}) (br 0))")).await;
        assert_limit(&report, Limit::Handles);
        assert_eq!(trap(&report).message, "action `face`: handles spent (512)");
    }
    let churn = format!(
        "(loop (call $drop.pollable {timer}) (local.set $n (i32.add (local.get $n) (i32.const 1)))
         (br_if 0 (i32.lt_u (local.get $n) (i32.const 2000))))"
    );
    assert_eq!(attack(&churn).await.ending, Ending::Decided(Decision::Continue));
    let cheap = with(input(), |action| action.spec.budget.fuel = 2000 * 6000);
    let report = sandbox().run(&load(&on_login(&churn)), cheap).await;
    assert_limit(&report, Limit::Fuel);
}
