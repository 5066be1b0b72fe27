//! `http`, `keys` and `cache` as a guest meets them: what reaches the host's side, what comes back, and what is recorded.

use crate::support::{assert_limit, input, json, logged, run, with};
use postlude_model::cache::CacheEntry;
use postlude_model::decision::Command;
use postlude_model::http::{Answering, Exchange, HttpAccess, HttpClient, HttpError, Request, Response};
use postlude_model::json::Json;
use postlude_model::keys::{KeyError, OwnKeys, Verifying, Work};
use postlude_model::limits;
use postlude_model::names::Timestamp;
use postlude_model::run::{Ending, Limit, RunInput};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An HTTP client that gives the same answer to every request, after a while, and keeps the requests.
#[derive(Debug)]
struct FixedAnswer {
    answer: Result<Response, HttpError>,
    wait: Duration,
    asked: Mutex<Vec<(Request, Vec<String>)>>,
}

impl FixedAnswer {
    fn of(answer: Result<Response, HttpError>) -> Arc<Self> {
        Arc::new(Self { answer, wait: Duration::ZERO, asked: Mutex::default() })
    }
}

impl HttpClient for FixedAnswer {
    fn send(&self, request: Request, hosts: Arc<[String]>) -> Answering<'static> {
        self.asked.lock().unwrap().push((request, hosts.to_vec()));
        let (answer, wait) = (self.answer.clone(), self.wait);
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            answer
        })
    }
}

fn hello() -> Result<Response, HttpError> {
    Ok(Response { status: 200, headers: vec![("a".to_owned(), "b".to_owned())], body: b"hello".to_vec() })
}

fn through(client: &Arc<FixedAnswer>, recorded: Vec<Exchange>) -> RunInput {
    RunInput { http: HttpAccess { client: Arc::clone(client) as _, recorded }, ..input() }
}

/// Sends a request and says the content or the error.
fn send(url: &str) -> String {
    format!(
        "(call $http.send «POST» «{url}» (i32.const 0) (i32.const 0) (i32.const 1) «body» (global.get $out))
         (if (i32.load8_u (global.get $out)) (then (call $say-error (global.get $out)))
           (else (call $say-at (i32.add (global.get $out) (i32.const 16)))))"
    )
}

