//! What a plugin finds that imports WASI: nothing of the machine, a clock in virtual time, its output in the log.

use crate::support::{input, load as load_without, run, sandbox, trap, with};
use crate::wasi_guests::{load, on_login, plugin};
use postlude_model::decision::Decision;
use postlude_model::names::Timestamp;
use postlude_model::run::{Ending, Level, Report, RunInput};
use postlude_sandbox::{Tier, inspect};
use std::time::Duration;

async fn run_wasi(body: &str, input: RunInput) -> Report {
    sandbox().run(&load(&on_login(body)), input).await
}

/// The lines that a guest logs by either way, each with its level.
async fn lines(body: &str) -> Vec<(Level, String)> {
    let report = run_wasi(body, input()).await;
    assert_eq!(report.ending, Ending::Decided(Decision::Continue));
    report.log.lines.into_iter().map(|line| (line.level, line.message)).collect()
}

fn with_wall_clock(milliseconds: u64) -> RunInput {
    with(input(), |action| action.spec.budget.wall_clock = Duration::from_millis(milliseconds))
}

#[test]
fn the_imports_say_the_tier() {
    assert_eq!(load_without("").tier(), Tier::ZeroWasi);
    assert_eq!(load("").tier(), Tier::ZeroWasi, "nothing of WASI is called, so nothing is imported");
    let bytes = plugin(&on_login("(drop (call $stdout.get-stdout))"));
    assert_eq!(sandbox().load(&bytes).unwrap().tier(), Tier::ClosedWasi);
    let inspected = inspect(&bytes);
    assert_eq!((inspected.tier, inspected.refused, inspected.foreign), (Tier::ClosedWasi, None, Vec::new()));
    assert_eq!(inspected.wasi, ["wasi:io/streams@0.2.3", "wasi:cli/stdout@0.2.3"]);
}

