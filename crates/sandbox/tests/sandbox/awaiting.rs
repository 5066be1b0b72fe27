//! Plugins whose exports are async functions.

use crate::support::{assert_limit, input, sandbox, trap, with};
use crate::wasi_guests::{awaiting, awaiting_nothing};
use postlude_model::decision::Decision;
use postlude_model::run::{Ending, Limit, Phase, Report, RunInput};
use postlude_sandbox::{Tier, Vouched, precompile};
use std::time::Duration;

/// Codes that an async function returns to its host: it is done, it lets others go first, it waits for a set.
const DONE: &str = "(i32.const 0)";
const YIELD: &str = "(i32.const 1)";
const WAIT: &str = "(i32.or (i32.const 2) (i32.shl (call $waitable-set.new) (i32.const 4)))";
/// Answers `continue`.
const CONTINUE: &str = "(call $return (call $continue))";

async fn run(body: &str, callback: &str) -> Report {
    let plugin = sandbox().load(&awaiting(body, callback)).unwrap();
    sandbox().run(&plugin, input()).await
}

#[tokio::test]
async fn an_async_function_answers_at_once_or_later() {
    for (body, callback) in [
        (format!("{CONTINUE} {DONE}"), "(unreachable)".to_owned()),
        (YIELD.to_owned(), format!("{CONTINUE} {DONE}")),
        (format!("{CONTINUE} {YIELD}"), DONE.to_owned()),
    ] {
        let report = run(&body, &callback).await;
        assert_eq!(report.ending, Ending::Decided(Decision::Continue), "{body}");
    }
}

/// P22: a trap between the answer and the first wait is a trap. From that wait on nothing of the plugin is run any more: no effect, no line, no
/// trap, however often it is tried.
#[tokio::test]
async fn nothing_is_run_after_the_answer() {
    let report = run(&format!("{CONTINUE} (unreachable)"), DONE).await;
    assert_eq!(trap(&report).message, "action `face`: wasm `unreachable` instruction executed");
    let acts = "(call $log.log (i32.const 1) «after» (i32.const 0) (i32.const 0))
        (call $claims.add-scope «read» (global.get $out)) (unreachable)";
    for waits in [YIELD, WAIT] {
        let plugin = sandbox().load(&awaiting(&format!("{CONTINUE} {waits}"), acts)).unwrap();
        for _ in 0..20 {
            let report = sandbox().run(&plugin, input()).await;
            assert_eq!(report.ending, Ending::Decided(Decision::Continue), "{waits}");
            assert!(report.log.lines.is_empty() && report.commands.is_empty(), "{waits}: {report:?}");
        }
    }
}

/// Functions of the async type that are lifted like any other.
#[tokio::test]
async fn an_async_function_need_not_await() {
    let plugin = sandbox().load(&awaiting_nothing()).unwrap();
    assert_eq!(plugin.tier(), Tier::ZeroWasi);
    for phase in Phase::ALL {
        let report = sandbox().run(&plugin, RunInput { phase, ..input() }).await;
        assert_eq!(report.ending, Ending::Decided(Decision::Continue));
    }
    assert!(sandbox().try_start(&plugin, &input().action).await.is_ok());
}

/// Host functions stay plain ones, and what the plugin did before and after it waited is reported.
#[tokio::test]
async fn host_functions_are_called_from_async_functions() {
    let say = |text: &str| format!("(call $log.log (i32.const 1) «{text}» (i32.const 0) (i32.const 0))");
    let report = run(&format!("{} {YIELD}", say("before")), &format!("{} {CONTINUE} {DONE}", say("after"))).await;
    let lines: Vec<_> = report.log.lines.iter().map(|line| line.message.as_str()).collect();
    assert_eq!((lines, report.usage.host_calls), (vec!["before", "after"], 2));
}

/// P70: nothing will ever wake the plugin, which is known at once and not after its time.
#[tokio::test]
async fn waiting_for_nothing_is_a_trap_by_name() {
    let report = run(WAIT, "(unreachable)").await;
    let message = "action `face`: the plugin awaits what never happens";
    assert_eq!((trap(&report).message.as_str(), trap(&report).limit), (message, None));
    assert!(report.usage.duration < Duration::from_secs(50), "{report:?}");
}

/// P01, P71.
#[tokio::test]
async fn a_trap_fuel_and_memory_end_an_async_function_too() {
    let report = run("(unreachable)", DONE).await;
    assert_eq!(trap(&report).message, "action `face`: wasm `unreachable` instruction executed");
    assert_limit(&run("(loop (br 0)) (unreachable)", DONE).await, Limit::Fuel);
    let report = run(YIELD, YIELD).await;
    assert_eq!(trap(&report).message, "action `face`: the plugin yields more than 10000 times instead of answering");
    assert_limit(&run(&format!("(loop (drop (call $waitable-set.new)) (br 0)) {DONE}"), DONE).await, Limit::Handles);
    let grow = "(drop (memory.grow (i32.const 1000))) (unreachable)";
    assert_limit(&run(grow, DONE).await, Limit::Memory);
    let twice = run(&format!("{CONTINUE} {CONTINUE} {DONE}"), DONE).await;
    assert!(matches!(twice.ending, Ending::Trapped(_)), "{twice:?}");
}

#[tokio::test]
async fn the_wall_clock_ends_an_async_function() {
    let plugin = sandbox().load(&awaiting("(loop (br 0)) (unreachable)", DONE)).unwrap();
    let short = with(input(), |action| {
        action.spec.budget.wall_clock = Duration::from_millis(50);
        action.spec.budget.fuel = u64::MAX / 2;
    });
    assert_eq!(sandbox().run(&plugin, short).await.ending, Ending::TimedOut);
}

/// P52.
#[tokio::test]
async fn the_same_input_gives_the_same_report() {
    let plugin = sandbox().load(&awaiting(YIELD, &format!("{CONTINUE} {DONE}"))).unwrap();
    let timeless = |mut report: Report| {
        (report.usage.duration, report.usage.waited) = (Duration::ZERO, Duration::ZERO);
        format!("{report:?}")
    };
    let first = timeless(sandbox().run(&plugin, input()).await);
    for _ in 0..10 {
        assert_eq!(timeless(sandbox().run(&plugin, input()).await), first);
    }
}

/// Code that was compiled apart runs on the engine that it was compiled for.
#[tokio::test]
async fn code_of_an_async_plugin_is_kept_and_loaded() {
    let bytes = awaiting(&format!("{CONTINUE} {DONE}"), "(unreachable)");
    let code = precompile(&bytes).unwrap();
    assert_eq!(sandbox().compile(&bytes).unwrap().len(), code.len());
    let digest = sandbox().load(&bytes).unwrap().digest();
    let plugin = sandbox().load_code(digest, Vouched::new(&code)).unwrap();
    assert_eq!(sandbox().run(&plugin, input()).await.ending, Ending::Decided(Decision::Continue));
}
