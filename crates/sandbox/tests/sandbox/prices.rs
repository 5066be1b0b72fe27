//! P17, P18: a unit of fuel buys no more time in host functions than in a loop, a factor for the machine's moods apart. Every
//! function of the contract's table is called, and costs what its price class says.

use crate::support::{continued, load, sandbox, trap, with};
use crate::wasi_guests;
use postlude_model::abi::AbiVersion;
use postlude_model::http::HttpClient;
use postlude_model::json::Json;
use postlude_model::keys::{KeyError, OwnKeys, Verifying, Work};
use postlude_model::limits;
use postlude_model::names::Timestamp;
use postlude_model::run::{Limit, RunInput, Usage};
use postlude_sandbox::{Plugin, Price, WASI_INTERFACES, functions};
use std::sync::Arc;
use std::time::Duration;

/// A call of each function, and of some a second one. `OUT` is where a result goes.
const CALLS: [(&str, &str); 41] = [
    ("login.id", "(call $login.id OUT)"),
    ("login.run-id", "(call $login.run-id OUT)"),
    ("login.mode", "(call $login.mode OUT)"),
    ("login.can-redirect", "(drop (call $login.can-redirect))"),
    ("login.settings", "(call $login.settings OUT)"),
    ("login.get-metadata", "(call $login.get-metadata «k» OUT)"),
    ("login.set-metadata", "(call $login.set-metadata «k» (i32.const 1) «1» OUT)"),
    ("login.set-metadata, refused", "(call $login.set-metadata «k» (i32.const 1) «{» OUT)"),
    ("event.get", "(call $event.get «/user» OUT)"),
    ("reply.method", "(call $reply.method OUT)"),
    ("reply.query", "(call $reply.query OUT)"),
    ("reply.form", "(call $reply.form OUT)"),
    ("reply.token", "(call $reply.token OUT)"),
    ("reply.stash", "(call $reply.stash OUT)"),
    ("session.record-factor", "(call $session.record-factor «https://acme.example/face» (i32.const 1) «{}» OUT)"),
    ("session.factors", "(call $session.factors OUT)"),
    ("session.freshness", "(call $session.freshness «https://acme.example/face» OUT)"),
    ("session.get-metadata", "(call $session.get-metadata «k» OUT)"),
    ("session.set-metadata", "(call $session.set-metadata «k» (i32.const 1) «1» OUT)"),
    ("redirect.state", "(call $redirect.state OUT)"),
    ("redirect.continue-url", "(call $redirect.continue-url OUT)"),
    ("redirect.encode-token", "(call $redirect.encode-token «token» «partner» «{}» (i32.const 60) OUT)"),
    ("redirect.validate-token", "(call $redirect.validate-token «partner» «token» OUT)"),
    ("redirect.stash", "(call $redirect.stash «{}» OUT)"),
    ("claims.set-id-token", "(call $claims.set-id-token «https://acme.example/claim» «1» OUT)"),
    ("claims.set-access-token", "(call $claims.set-access-token «https://acme.example/claim» «1» OUT)"),
    ("claims.add-scope", "(call $claims.add-scope «read» OUT)"),
    ("claims.remove-scope", "(call $claims.remove-scope «read» OUT)"),
    ("user.set-app-metadata", "(call $user.set-app-metadata «plan» (i32.const 1) «[1,2,3,4,5,6,7]» OUT)"),
    ("user.set-user-metadata", "(call $user.set-user-metadata «color» (i32.const 1) «[1,2,3,4,5,6,7]» OUT)"),
    ("cache.get", "(call $cache.get «k» OUT)"),
    ("cache.set", "(call $cache.set «k» «[1,2,3,4,5,6,7]» (i32.const 60) OUT)"),
    ("cache.delete", "(call $cache.delete «k» OUT)"),
    ("secrets.get", "(call $secrets.get «api_token» OUT)"),
    ("keys.hmac", "(call $keys.hmac «mine» «data» OUT)"),
    ("keys.sign-jwt", "(call $keys.sign-jwt «mine» «{}» «{}» OUT)"),
    ("keys.verify-jwt", "(call $keys.verify-jwt «mine» «t.o.k» OUT)"),
    (
        "http.send",
        "(call $http.send «GET» «https://api.example/» (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) OUT)",
    ),
    ("clock.now", "(drop (call $clock.now))"),
    ("random.bytes", "(call $random.bytes (i32.const 0) OUT)"),
    ("log.log", "(call $log.log (i32.const 1) (i32.const 0) (i32.const 20) (i32.const 0) (i32.const 0))"),
];

