//! Hostile guests: each ends at the limit that it attacks, its neighbours answer meanwhile, and the next run is normal.

use crate::guests;
use crate::support::{assert_limit, input, load, run, sandbox, trap, with};
use postlude_model::decision::Decision;
use postlude_model::limits;
use postlude_model::run::{Ending, Limit, Report, Usage};
use postlude_sandbox::{LoadError, RunLimits, Sandbox, SandboxConfig};
use std::time::{Duration, Instant};

/// Runs an attack with a neighbour at its side, and one normal run after it.
pub async fn attack(text: &str) -> Report {
    let (hostile, kind) = (load(text), load(""));
    let neighbour = tokio::spawn({
        let kind = kind.clone();
        async move { sandbox().run(&kind, input()).await.ending }
    });
    let report = sandbox().run(&hostile, input()).await;
    assert_eq!(neighbour.await.unwrap(), Ending::Decided(Decision::Continue));
    assert_eq!(sandbox().run(&kind, input()).await.ending, Ending::Decided(Decision::Continue));
    report
}

pub fn on_login(body: &str) -> String {
    format!("(func (export \"on-login\") (result i32) {body} (call $continue))")
}

/// P01: the same fuel every time.
#[tokio::test]
async fn an_endless_loop_spends_its_fuel() {
    let text = on_login("(loop (br 0))");
    let report = attack(&text).await;
    assert_limit(&report, Limit::Fuel);
    assert_eq!(trap(&report).message, "action `face`: fuel spent (50,000,000)");
    let plugin = load(&text);
    for _ in 0..10 {
        assert_eq!(sandbox().run(&plugin, input()).await.usage.fuel, report.usage.fuel);
    }
}

/// P02.
#[tokio::test]
async fn an_endless_loop_in_start_spends_its_fuel() {
    assert_limit(&attack("(start $spin) (func $spin (loop (br 0)))").await, Limit::Fuel);
}

/// P03: the host calls `cabi_realloc` to hand over a text.
#[tokio::test]
async fn an_endless_loop_in_realloc_spends_its_fuel() {
    let text = r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (loop (br 0)) (i32.const 0))"#;
    assert_limit(&attack(&format!("{text} {}", on_login("(call $login.id (global.get $out))"))).await, Limit::Fuel);
}

/// P03.
#[tokio::test]
async fn an_endless_loop_in_post_return_spends_its_fuel() {
    let text = r#"(func (export "cabi_post_on-login") (param i32) (loop (br 0)))"#;
    assert_limit(&attack(text).await, Limit::Fuel);
}