#[tokio::test]
async fn output_is_logged_line_by_line_and_the_last_line_with_the_end() {
    let body = r#"
        (local.set $n (call $stdout.get-stdout))
        (call $output-stream.write (local.get $n) «one\ntw» (global.get $out))
        (call $log.log (i32.const 0) «between» (i32.const 0) (i32.const 0))
        (call $output-stream.blocking-write-and-flush (local.get $n) «o\n\1b[31m\n» (global.get $out))
        (call $output-stream.write (local.get $n) «out's last» (global.get $out))
        (call $output-stream.flush (local.get $n) (global.get $out))
        (local.set $n (call $stderr.get-stderr))
        (call $output-stream.write (local.get $n) «err's last» (global.get $out))
        (call $output-stream.write-zeroes (local.get $n) (i64.const 1) (global.get $out))"#;
    let expected = [
        (Level::Info, "one"),
        (Level::Debug, "between"),
        (Level::Info, "two"),
        (Level::Info, r"\u{1b}[31m"),
        (Level::Info, "out's last"),
        (Level::Warn, r"err's last\u{0}"),
    ];
    assert_eq!(lines(body).await, expected.map(|(level, line)| (level, line.to_owned())));
}

/// What a guest wrote before it trapped is what its author looks for.
#[tokio::test]
async fn output_before_a_trap_is_kept() {
    let body = "(call $output-stream.write (call $stderr.get-stderr) «Traceback» (global.get $out)) (unreachable)";
    let report = run_wasi(body, input()).await;
    assert_eq!(report.log.lines[0].message, "Traceback");
    assert_eq!(trap(&report).limit, None);
}

/// P28: everything that a program looks for when it starts: there is none of it.
#[tokio::test]
async fn there_is_no_environment_no_folder_and_no_terminal() {
    let list = |call: &str| {
        format!("(call {call} (global.get $out)) (call $is (i32.load offset=4 (global.get $out)) (i32.const 0))")
    };
    let option = |call: &str| {
        format!("(call {call} (global.get $out)) (call $is (i32.load8_u (global.get $out)) (i32.const 0))")
    };
    let body = [
        list("$environment.get-environment"),
        list("$environment.get-arguments"),
        option("$environment.initial-cwd"),
        list("$preopens.get-directories"),
        option("$terminal-stdin.get-terminal-stdin"),
        option("$terminal-stdout.get-terminal-stdout"),
        option("$terminal-stderr.get-terminal-stderr"),
    ];
    check(&body.concat()).await;
}

/// Input is at its end: a read fails with the stream error `closed`, the second case.
#[tokio::test]
async fn input_is_at_its_end() {
    let closed = |call: &str| {
        format!(
            "(call {call} (global.get $out)) (call $is (i32.load8_u (global.get $out)) (i32.const 1))
             (call $is (i32.load8_u offset=AT (global.get $out)) (i32.const 1))"
        )
    };
    let read = closed("$input-stream.read (local.get $n) (i64.const 9)").replace("AT", "4");
    let skip = closed("$input-stream.blocking-skip (local.get $n) (i64.const 9)").replace("AT", "8");
    let splice =
        closed("$output-stream.splice (call $stdout.get-stdout) (local.get $n) (i64.const 9)").replace("AT", "8");
    check(&format!("(local.set $n (call $stdin.get-stdin)) {read} {skip} {splice}")).await;
}

/// P28: case 1 of the errors of `wasi:sockets` is `access-denied`.
#[tokio::test]
async fn the_network_denies_access() {
    let denied = |call: &str| {
        format!(
            "(call {call} (global.get $out)) (call $is (i32.load8_u (global.get $out)) (i32.const 1))
             (call $is (i32.load8_u offset=4 (global.get $out)) (i32.const 1))"
        )
    };
    let body = [
        denied("$tcp-create-socket.create-tcp-socket (i32.const 0)"),
        denied("$udp-create-socket.create-udp-socket (i32.const 1)"),
        denied("$ip-name-lookup.resolve-addresses (call $instance-network.instance-network) «localhost»"),
    ];
    check(&body.concat()).await;
}

/// Runs a body that compares with `$is` and traps at a difference.
async fn check(body: &str) {
    let is = "(func $is (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then (unreachable))))";
    let report = sandbox().run(&load(&format!("{is} {}", on_login(body))), input()).await;
    assert_eq!(report.ending, Ending::Decided(Decision::Continue), "{body}");
}

/// P28: no handle of a file or socket exists, so that their methods cannot be called: nor with the handle of something else.
#[tokio::test]
async fn no_guest_can_touch_a_file_or_a_socket() {
    for handle in
        ["(i32.const 0)", "(i32.const 1)", "(call $stdout.get-stdout)", "(call $instance-network.instance-network)"]
    {
        for call in
            ["$descriptor.unlink-file-at H «/etc/passwd»", "$tcp-socket.finish-bind H", "$error.to-debug-string H"]
        {
            let report = run_wasi(&format!("(call {} (global.get $out))", call.replace('H', handle)), input()).await;
            let message = &trap(&report).message;
            assert!(message.contains("handle"), "{call} {handle}: {message}");
        }
    }
}

/// A runtime that knows nothing of the contract reports a panic on standard error, and ends.
#[tokio::test]
async fn what_was_said_on_standard_error_is_what_the_trap_says() {
    let body = r"(call $output-stream.write (call $stderr.get-stderr)
        «panic: index out of range\n\ngoroutine 1 [running]:\nmain.check(...)\n» (global.get $out)) (unreachable)";
    let report = run_wasi(body, input()).await;
    let message = "action `face`: panic: index out of range (wasm `unreachable` instruction executed)";
    assert_eq!(trap(&report).message, message);
    assert_eq!(report.log.lines.len(), 4, "all of it is in the log too: {:?}", report.log);
}

#[tokio::test]
async fn an_exit_is_no_decision() {
    for (call, status) in
        [("$exit.exit (i32.const 0)", 0), ("$exit.exit (i32.const 1)", 1), ("$exit.exit-with-code (i32.const 7)", 7)]
    {
        let body = format!("(call $claims.add-scope «read» (global.get $out)) (call {call})");
        let report = run_wasi(&body, input()).await;
        let message = format!(
            "action `face`: the plugin ended itself with exit status {status} and decided nothing; return a decision or a failure instead"
        );
        assert_eq!(trap(&report).message, message);
    }
}

const SECOND: u64 = 1_000_000_000;

/// Waits for a timer, then logs what both clocks show, less the virtual start.
fn sleeping(nanoseconds: u64) -> String {
    format!(
        r#"(call $pollable.block (call $monotonic-clock.subscribe-duration (i64.const {nanoseconds})))
        (call $wall-clock.now (global.get $out))
        (call $number (i64.load (global.get $out)))
        (call $number (i64.load32_u offset=8 (global.get $out)))
        (call $number (call $monotonic-clock.now))
        (call $number (call $clock.now))"#
    )
}

/// Logs a number in decimal.
const NUMBER: &str = r#"
    (func $number (param $of i64) (local $at i32)
      (local.set $at (i32.const 740))
      (loop
        (local.set $at (i32.sub (local.get $at) (i32.const 1)))
        (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $of) (i64.const 10)))))
        (local.set $of (i64.div_u (local.get $of) (i64.const 10)))
        (br_if 0 (i64.ne (local.get $of) (i64.const 0))))
      (call $say (local.get $at) (i32.sub (i32.const 740) (local.get $at))))"#;