/// P17, P18.
#[tokio::test]
async fn host_calls_cost_what_they_take() {
    let loop_time = spent(&load(&endless(""))).await.0.duration;
    let mut wrong = Vec::new();
    for (name, price) in priced() {
        let calls: Vec<_> = CALLS.iter().filter(|(call, _)| call.split(',').next() == Some(&name)).collect();
        assert!(!calls.is_empty(), "`{name}` is in the contract's table, and no call measures it");
        for (call, text) in calls {
            let (usage, limit) = spent(&load(&endless(text))).await;
            let times = usage.duration.as_secs_f64() / loop_time.as_secs_f64();
            println!("{call}: {times:.2} of a loop's time, {} calls, {price:?}, {limit:?}", usage.host_calls);
            assert!(matches!(limit, Some(Limit::Fuel | Limit::HostCallBytes)), "{call}: {limit:?}");
            if usage.duration > 8 * loop_time + Duration::from_millis(5) {
                wrong.push(format!("{call} takes {times:.1} times as long as a loop of the same fuel"));
            }
            if *call == name && usage.fuel < served(price, usage.host_calls) * price.at_least() {
                wrong.push(format!("{call} is called {} times, too often for {price:?}", usage.host_calls));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// How many of a run's calls were served and paid for: the last one was not, and more than a few requests are refused.
fn served(price: Price, calls: u64) -> u64 {
    let most = if price == Price::Request { limits::HTTP_CALLS as u64 } else { u64::MAX };
    calls.saturating_sub(1).min(most)
}

/// Every function of every version with its price.
fn priced() -> Vec<(String, Price)> {
    let all = AbiVersion::ALL.into_iter().flat_map(functions);
    // A panic ends its run: none is called twice.
    let all = all.filter(|function| !function.is("log.panic"));
    all.map(|function| (format!("{}.{}", function.interface, function.name), function.price)).collect()
}

/// A guest that does nothing but a call until a limit ends it.
fn endless(call: &str) -> String {
    // What results take of the memory is free again at each call.
    let call = format!("(global.set $heap (i32.const 32768)) {}", call.replace("OUT", "(global.get $out)"));
    format!("(func (export \"on-continue\") (result i32) (loop {call} (br 0)) (unreachable))")
}

/// The shortest of five runs.
async fn spent(plugin: &Plugin) -> (Usage, Option<Limit>) {
    let mut shortest = (Usage { duration: Duration::MAX, ..Usage::default() }, None);
    for _ in 0..5 {
        let report = sandbox().run(plugin, everything_granted()).await;
        let limit = trap(&report).limit;
        if report.usage.duration < shortest.0.duration {
            shortest = (report.usage, limit);
        }
    }
    shortest
}

fn everything_granted() -> RunInput {
    with(continued(), |action| {
        action.own_keys = Arc::new(InstantKeys);
        action.spec.grants.keys.push("mine".to_owned());
    })
}

/// Keys that answer at once: what is measured is the host's part, and the price of real cryptography must still be paid.
#[derive(Debug)]
struct InstantKeys;

impl OwnKeys for InstantKeys {
    fn hmac(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(vec![0; 32])
    }
    fn sign(&self, _: &str, _: &Json, _: &Json) -> Result<String, KeyError> {
        Ok("s.i.g".to_owned())
    }
    fn verify(&self, _: &str, _: &str, _: &Arc<dyn HttpClient>, _: Timestamp) -> Verifying<'static> {
        Box::pin(std::future::ready(Ok(Json::object())))
    }
    fn work(&self, _: &str) -> Work {
        Work::Curve
    }
}

/// A call of each function of WASI. A handle is made once, outside of the loop, where the function takes one: `IN` is of the
/// input, `OUTPUT` of the output, `POLL` of something that is ready, `NET` of the network. What a call makes is dropped.
const WASI_CALLS: [(&str, &str); 43] = [
    ("wasi:cli/environment.get-environment", "(call $environment.get-environment OUT)"),
    ("wasi:cli/environment.get-arguments", "(call $environment.get-arguments OUT)"),
    ("wasi:cli/environment.initial-cwd", "(call $environment.initial-cwd OUT)"),
    ("wasi:cli/stdin.get-stdin", "(call $drop.input-stream (call $stdin.get-stdin))"),
    ("wasi:cli/stdout.get-stdout", "(call $drop.output-stream (call $stdout.get-stdout))"),
    ("wasi:cli/stderr.get-stderr", "(call $drop.output-stream (call $stderr.get-stderr))"),
    ("wasi:cli/terminal-stdin.get-terminal-stdin", "(call $terminal-stdin.get-terminal-stdin OUT)"),
    ("wasi:cli/terminal-stdout.get-terminal-stdout", "(call $terminal-stdout.get-terminal-stdout OUT)"),
    ("wasi:cli/terminal-stderr.get-terminal-stderr", "(call $terminal-stderr.get-terminal-stderr OUT)"),
    ("wasi:clocks/monotonic-clock.now", "(drop (call $monotonic-clock.now))"),
    ("wasi:clocks/monotonic-clock.resolution", "(drop (call $monotonic-clock.resolution))"),
    (
        "wasi:clocks/monotonic-clock.subscribe-instant",
        "(call $drop.pollable (call $monotonic-clock.subscribe-instant (i64.const 1)))",
    ),
    (
        "wasi:clocks/monotonic-clock.subscribe-duration",
        "(call $drop.pollable (call $monotonic-clock.subscribe-duration (i64.const 1)))",
    ),
    ("wasi:clocks/wall-clock.now", "(call $wall-clock.now OUT)"),
    ("wasi:clocks/wall-clock.resolution", "(call $wall-clock.resolution OUT)"),
    ("wasi:filesystem/preopens.get-directories", "(call $preopens.get-directories OUT)"),
    ("wasi:io/poll.[method]pollable.ready", "(drop (call $pollable.ready POLL))"),
    ("wasi:io/poll.[method]pollable.block", "(call $pollable.block POLL)"),
    ("wasi:io/poll.poll", "(call $poll.poll (i32.const 912) (i32.const 1) OUT)"),
    ("wasi:io/streams.[method]input-stream.read", "(call $input-stream.read IN (i64.const 9) OUT)"),
    ("wasi:io/streams.[method]input-stream.blocking-read", "(call $input-stream.blocking-read IN (i64.const 9) OUT)"),
    ("wasi:io/streams.[method]input-stream.skip", "(call $input-stream.skip IN (i64.const 9) OUT)"),
    ("wasi:io/streams.[method]input-stream.blocking-skip", "(call $input-stream.blocking-skip IN (i64.const 9) OUT)"),
    ("wasi:io/streams.[method]input-stream.subscribe", "(call $drop.pollable (call $input-stream.subscribe IN))"),
    ("wasi:io/streams.[method]output-stream.check-write", "(call $output-stream.check-write OUTPUT OUT)"),
    (
        "wasi:io/streams.[method]output-stream.write",
        "(call $output-stream.write OUTPUT (i32.const 0) (i32.const 20) OUT)",
    ),
    (
        "wasi:io/streams.[method]output-stream.blocking-write-and-flush",
        "(call $output-stream.blocking-write-and-flush OUTPUT «line\\n» OUT)",
    ),
    ("wasi:io/streams.[method]output-stream.flush", "(call $output-stream.flush OUTPUT OUT)"),
    ("wasi:io/streams.[method]output-stream.blocking-flush", "(call $output-stream.blocking-flush OUTPUT OUT)"),
    ("wasi:io/streams.[method]output-stream.subscribe", "(call $drop.pollable (call $output-stream.subscribe OUTPUT))"),
    (
        "wasi:io/streams.[method]output-stream.write-zeroes",
        "(call $output-stream.write-zeroes OUTPUT (i64.const 4096) OUT)",
    ),
    (
        "wasi:io/streams.[method]output-stream.blocking-write-zeroes-and-flush",
        "(call $output-stream.blocking-write-zeroes-and-flush OUTPUT (i64.const 1) OUT)",
    ),
    ("wasi:io/streams.[method]output-stream.splice", "(call $output-stream.splice OUTPUT IN (i64.const 9) OUT)"),
    (
        "wasi:io/streams.[method]output-stream.blocking-splice",
        "(call $output-stream.blocking-splice OUTPUT IN (i64.const 9) OUT)",
    ),
    ("wasi:random/random.get-random-bytes", "(call $random.get-random-bytes (i64.const 0) OUT)"),
    ("wasi:random/random.get-random-u64", "(drop (call $random.get-random-u64))"),
    ("wasi:random/insecure.get-insecure-random-bytes", "(call $insecure.get-insecure-random-bytes (i64.const 0) OUT)"),
    ("wasi:random/insecure.get-insecure-random-u64", "(drop (call $insecure.get-insecure-random-u64))"),
    ("wasi:random/insecure-seed.insecure-seed", "(call $insecure-seed.insecure-seed OUT)"),
    (
        "wasi:sockets/instance-network.instance-network",
        "(call $drop.network (call $instance-network.instance-network))",
    ),
    ("wasi:sockets/ip-name-lookup.resolve-addresses", "(call $ip-name-lookup.resolve-addresses NET «localhost» OUT)"),
    (
        "wasi:sockets/tcp-create-socket.create-tcp-socket",
        "(call $tcp-create-socket.create-tcp-socket (i32.const 0) OUT)",
    ),
    (
        "wasi:sockets/udp-create-socket.create-udp-socket",
        "(call $udp-create-socket.create-udp-socket (i32.const 0) OUT)",
    ),
];

/// Functions of WASI that cannot be called twice: two end the run, and no guest has the handle that the third one takes.
const WASI_NOT_TWICE: [&str; 3] =
    ["wasi:cli/exit.exit", "wasi:cli/exit.exit-with-code", "wasi:filesystem/types.filesystem-error-code"];

/// P17, P18.
#[tokio::test]
async fn calls_of_wasi_cost_what_they_take() {
    let loop_time = spent(&load(&endless(""))).await.0.duration;
    let mut wrong = Vec::new();
    for interface in WASI_INTERFACES {
        for (function, price) in interface.functions {
            let name = format!("{}.{function}", interface.name);
            let Some((_, call)) = WASI_CALLS.iter().find(|(call, _)| *call == name) else {
                assert!(WASI_NOT_TWICE.contains(&name.as_str()), "`{name}` is in the table, and no call measures it");
                continue;
            };
            let (usage, limit) = spent(&wasi_guests::load(&endless_wasi(call))).await;
            let times = usage.duration.as_secs_f64() / loop_time.as_secs_f64();
            println!("{name}: {times:.2} of a loop's time, {} calls, {price:?}, {limit:?}", usage.host_calls);
            let ends_at_a_limit = matches!(limit, Some(Limit::Fuel | Limit::HostCallBytes | Limit::RandomBytes));
            assert!(ends_at_a_limit, "{name}: {limit:?}");
            if usage.duration > 8 * loop_time + Duration::from_millis(5) {
                wrong.push(format!("{name} takes {times:.1} times as long as a loop of the same fuel"));
            }
            if usage.fuel < usage.host_calls.saturating_sub(1) * Price::Crossing.at_least() {
                wrong.push(format!("{name} is called {} times, too often for {price:?}", usage.host_calls));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The same with the handles that the call takes.
fn endless_wasi(call: &str) -> String {
    let handles = [
        ("POLL", 912, "(call $output-stream.subscribe (call $stdout.get-stdout))"),
        ("IN", 916, "(call $stdin.get-stdin)"),
        ("OUTPUT", 920, "(call $stdout.get-stdout)"),
        ("NET", 924, "(call $instance-network.instance-network)"),
    ];
    let needed = handles.iter().filter(|(name, ..)| call.contains(name) || (*name == "POLL" && call.contains("912")));
    let made: String = needed.map(|(_, at, make)| format!("(i32.store (i32.const {at}) {make})")).collect();
    let call = handles.iter().fold(call.to_owned(), |call, (name, at, _)| {
        call.replace(&format!("{name} "), &format!("(i32.load (i32.const {at})) "))
            .replace(&format!("{name})"), &format!("(i32.load (i32.const {at})))"))
    });
    endless(&call).replacen("(loop", &format!("{made} (loop"), 1)
}