/// P22.
#[tokio::test]
async fn a_trap_in_post_return_is_a_trap() {
    let report = attack(r#"(func (export "cabi_post_on-login") (param i32) (unreachable))"#).await;
    assert_eq!(trap(&report).limit, None);
}

/// P04: bulk operations cost at least a unit per byte.
#[tokio::test]
async fn bulk_memory_pays_by_the_byte() {
    let fill = "(memory.fill (i32.const 0) (i32.const 0) (i32.const 1048576))";
    let report = run(&format!("(memory (export \"memory\") 16) {}", on_login(fill)), input()).await;
    assert!(report.usage.fuel >= 1 << 20, "{report:?}");
    let report =
        attack(&format!("(memory (export \"memory\") 16) {}", on_login(&format!("(loop {fill} (br 0))")))).await;
    assert_limit(&report, Limit::Fuel);
}

/// P05: the guest sees -1 and gives up in its own way; the limiter knows why.
#[tokio::test]
async fn a_memory_bomb_ends_at_its_limit() {
    let grow = "(loop (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (unreachable))) (br 0))";
    let report = attack(&on_login(grow)).await;
    assert_limit(&report, Limit::Memory);
    assert_eq!(trap(&report).message, "action `face`: memory spent (16,777,216)");
    assert_eq!(report.usage.memory_bytes, limits::MEMORY_BYTES);
}

/// P05.
#[tokio::test]
async fn growing_costs_fuel() {
    let report = run(&on_login("(drop (memory.grow (i32.const 200)))"), input()).await;
    assert!(report.usage.fuel > 200 * 255, "{report:?}");
}

/// P05: a memory that is too large from the start is never made.
#[tokio::test]
async fn a_large_initial_memory_is_refused() {
    assert_limit(&attack("(memory (export \"memory\") 257)").await, Limit::Memory);
    let fits = run("(memory (export \"memory\") 256)", input()).await;
    assert_eq!(fits.ending, Ending::Decided(Decision::Continue));
    let largest = sandbox().load(&guests::plugin("(memory (export \"memory\") 65536)").unwrap());
    assert_eq!(largest.err(), Some(LoadError::Memory { bytes: 4 << 30, limit: 256 << 20 }));
}

/// A refused memory is no reason to stop a guest that can do without, nor to blame it for a later trap of another kind.
#[tokio::test]
async fn a_guest_may_carry_on_without_more_memory() {
    let grow = "(drop (memory.grow (i32.const 1000)))";
    assert_eq!(attack(&on_login(grow)).await.ending, Ending::Decided(Decision::Continue));
    assert_limit(&attack(&on_login(&format!("{grow} (loop (br 0))"))).await, Limit::Fuel);
}

/// P06.
#[tokio::test]
async fn a_table_bomb_ends_at_its_limit() {
    let grow = "(if (i32.eq (table.grow $t (ref.null func) (i32.const 20000)) (i32.const -1)) (then (unreachable)))";
    assert_limit(&attack(&format!("(table $t 1 funcref) {}", on_login(grow))).await, Limit::TableElements);
    let many = "(table 10000000 funcref)".repeat(100);
    let error = sandbox().load(&guests::plugin(&many).unwrap()).unwrap_err();
    assert!(matches!(error, LoadError::TooMany { what: "tables" | "table elements", .. }), "{error}");
}

/// P08.
#[test]
fn thousands_of_instances_are_refused_at_once() {
    let text = format!("(component (core module $m) {})", "(core instance (instantiate $m))".repeat(5000));
    let bytes = guests::with_manifest(&guests::binary(&text).unwrap(), guests::MANIFEST);
    let started = Instant::now();
    let error = sandbox().load(&bytes).unwrap_err();
    assert_eq!(error, LoadError::TooMany { what: "instances", count: 21, limit: 20 });
    assert!(started.elapsed() < Duration::from_secs(2));
}

/// P08: nested components multiply without repeating.
#[test]
fn multiplied_instances_are_refused() {
    let mut text = "(component $c0 (core module $m) (core instance (instantiate $m)))".to_owned();
    for level in 1..9 {
        let inner = format!("(instance (instantiate $c{0})) (instance (instantiate $c{0}))", level - 1);
        text = format!("(component $c{level} {text} {inner})");
    }
    let bytes = guests::with_manifest(&guests::binary(&text).unwrap(), guests::MANIFEST);
    assert!(sandbox().load(&bytes).is_err());
}

/// P09: many at once, each a trap.
#[tokio::test]
async fn deep_recursion_is_a_trap() {
    let plugin = load(&format!(
        "(func $f (param i32) (call $f (local.get 0)) (call $f (local.get 0))) {}",
        on_login("(call $f (i32.const 1))")
    ));
    let runs: Vec<_> = (0..100)
        .map(|_| {
            let plugin = plugin.clone();
            tokio::spawn(async move { sandbox().run(&plugin, input()).await })
        })
        .collect();
    for run in runs {
        assert_limit(&run.await.unwrap(), Limit::Stack);
    }
}

/// P10: at every depth of the stack, up to its end, a host function still has room.
#[tokio::test]
async fn a_host_call_at_the_edge_of_the_stack_is_safe() {
    let text = format!(
        "(func $f (call $log.log (i32.const 1) «deep» (i32.const 0) (i32.const 0))
           (call $event.get «/user» (global.get $out)) (call $f) (call $f)) {}",
        on_login("(call $f)")
    );
    let spent = run(&text, with(input(), |action| action.spec.budget.fuel = u64::MAX / 4)).await;
    assert!(matches!(trap(&spent).limit, Some(Limit::Stack | Limit::HostCallBytes)), "{spent:?}");
}

/// P11.
#[tokio::test]
async fn a_huge_text_to_the_host_is_refused() {
    let log = "(call $log.log (i32.const 1) (i32.const 0) (i32.const 2097152) (i32.const 0) (i32.const 0))";
    let report = attack(&format!("(memory (export \"memory\") 40) {}", on_login(log))).await;
    assert_limit(&report, Limit::HostCallBytes);
}

/// P15.
#[tokio::test]
async fn a_log_flood_keeps_its_first_lines() {
    let report =
        attack(&on_login("(loop (call $log.log (i32.const 1) «flood» (i32.const 0) (i32.const 0)) (br 0))")).await;
    assert!(matches!(trap(&report).limit, Some(Limit::Fuel | Limit::HostCallBytes)), "{report:?}");
    assert_eq!(report.log.lines.len(), limits::LOG_LINES);
    assert!(report.log.dropped > 1000);
}

