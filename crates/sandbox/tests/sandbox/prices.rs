//! P17, P18: a unit of fuel buys no more time in host functions than in a loop, a factor for the machine's moods apart.

use crate::support::{input, load, sandbox};
use postlude_model::run::Limit;
use std::time::Duration;

const CALLS: [(&str, &str); 18] = [
    ("clock.now", "(drop (call $clock.now))"),
    ("login.id", "(global.set $heap (i32.const 32768)) (call $login.id (global.get $out))"),
    ("login.settings", "(global.set $heap (i32.const 32768)) (call $login.settings (global.get $out))"),
    ("event.get", "(global.set $heap (i32.const 32768)) (call $event.get «/user» (global.get $out))"),
    ("session.factors", "(global.set $heap (i32.const 32768)) (call $session.factors (global.get $out))"),
    ("login.get-metadata", "(call $login.get-metadata «k» (global.get $out))"),
    ("login.set-metadata", "(call $login.set-metadata «k» (i32.const 1) «1» (global.get $out))"),
    ("login.set-metadata, refused", "(call $login.set-metadata «k» (i32.const 1) «{» (global.get $out))"),
    ("user.set-app-metadata", "(call $user.set-app-metadata «plan» (i32.const 1) «[1,2,3,4,5,6,7]» (global.get $out))"),
    ("claims.set-id-token", "(call $claims.set-id-token «https://acme.example/claim» «1» (global.get $out))"),
    ("claims.add-scope", "(call $claims.add-scope «read» (global.get $out))"),
    ("redirect.stash", "(call $redirect.stash «{}» (global.get $out))"),
    ("random.bytes", "(global.set $heap (i32.const 32768)) (call $random.bytes (i32.const 0) (global.get $out))"),
    ("cache.get", "(call $cache.get «k» (global.get $out))"),
    ("cache.set", "(call $cache.set «k» «[1,2,3,4,5,6,7]» (i32.const 60) (global.get $out))"),
    ("cache.delete", "(call $cache.delete «k» (global.get $out))"),
    (
        "http.send",
        "(call $http.send «GET» «https://api.example/» (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (global.get $out))",
    ),
    ("log.log", "(call $log.log (i32.const 1) (i32.const 0) (i32.const 20) (i32.const 0) (i32.const 0))"),
];

#[tokio::test]
async fn host_calls_cost_what_they_take() {
    let loop_time = spent("").await.0;
    let mut dear = Vec::new();
    for (name, call) in CALLS {
        let (time, limit, calls) = spent(call).await;
        println!(
            "{name}: {:.2} of a loop's time, {calls} calls, {limit:?}",
            time.as_secs_f64() / loop_time.as_secs_f64()
        );
        assert!(matches!(limit, Some(Limit::Fuel | Limit::HostCallBytes)), "{name}: {limit:?}");
        if time > 8 * loop_time + Duration::from_millis(5) {
            dear.push((name, time));
        }
    }
    assert!(dear.is_empty(), "these take much longer than their fuel says (a loop: {loop_time:?}): {dear:?}");
}

/// The shortest of five runs that do nothing else until a limit ends them.
async fn spent(call: &str) -> (Duration, Option<Limit>, u64) {
    let plugin = load(&format!("(func (export \"on-login\") (result i32) (loop {call} (br 0)) (unreachable))"));
    let mut shortest = (Duration::MAX, None, 0);
    for _ in 0..5 {
        let report = sandbox().run(&plugin, input()).await;
        let limit = crate::support::trap(&report).limit;
        if report.usage.duration < shortest.0 {
            shortest = (report.usage.duration, limit, report.usage.host_calls);
        }
    }
    shortest
}