#[tokio::test]
async fn a_request_goes_out_and_is_recorded() {
    let client = FixedAnswer::of(hello());
    let text = format!("(func (export \"on-login\") (result i32) {} (call $continue))", send("https://api.example/x"));
    let report = run(&text, through(&client, Vec::new())).await;
    let request = Request {
        method: "POST".to_owned(),
        url: "https://api.example/x".to_owned(),
        headers: Vec::new(),
        body: Some(b"body".to_vec()),
    };
    assert_eq!(*client.asked.lock().unwrap(), [(request.clone(), vec!["api.example".to_owned()])]);
    assert_eq!(report.http, [Exchange { request, answer: hello() }]);
    // The recording is enough to run it again: the same answers, nobody asked, the same fuel.
    let again = FixedAnswer::of(Err(HttpError::NotAvailable));
    let repeated = run(&text, through(&again, report.http.clone())).await;
    assert!(again.asked.lock().unwrap().is_empty());
    assert_eq!((&repeated.log, &repeated.http, repeated.usage.fuel), (&report.log, &report.http, report.usage.fuel));
    // Another request than the recorded one is asked.
    let other = text.replace("/x", "/y");
    run(&other, through(&again, report.http)).await;
    assert_eq!(again.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn every_error_arrives_as_its_case() {
    let errors = [
        HttpError::Other(String::new()),
        HttpError::NotAvailable,
        HttpError::NotGranted,
        HttpError::InvalidRequest(String::new()),
        HttpError::Timeout,
        HttpError::TooLarge,
    ];
    for (at, error) in errors.into_iter().enumerate() {
        let lines = logged(&send("https://api.example/"), through(&FixedAnswer::of(Err(error)), Vec::new())).await;
        assert_eq!(lines, [format!("error {at}")]);
    }
    assert_eq!(logged(&send("https://api.example/"), input()).await, ["error 1"], "nobody makes requests here");
}

/// P34: the ninth is refused, and does not go out.
#[tokio::test]
async fn a_run_makes_eight_requests() {
    let client = FixedAnswer::of(hello());
    let lines =
        logged(&send("https://api.example/").repeat(limits::HTTP_CALLS + 1), through(&client, Vec::new())).await;
    assert_eq!(client.asked.lock().unwrap().len(), limits::HTTP_CALLS);
    assert_eq!(lines.len(), limits::HTTP_CALLS + 1);
    assert_eq!(lines.last().unwrap(), "error 0");
}

/// A request ends before the run's wall clock, so that the plugin can still decide; and waiting burns no fuel.
#[tokio::test]
async fn a_slow_answer_is_a_timeout_and_the_run_goes_on() {
    let slow = || Arc::new(FixedAnswer { answer: hello(), wait: Duration::from_secs(3600), asked: Mutex::default() });
    let short = with(through(&slow(), Vec::new()), |action| action.spec.budget.wall_clock = Duration::from_millis(600));
    assert_eq!(logged(&send("https://api.example/"), short).await, ["error 4"]);
    let started = std::time::Instant::now();
    assert_eq!(logged(&send("https://api.example/"), through(&slow(), Vec::new())).await, ["error 4"]);
    assert!(started.elapsed() >= limits::HTTP_TIMEOUT && started.elapsed() < 2 * limits::HTTP_TIMEOUT);
}

/// While one run waits for an answer, the executor runs others, also with one thread.
#[tokio::test(flavor = "current_thread")]
async fn waiting_blocks_nobody() {
    let slow = Arc::new(FixedAnswer { answer: hello(), wait: Duration::from_millis(300), asked: Mutex::default() });
    let started = std::time::Instant::now();
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let input = through(&slow, Vec::new());
        all.spawn(async move { logged(&send("https://api.example/"), input).await });
    }
    for lines in all.join_all().await {
        assert_eq!(lines, ["hello"]);
    }
    assert!(started.elapsed() < Duration::from_millis(2500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn requests_and_signatures_cost_fuel() {
    for body in [send("https://api.example/"), hmac("mine"), sign("mine", "{}", "{}")] {
        let poor = with(keyed(), |action| action.spec.budget.fuel = 1_900_000);
        let client = FixedAnswer::of(hello());
        let poor = RunInput { http: HttpAccess { client, recorded: Vec::new() }, ..poor };
        let text = format!("(func (export \"on-login\") (result i32) (loop {body} (br 0)) (unreachable))");
        assert_limit(&run(&text, poor).await, Limit::Fuel);
    }
}

/// Keys that answer with what they were asked.
#[derive(Debug, Default)]
struct EchoKeys(AtomicUsize);

impl OwnKeys for EchoKeys {
    fn hmac(&self, key: &str, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(format!("{key} {}", String::from_utf8_lossy(data)).into_bytes())
    }
    fn sign(&self, key: &str, header: &Json, claims: &Json) -> Result<String, KeyError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(format!("{key} {header} {claims}"))
    }
    fn verify(&self, key: &str, token: &str, client: &Arc<dyn HttpClient>, now: Timestamp) -> Verifying<'static> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let client = Arc::clone(client);
        let claims = json(&format!("[\"{key}\",\"{token}\",{}]", now.0));
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let request = Request { method: "GET".into(), url: "u".into(), headers: Vec::new(), body: None };
            client
                .send(request, ["keys.example".to_owned()].into())
                .await
                .map_err(|why| KeyError::Other(why.to_string()))?;
            Ok(claims)
        })
    }
    fn work(&self, _: &str) -> Work {
        Work::Rsa
    }
}

fn keyed() -> RunInput {
    with(through(&FixedAnswer::of(hello()), Vec::new()), |action| {
        action.own_keys = Arc::new(EchoKeys::default());
        action.spec.grants.keys = vec!["mine".to_owned(), "partner".to_owned()];
    })
}

const OUT: &str = "(global.get $out)";

fn hmac(key: &str) -> String {
    format!("(call $keys.hmac «{key}» «data» {OUT}) (call $outcome-text {OUT})")
}

fn sign(key: &str, header: &str, claims: &str) -> String {
    format!("(call $keys.sign-jwt «{key}» «{header}» «{claims}» {OUT}) (call $outcome-text {OUT})")
}

fn verify(key: &str) -> String {
    format!("(call $keys.verify-jwt «{key}» «t.o.k» {OUT}) (call $outcome-text {OUT})")
}