/// P17: a guest that only calls the host gets no more time than its fuel says.
#[tokio::test]
async fn host_call_spam_spends_its_fuel() {
    let report = attack(&on_login("(loop (drop (call $clock.now)) (br 0))")).await;
    assert_limit(&report, Limit::Fuel);
    assert!(report.usage.host_calls < 20_000, "{report:?}");
}

/// P18: a host function that reads much pays for it.
#[tokio::test]
async fn costly_host_calls_spend_their_fuel() {
    let report = attack(&on_login("(loop (call $event.get «/user» (global.get $out)) (br 0))")).await;
    assert_limit(&report, Limit::Fuel);
}

/// P21: the trap is reported; dropping the effects is the pipeline's part.
#[tokio::test]
async fn effects_before_a_trap_do_not_hide_it() {
    let report = attack(&on_login("(call $claims.add-scope «read» (global.get $out)) (unreachable)")).await;
    assert_eq!(trap(&report).limit, None);
    assert_eq!(report.commands.len(), 1);
}

/// P24: dropped futures give their places back.
#[tokio::test]
async fn cancelled_runs_leave_nothing_behind() {
    let sandbox = Sandbox::new(SandboxConfig::single()).unwrap();
    let spinner = sandbox.load(&guests::plugin(&on_login("(loop (br 0))")).unwrap()).unwrap();
    let endless = || with(input(), |action| action.spec.budget.fuel = u64::MAX / 4);
    for _ in 0..300 {
        let run = sandbox.run(&spinner, endless());
        assert!(tokio::time::timeout(Duration::from_micros(300), run).await.is_err());
    }
    let kind = sandbox.load(&guests::plugin("").unwrap()).unwrap();
    assert_eq!(sandbox.run(&kind, input()).await.ending, Ending::Decided(Decision::Continue));
}

/// P25: more spinners than places; a neighbour in the same thread still answers, and who finds no place in time is told so.
#[tokio::test]
async fn spinners_yield_and_the_queue_has_a_deadline() {
    let config = SandboxConfig::default().with_places(4);
    let runs = RunLimits { max_wait: Duration::from_millis(500), ..config.runs };
    let sandbox = Sandbox::new(SandboxConfig { runs, cores: 1, ..config }).unwrap();
    let spinner = sandbox.load(&guests::plugin(&on_login("(loop (br 0))")).unwrap()).unwrap();
    let kind = sandbox.load(&guests::plugin("").unwrap()).unwrap();
    let loud = sandbox.share("loud", 1);
    let endless = || {
        with(input(), |action| {
            action.spec.budget.fuel = u64::MAX / 4;
            action.spec.budget.wall_clock = Duration::from_millis(900);
        })
    };
    let spawn = || {
        let (sandbox, loud, spinner, input) = (sandbox.clone(), loud.clone(), spinner.clone(), endless());
        tokio::spawn(async move { sandbox.run_for(&loud, &spinner, Box::new(input)).await.ending })
    };
    let spinners: Vec<_> = (0..3).map(|_| spawn()).collect();
    for _ in 0..20 {
        let report = sandbox.run(&kind, input()).await;
        assert_eq!(report.ending, Ending::Decided(Decision::Continue));
    }
    // Two of the four places are the spinners': one tenant may not have more. None is left for the third, and nobody's time is up.
    let mut endings = Vec::new();
    for spinner in spinners {
        endings.push(spinner.await.unwrap());
    }
    assert!(endings.contains(&Ending::Busy), "{endings:?}");
    assert!(sandbox.run(&kind, input()).await.usage.waited < Duration::from_millis(500));
    assert_eq!(sandbox.places(), (4, 4));
}

