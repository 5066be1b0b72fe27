//! P17, P18: a unit of fuel buys no more time in host functions than in a loop, a factor for the machine's moods apart. Every
//! function of the contract's table is called, and costs what its price class says.

use crate::support::{continued, load, sandbox, trap, with};
use postlude_model::abi::AbiVersion;
use postlude_model::http::HttpClient;
use postlude_model::json::Json;
use postlude_model::keys::{KeyError, OwnKeys, Verifying, Work};
use postlude_model::limits;
use postlude_model::names::Timestamp;
use postlude_model::run::{Limit, RunInput, Usage};
use postlude_sandbox::{Price, functions};
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

#[tokio::test]
async fn host_calls_cost_what_they_take() {
    let loop_time = spent("").await.0.duration;
    let mut wrong = Vec::new();
    for (name, price) in priced() {
        let calls: Vec<_> = CALLS.iter().filter(|(call, _)| call.split(',').next() == Some(&name)).collect();
        assert!(!calls.is_empty(), "`{name}` is in the contract's table, and no call measures it");
        for (call, text) in calls {
            let (usage, limit) = spent(text).await;
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

/// The shortest of five runs that do nothing else until a limit ends them.
async fn spent(call: &str) -> (Usage, Option<Limit>) {
    // What results take of the memory is free again at each call.
    let call = format!("(global.set $heap (i32.const 32768)) {}", call.replace("OUT", "(global.get $out)"));
    let plugin = load(&format!("(func (export \"on-continue\") (result i32) (loop {call} (br 0)) (unreachable))"));
    let mut shortest = (Usage { duration: Duration::MAX, ..Usage::default() }, None);
    for _ in 0..5 {
        let report = sandbox().run(&plugin, everything_granted()).await;
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