#[tokio::test]
async fn keys_are_used_by_their_names() {
    let body = hmac("mine") + &sign("mine", "{}", r#"{ \"b\": 1, \"a\": 2 }"#) + &verify("mine");
    let expected = ["mine data", r#"mine {} {"a":2,"b":1}"#, r#"["mine","t.o.k",1795000000123]"#];
    assert_eq!(logged(&body, keyed()).await, expected);
    let body = sign("mine", "[]", "{}") + &sign("mine", "{}", "7") + &sign("mine", "{}", r#"{\"a\":1,\"a\":2}"#);
    assert_eq!(logged(&body, keyed()).await, ["error 3"; 3]);
}

/// The key that proves the action's replies is closed to it, whatever was granted; so is every key that was not.
#[tokio::test]
async fn the_key_of_the_result_is_closed() {
    for key in ["partner", "other", ""] {
        let body = hmac(key) + &sign(key, "{}", "{}") + &verify(key);
        assert_eq!(logged(&body, keyed()).await, ["error 2"; 3], "{key}");
    }
}

fn cached() -> RunInput {
    let now = input().now;
    let entry = |value: &str, expires_at| CacheEntry { value: json(value), expires_at };
    let cache = [("old", entry("1", now)), ("new", entry("2", Timestamp(now.0 + 1)))];
    RunInput { cache: cache.map(|(key, entry)| (key.to_owned(), entry)).into(), ..input() }
}

fn cache_get(key: &str) -> String {
    format!("(call $cache.get «{key}» {OUT}) (call $outcome-option {OUT})")
}

fn cache_set(key: &str, value: &str, ttl: u32) -> String {
    format!("(call $cache.set «{key}» «{value}» (i32.const {ttl}) {OUT}) (call $outcome {OUT})")
}

fn cache_delete(key: &str) -> String {
    format!("(call $cache.delete «{key}» {OUT}) (call $outcome {OUT})")
}

#[tokio::test]
async fn a_cache_reads_back_what_the_run_set() {
    let body = ["old", "new", "absent"].map(cache_get).concat()
        + &cache_set("new", "[3, 4]", 1)
        + &cache_get("new")
        + &cache_delete("new")
        + &cache_get("new")
        + &cache_set("other", "{", 1)
        + &cache_set("other", "5", 0)
        + &cache_set("other", "5", 86_401)
        + &cache_set("other", "5", 86_400)
        + &cache_get("other");
    let expected = ["none", "2", "none", "ok", "[3,4]", "ok", "none", "error 2", "error 0", "error 0", "ok", "5"];
    let text = format!("(func (export \"on-login\") (result i32) {body} (call $continue))");
    let report = run(&text, cached()).await;
    assert_eq!(report.log.lines.iter().map(|line| line.message.as_str()).collect::<Vec<_>>(), expected);
    let now = input().now;
    let set = |key: &str, value: &str, seconds: u64| Command::SetCache {
        key: key.to_owned(),
        entry: Some(CacheEntry { value: json(value), expires_at: Timestamp(now.0 + seconds * 1000) }),
    };
    let delete = Command::SetCache { key: "new".to_owned(), entry: None };
    assert_eq!(report.commands, [set("new", "[3,4]", 1), delete, set("other", "5", 86_400)]);
    assert!(matches!(report.ending, Ending::Decided(_)));
}

/// P54.
#[tokio::test]
async fn a_cache_has_its_limits_at_the_edge() {
    let text = |bytes: usize| format!(r#"\"{}\""#, "x".repeat(bytes - 2));
    // 8,192 bytes of keys and values; what has expired does not count.
    let full = cache_set("a", &text(4095), 9) + &cache_set("b", &text(4094), 9);
    assert_eq!(logged(&(full.clone() + &cache_set("c", "1", 9)), cached()).await, ["ok", "error 3", "ok"]);
    let fits = cache_delete("new") + &full;
    assert_eq!(logged(&(fits + &cache_set("c", "1", 9)), cached()).await, ["ok", "ok", "ok", "error 3"]);
    assert_eq!(logged(&cache_set("k", &text(8192), 9), input()).await, ["error 3"]);
    assert_eq!(logged(&cache_set("k", &text(8191), 9), input()).await, ["ok"]);
    let keys: String = (0..=limits::CACHE_KEYS).map(|n| cache_set(&format!("k{n}"), "1", 9)).collect();
    let lines = logged(&keys, input()).await;
    assert_eq!(lines.iter().filter(|line| *line == "ok").count(), limits::CACHE_KEYS);
    assert_eq!(lines.last().unwrap(), "error 0");
}