/// P25: what a run waits for its turns is not its own time: two spinners on one core have as much each.
#[tokio::test]
async fn waiting_for_a_turn_is_not_the_runs_own_time() {
    let config = SandboxConfig::default();
    let runs = RunLimits { max_wait: Duration::from_secs(60), ..config.runs };
    let sandbox = Sandbox::new(SandboxConfig { runs, cores: 1, ..config }).unwrap();
    let spinner = sandbox.load(&guests::plugin(&on_login("(loop (br 0))")).unwrap()).unwrap();
    let spawn = || {
        let (sandbox, spinner) = (sandbox.clone(), spinner.clone());
        let endless = with(input(), |action| {
            action.spec.budget.fuel = u64::MAX / 4;
            action.spec.budget.wall_clock = Duration::from_millis(200);
        });
        tokio::spawn(async move { sandbox.run(&spinner, endless).await })
    };
    let began = Instant::now();
    let (one, two) = (spawn(), spawn());
    let mut waited = Duration::ZERO;
    for report in [one.await.unwrap(), two.await.unwrap()] {
        assert_eq!(report.ending, Ending::TimedOut);
        assert!(report.usage.duration >= Duration::from_millis(150), "{:?}", report.usage);
        waited += report.usage.waited;
    }
    // Were waiting its own time, both would have ended after 200 ms. How long a turn takes is the machine's matter: one may wait much
    // less than the other.
    assert!(began.elapsed() >= Duration::from_millis(350), "{:?}", began.elapsed());
    assert!(waited >= Duration::from_millis(150), "{waited:?}");
}

/// A job's own time is without what it waited: the plugin's next runs get their fuel by it.
#[tokio::test]
async fn a_job_that_waits_for_its_turn_takes_no_longer() {
    let sandbox = Sandbox::new(SandboxConfig { cores: 1, ..SandboxConfig::default() }).unwrap();
    let kind = sandbox.load(&guests::plugin("").unwrap()).unwrap();
    let runs: Vec<_> = (0..200)
        .map(|_| {
            let (sandbox, kind) = (sandbox.clone(), kind.clone());
            tokio::spawn(async move { sandbox.run(&kind, input()).await.usage })
        })
        .collect();
    let (mut waited, mut took) = (Vec::new(), Vec::new());
    for run in runs {
        let usage = run.await.unwrap();
        waited.push(usage.waited);
        took.push(usage.duration);
    }
    took.sort();
    let longest = waited.into_iter().max().unwrap();
    assert!(took[100] * 10 < longest, "half of them took {:?}, the last waited {longest:?}", took[100]);
}

/// A run that spends its slice as a job is run again on a stack of its own: nobody can tell, but by the report's times.
#[tokio::test]
async fn a_long_run_is_the_same_as_a_short_one() {
    let sandbox = Sandbox::new(SandboxConfig::default()).unwrap();
    let counts = |turns: u32| {
        on_login(&format!(
            "(local $i i32) (call $claims.add-scope «read» (global.get $out)) (call $random.bytes (i32.const 8) (global.get $out))
            (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const {turns}))))"
        ))
    };
    let long = sandbox.load(&guests::plugin(&counts(3_000_000)).unwrap()).unwrap();
    let budget = |fuel| with(input(), |action| action.spec.budget.fuel = fuel);
    let apart = |report: Report| Report {
        usage: Usage { waited: Duration::ZERO, duration: Duration::ZERO, ..report.usage },
        ..report
    };
    // The first is begun as a job; the second is known to be long.
    let (first, second) = (sandbox.run(&long, budget(50_000_000)).await, sandbox.run(&long, budget(50_000_000)).await);
    assert!(first.usage.fuel > 4_000_000, "{:?}", first.usage);
    assert_eq!(first.ending, Ending::Decided(Decision::Continue));
    assert_eq!(apart(first), apart(second));
    // At the edge: a budget of just a slice is spent as a job, one more unit is not.
    for fuel in [4_000_000, 4_000_001] {
        let report =
            sandbox.run(&sandbox.load(&guests::plugin(&counts(3_000_000)).unwrap()).unwrap(), budget(fuel)).await;
        assert_limit(&report, Limit::Fuel);
        assert_eq!(report.usage.fuel, fuel);
    }
}

/// P27.
#[tokio::test]
async fn a_random_drain_ends_at_its_limit() {
    let report = attack(&on_login("(loop (call $random.bytes (i32.const 1024) (global.get $out)) (br 0))")).await;
    assert_limit(&report, Limit::RandomBytes);
    let report = attack(&on_login("(call $random.bytes (i32.const -1) (global.get $out))")).await;
    assert_limit(&report, Limit::RandomBytes);
}

/// P19.
#[tokio::test]
async fn a_handle_leak_ends_at_its_limit() {
    let bytes = guests::binary(include_str!("../guests/handles.wat")).unwrap();
    let plugin = sandbox().load(&guests::with_manifest(&bytes, guests::MANIFEST)).unwrap();
    for _ in 0..2 {
        let report = sandbox().run(&plugin, input()).await;
        assert_limit(&report, Limit::Handles);
        assert_eq!(trap(&report).message, "action `face`: handles spent (64)");
    }
}