/// P52: a guest that sleeps sees the time pass, on WASI's clocks, and nobody waits for it.
#[tokio::test]
async fn time_passes_for_whoever_waits_and_nobody_waits_for_real() {
    let plugin = load(&format!("{NUMBER} {}", on_login(&sleeping(50 * SECOND + 900_000_000))));
    let input = RunInput { now: Timestamp(1_795_000_000_123), ..input() };
    let report = sandbox().run(&plugin, input).await;
    let logged: Vec<_> = report.log.lines.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(logged, ["1795000051", "23000000", "51900000000", "1795000000123"]);
    assert!(report.usage.duration < Duration::from_secs(50), "{report:?}");
}

/// A poll answers with everything that is ready, in order, and moves time to the earliest timer alone.
#[tokio::test]
async fn a_poll_jumps_to_the_earliest_timer() {
    let timer = |at: u32, n: u64| {
        format!("(i32.store (i32.const {at}) (call $monotonic-clock.subscribe-duration (i64.const {n})))")
    };
    let poll = r#"
        (call $poll.poll (i32.const 900) (i32.const 3) (global.get $out))
        (call $number (i64.load32_u offset=4 (global.get $out)))
        (call $number (i64.load32_u (i32.load (global.get $out))))
        (call $number (i64.load32_u offset=4 (i32.load (global.get $out))))
        (call $number (call $monotonic-clock.now))"#;
    let ready = "(i32.store (i32.const 908) (call $output-stream.subscribe (call $stdout.get-stdout)))";
    let body =
        [&timer(900, 30), &timer(904, 10), &timer(908, 10), poll, ready, poll].map(|part| part.to_owned()).concat();
    let report = sandbox().run(&load(&format!("{NUMBER} {}", on_login(&body))), input()).await;
    let logged: Vec<_> = report.log.lines.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(logged, ["2", "1", "2", "1000000010", "2", "1", "2", "1000000010"]);
}

/// P52, P70: a guest that sleeps past the end of its run is told so, each time at the same instruction.
#[tokio::test]
async fn a_long_sleep_is_refused_by_name() {
    for waits in [
        "(call $pollable.block (call $monotonic-clock.subscribe-duration (i64.const 3600000000000)))",
        "(loop (call $pollable.block (call $monotonic-clock.subscribe-duration (i64.const 200000000))) (br 0))",
        "(i32.store (i32.const 900) (call $monotonic-clock.subscribe-instant (i64.const -1)))
         (call $poll.poll (i32.const 900) (i32.const 1) (global.get $out))",
    ] {
        let plugin = load(&on_login(waits));
        let first = sandbox().run(&plugin, with_wall_clock(2000)).await;
        let message = "action `face`: the plugin waits for a timer for longer than a run may take (2000 ms)";
        assert_eq!((trap(&first).message.as_str(), trap(&first).limit), (message, None));
        let again = sandbox().run(&plugin, with_wall_clock(2000)).await;
        assert_eq!((again.usage.fuel, again.ending), (first.usage.fuel, first.ending));
    }
}

/// P52: random numbers come from the seed, and those of WASI and of the contract do not depend on each other.
#[tokio::test]
async fn random_numbers_are_of_the_seed_and_of_their_own() {
    let wasi = r#"(call $random.get-random-bytes (i64.const 16) (global.get $out))
        (i64.store (i32.const 700) (i64.and (i64.load (i32.load (global.get $out))) (i64.const 0x3f3f3f3f3f3f3f3f)))
        (call $say (i32.const 700) (i32.const 8))"#;
    let ours = wasi.replace("$random.get-random-bytes (i64.const 16)", "$random.bytes (i32.const 16)");
    let others = [
        "(drop (call $random.get-random-u64))",
        "(drop (call $insecure.get-insecure-random-u64))",
        "(call $insecure-seed.insecure-seed (global.get $out))",
        "(call $insecure.get-insecure-random-bytes (i64.const 3) (global.get $out))",
    ];
    let said = |lines: Vec<(Level, String)>| lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>();
    let first = said(lines(wasi).await);
    assert_eq!(said(lines(wasi).await), first);
    let contract = run(&on_login(&ours), input()).await.log.lines.remove(0).message;
    assert_ne!(first, std::slice::from_ref(&contract));
    for other in others {
        assert_ne!(said(lines(&format!("{other} {wasi}")).await), first, "{other}");
        assert_eq!(said(lines(&format!("{other} {ours}")).await), std::slice::from_ref(&contract), "{other}");
    }
    let seeded = run_wasi(wasi, RunInput { seed: [1; 32], ..input() }).await;
    assert_ne!(seeded.log.lines[0].message, first[0]);
}
