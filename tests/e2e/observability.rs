//! What operators see: a record explains its login, the event stream never holds a login up, and metrics cannot be made to grow.
#![expect(clippy::panic, clippy::expect_used, reason = "tests stop at what surprises them")]

use postlude_testkit::{Answered, FACTOR, IDP_KEY, OPERATOR_KEY, OTHER_KEY, Postlude, READER_KEY, program};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use tokio::process::Command;

/// The path of a login's record, from an answer about it.
fn record_of(answered: &Answered) -> String {
    format!("/v1/admin/logins/{}", answered.text_at("/login_id"))
}

async fn metrics(postlude: &Postlude) -> String {
    let response = postlude.client.get(format!("{}/metrics", postlude.base)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    response.text().await.unwrap()
}

/// The value of a series that must be there.
fn series(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.rsplit_once(' ').is_some_and(|(series, _)| series == name));
    let line = line.unwrap_or_else(|| panic!("no series {name} in\n{text}"));
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn a_record_explains_its_login_across_suspend_and_resume() {
    let postlude = Postlude::start().await;
    let mut browser = postlude.browser("ana");
    let started = browser.login().await;
    let waiting = postlude.get_as(READER_KEY, &record_of(&started)).await;
    assert_eq!((waiting.status, waiting.outcome()), (200, "redirect"), "{}", waiting.text);
    assert_eq!(waiting.text_at("/waiting/factor"), FACTOR);
    postlude.forward(Duration::from_secs(11));
    let done = browser.complete().await;
    assert_eq!(done.outcome(), "continue");

    let record = postlude.get_as(OPERATOR_KEY, &record_of(&done)).await;
    let (asked, back) = (&record.body["timeline"][0], &record.body["timeline"][1]);
    assert_eq!((&asked["decision"], &asked["phase"]), (&json!("redirect"), &json!("on-login")), "{}", record.text);
    assert_eq!(asked["why"], "no record in this session");
    assert_eq!(asked["prompt_origin"], "http://localhost:4000");
    assert_eq!((&back["decision"], &back["phase"]), (&json!("continue"), &json!("on-continue")));
    assert_eq!(back["why"], format!("recorded {FACTOR}"));
    for run in [asked, back] {
        for name in ["fuel", "memory_bytes", "host_calls", "duration_us"] {
            assert!(run[name].as_u64() > Some(0), "{name}: {run}");
        }
        assert!(run["waited_us"].as_u64() <= run["duration_us"].as_u64(), "{run}");
        assert!(run["digest"].as_str().unwrap().starts_with("sha256:"), "{run}");
    }
    assert!(asked["at"].as_str() < back["at"].as_str(), "{}", record.text);
    assert_eq!(record.text_at("/recorded/0/name"), FACTOR);
    assert_eq!(record.body["recorded"][0]["expires_at"], done.body["session"]["factors"][0]["expires_at"]);
    assert_eq!(record.text_at("/session_factors/0/action"), "face");
    assert_eq!(record.body["waiting"], Value::Null);

    postlude.forward(Duration::from_secs(3 * 60 * 60));
    let skipped = browser.login().await;
    let record = postlude.get_as(READER_KEY, &record_of(&skipped)).await;
    assert_eq!(record.text_at("/timeline/0/decision"), "skipped");
    assert_eq!(record.text_at("/timeline/0/why"), "record 3 h old, policy 24 h: no prompt");
}

/// O08.
#[tokio::test]
async fn a_record_holds_no_handle_and_is_for_its_own_tenants_operators() {
    let postlude = Postlude::start().await;
    let mut browser = postlude.browser("ana");
    let started = browser.login().await;
    let path = record_of(&started);
    let record = postlude.get_as(READER_KEY, &path).await;
    for secret in [browser.state().as_str(), started.text_at("/resume_key"), browser.location()] {
        assert!(!record.text.contains(secret), "{secret} in {}", record.text);
    }
    let idp = postlude.get_as(IDP_KEY, &path).await;
    assert_eq!((idp.status, idp.outcome()), (403, "forbidden"));
    let other = postlude.get_as(OTHER_KEY, &path).await;
    assert_eq!(other.status, 403, "another tenant's IdP");
    assert_eq!(postlude.get_as("plk_unknown", &path).await.status, 401);
    let unknown = postlude.get_as(READER_KEY, "/v1/admin/logins/nobody").await;
    assert_eq!((unknown.status, unknown.outcome()), (404, "login_unknown"));
}

#[tokio::test]
async fn a_login_that_was_evicted_says_so_and_when() {
    let postlude = Postlude::start().await;
    let mut browser = postlude.browser("ana");
    let first = browser.login().await;
    postlude.forward(Duration::from_secs(60));
    for _ in 0..5 {
        browser.login().await;
    }
    let record = postlude.get_as(READER_KEY, &record_of(&first)).await;
    assert_eq!((record.outcome(), record.text_at("/code")), ("ended", "evicted"));
    assert!(record.text_at("/changed_at") > record.text_at("/created_at"), "{}", record.text);
}

/// A connection to the live tail.
struct Tail {
    response: reqwest::Response,
    text: String,
}

impl Tail {
    async fn open(postlude: &Postlude, key: &str) -> Self {
        let response = postlude.client.get(format!("{}/v1/admin/events", postlude.base)).bearer_auth(key).send().await;
        let response = response.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let mut tail = Self { response, text: String::new() };
        assert!(tail.until(": alive").await, "it says that it is there");
        tail
    }

    /// Reads until a text came; false when the tail ended before.
    async fn until(&mut self, text: &str) -> bool {
        while !self.text.contains(text) {
            let part = tokio::time::timeout(Duration::from_secs(20), self.response.chunk()).await.expect("it speaks");
            let Ok(Some(part)) = part else { return false };
            self.text.push_str(std::str::from_utf8(&part).unwrap());
        }
        true
    }
}

#[tokio::test]
async fn the_event_stream_has_each_new_answer_once_and_for_its_tenant_alone() {
    let postlude = Postlude::start().await;
    let mut tail = Tail::open(&postlude, READER_KEY).await;
    let mut browser = postlude.browser("ana");
    let started = browser.login().await;
    assert!(tail.until("\"outcome\":\"redirect\"").await);
    let other = postlude.browser("olaf").body("interactive");
    assert_eq!(postlude.login_as(OTHER_KEY, "k", &other).await.outcome(), "continue");
    let done = browser.complete().await;
    assert!(tail.until("\"outcome\":\"continue\"").await);
    let again = postlude.post(&browser.continue_path(), &json!({})).await;
    assert_eq!(again.status, 400, "a call that ran nothing is not told");
    assert!(!tail.text.contains("olaf"), "{}", tail.text);
    assert!(!tail.text.contains(started.text_at("/resume_key")) && !tail.text.contains("state="), "{}", tail.text);
    assert_eq!(tail.text.matches("event: login").count(), 2, "{}", tail.text);
    let data = tail.text.lines().rfind(|line| line.starts_with("data:")).unwrap();
    let event: Value = serde_json::from_str(data.strip_prefix("data:").unwrap()).unwrap();
    assert_eq!((&event["login_id"], &event["user_id"]), (&done.body["login_id"], &json!("ana")));
    assert_eq!((&event["resumed"], &event["runs"].as_array().unwrap().len()), (&json!(true), &1), "{event}");
    postlude.reload().await;
    assert!(tail.until("event: reload").await);
}

#[tokio::test]
async fn an_open_tail_does_not_hold_the_stop_up() {
    let mut postlude = Postlude::start().await;
    let mut tail = Tail::open(&postlude, READER_KEY).await;
    let stopping = std::time::Instant::now();
    postlude.stop().await;
    assert!(!tail.until("never").await);
    assert!(stopping.elapsed() < Duration::from_secs(5), "an open tail does not hold the stop up");
}

#[tokio::test]
async fn an_order_reaches_the_event_streams_of_its_tenant() {
    let postlude = Postlude::start().await;
    let mut tail = Tail::open(&postlude, READER_KEY).await;
    let digest = format!("sha256:{}", "ab".repeat(32));
    let order = serde_json::json!({ "digest": digest, "reason": "INC-42" });
    for (route, kind) in [("/v1/admin/kill", "event: kill"), ("/v1/admin/kill/lift", "event: lift")] {
        assert_eq!(postlude.post_as(OPERATOR_KEY, route, &order).await.status, 200);
        assert!(tail.until(kind).await, "{}", tail.text);
    }
    assert!(tail.until("INC-42").await && tail.text.contains(&digest), "{}", tail.text);
}

#[tokio::test]
async fn tails_are_bounded_and_refused_with_the_remedy() {
    let postlude = Postlude::start().await;
    let mut tails = Vec::new();
    for _ in 0..16 {
        tails.push(Tail::open(&postlude, READER_KEY).await);
    }
    let more = postlude.get_as(READER_KEY, "/v1/admin/events").await;
    assert_eq!((more.status, more.outcome()), (429, "too_many_tails"), "{}", more.text);
    assert_eq!(series(&metrics(&postlude).await, "postlude_tail_readers"), 16.0);
    assert_eq!(postlude.get_as(IDP_KEY, "/v1/admin/events").await.status, 403);
}

#[tokio::test]
async fn a_tail_ends_when_its_key_is_withdrawn() {
    let postlude = Postlude::start().await;
    let mut tail = Tail::open(&postlude, READER_KEY).await;
    postlude.edit_config(&postlude_testkit::hash(READER_KEY), &postlude_testkit::hash("plk_another-key-of-the-reader"));
    postlude.reload().await;
    postlude.browser("ana").login().await;
    assert!(!tail.until("ana").await, "{}", tail.text);
}

/// T08: whatever callers send, no series appears.
#[tokio::test]
async fn no_caller_can_make_series() {
    let postlude = Postlude::start().await;
    let names = |text: &str| -> BTreeSet<String> {
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        samples.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
    };
    let hostile = async |n: usize| {
        let mut browser = postlude.browser(&format!("user-{n}"));
        browser.session = Some(format!("session-{n}"));
        browser.login().await;
        let mut body = browser.body("silent");
        body["event"]["client"]["client_id"] = json!(format!("client-{n}\",x=\"{n}"));
        postlude.login(&format!("silent-{n}"), &body).await;
        postlude.get_as(READER_KEY, &format!("/v1/logins/login-{n}")).await;
        postlude.get_as(READER_KEY, &format!("/v1/{n}/x")).await;
        postlude.get_as(&format!("plk_{n}"), "/v1/admin/events").await;
        postlude.come_back("GET", &[("state", &format!("state-{n}"))], &[]).await;
        let path = format!("{}/{n}/.well-known/jwks.json?tenant={n}", postlude.base);
        postlude.client.request(format!("M{n}").parse().unwrap(), path).send().await.unwrap();
    };
    hostile(0).await;
    metrics(&postlude).await;
    let before = names(&metrics(&postlude).await);
    for n in 1..40 {
        hostile(n).await;
    }
    let after = names(&metrics(&postlude).await);
    assert_eq!(before, after);
    assert!(
        after.len() > 150 && !after.iter().any(|name| name.contains("user-") || name.contains("client-")),
        "{after:?}"
    );
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let postlude = Postlude::start().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    browser.complete().await;
    browser.login().await;
    let text = metrics(&postlude).await;
    assert!(text.ends_with("# EOF\n"), "{text}");
    let run = |decision: &str| {
        let name = format!("postlude_runs_total{{tenant=\"acme\",action=\"face\",decision=\"{decision}\"}}");
        series(&text, &name)
    };
    assert_eq!([run("redirect"), run("continue"), run("skipped"), run("failed")], [1.0, 1.0, 1.0, 0.0]);
    let logins = |outcome| series(&text, &format!("postlude_logins_total{{tenant=\"acme\",outcome=\"{outcome}\"}}"));
    assert_eq!([logins("redirect"), logins("continue"), logins("deny")], [1.0, 2.0, 0.0]);
    assert_eq!(series(&text, "postlude_login_duration_seconds_count{tenant=\"acme\"}"), 3.0);
    assert_eq!(series(&text, "postlude_run_fuel_count{tenant=\"acme\",action=\"face\"}"), 3.0);
    assert!(series(&text, "postlude_run_fuel_sum{tenant=\"acme\",action=\"face\"}") > 10_000.0);
    assert!(series(&text, "postlude_store_commit_duration_seconds_count{durability=\"synced\"}") >= 2.0);
    assert!(series(&text, "postlude_store_sync_duration_seconds_count") >= 2.0);
    assert_eq!(series(&text, "postlude_http_requests_total{route=\"/v1/logins\",status=\"200\"}"), 2.0);
    assert_eq!(series(&text, "postlude_revision{tenant=\"acme\"}"), 1.0);
    assert_eq!(series(&text, "postlude_run_places_busy"), 0.0);
    let of_tenant = |name: &str| series(&text, &format!("{name}{{tenant=\"acme\"}}"));
    assert_eq!([of_tenant("postlude_runs_under_way"), of_tenant("postlude_tenant_places_busy")], [0.0, 0.0]);
    let core = of_tenant("postlude_run_core_seconds_total");
    assert!(core > 0.0 && core < 10.0, "{core} seconds of the cores");
    assert!(series(&text, "process_resident_memory_bytes") > 1e6);
    // Without the last bucket Prometheus finds no quantile.
    let last = series(&text, "postlude_run_wait_seconds_bucket{le=\"+Inf\"}");
    assert_eq!([last, series(&text, "postlude_run_wait_seconds_count")], [3.0, 3.0]);
    postlude.edit_config("max_age = \"24h\"", "max_age = \"0\"");
    postlude.reload().await;
    assert!(series(&metrics(&postlude).await, "postlude_reloads_total{outcome=\"refused\"}") >= 1.0);
}

/// P57: every series that the dashboard and the alerts name is one that a running server has.
#[tokio::test]
async fn dashboard_and_alerts_name_series_that_exist() {
    let postlude = Postlude::start().await;
    postlude.browser("ana").login().await;
    let text = metrics(&postlude).await;
    let known =
        |name: &str| text.lines().any(|line| !line.starts_with('#') && line.split(['{', ' ']).next() == Some(name));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/monitoring");
    let dashboard = std::fs::read_to_string(folder.join("grafana-dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let queries = dashboard["panels"].as_array().unwrap().iter();
    let queries = queries.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let mut queries: Vec<String> = queries.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    assert!(queries.len() > 15, "{}", queries.len());
    let alerts = alerts(&std::fs::read_to_string(folder.join("alerts.yml")).unwrap());
    let explained = std::fs::read_to_string(folder.with_extension("md")).unwrap();
    for (name, query) in &alerts {
        assert!(explained.contains(&format!("### {name}\n")), "docs/monitoring.md does not explain {name}");
        queries.push(query.clone());
    }
    assert!(alerts.len() > 6, "{}", alerts.len());
    for query in queries {
        let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let named = words.filter(|word| word.starts_with("postlude_") || word.starts_with("process_"));
        let mut count = 0;
        for name in named {
            assert!(known(name), "`{name}` of `{query}` is not in /metrics");
            count += 1;
        }
        assert!(count > 0 || query.contains("up{"), "`{query}` names no series");
    }
}

/// The alerts of a rules file, each with its query. It is read as the subset of YAML that it is written in: every line of a
/// rule is `key: value`, with two spaces a level.
fn alerts(text: &str) -> Vec<(String, String)> {
    let mut rules: Vec<(String, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        let (key, value) =
            line.trim_start().trim_start_matches("- ").split_once(':').unwrap_or_else(|| panic!("{line}"));
        assert!(indent % 2 == 0 && !line.contains('\t') && !value.contains(": "), "not `key: value`: {line}");
        match key {
            "alert" => rules.push((value.trim().to_owned(), String::new())),
            "expr" => rules.last_mut().unwrap().1 = value.trim().to_owned(),
            _ => {}
        }
    }
    assert!(rules.iter().all(|(_, query)| !query.is_empty()), "{rules:?}");
    rules
}

#[tokio::test]
async fn metrics_can_have_a_listener_of_their_own() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut postlude = Postlude::builder().process().start().await;
    postlude.edit_config("[server]\n", &format!("[server]\nmetrics_listen = \"{free}\"\n"));
    postlude.restart().await;
    let there = postlude.client.get(format!("http://{free}/metrics")).send().await.unwrap();
    assert_eq!(there.status(), 200);
    assert!(there.text().await.unwrap().contains("postlude_build_info"));
    let api = postlude.client.get(format!("{}/metrics", postlude.base)).send().await.unwrap();
    assert_eq!(api.status(), 404);
    assert_eq!(postlude.client.get(format!("http://{free}/v1/logins/x")).send().await.unwrap().status(), 404);
    postlude.stop().await;
}

/// `postlude` with a key in its environment.
fn command(postlude: &Postlude, key: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(args).args(["--url", &postlude.base]).env("POSTLUDE_API_KEY", key).env("NO_COLOR", "1");
    command.kill_on_drop(true);
    command
}

#[tokio::test]
async fn explain_describes_a_login_in_a_line() {
    let mut postlude = Postlude::start().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    postlude.forward(Duration::from_secs(11));
    let done = browser.complete().await;
    let id = done.text_at("/login_id").to_owned();
    let output = command(&postlude, READER_KEY, &["explain", &id]).output().await.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.starts_with("ana · prompted by face@"), "{printed}");
    assert!(printed.contains(" · back after 11 s · recorded, fresh until tomorrow "), "{printed}");
    let json = command(&postlude, OPERATOR_KEY, &["explain", &id, "--json"]).output().await.unwrap();
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["login_id"], id.as_str());

    let fails = async |postlude: &Postlude, key: &str, id: &str, says: &str| {
        let output = command(postlude, key, &["explain", id]).output().await.unwrap();
        let printed = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(printed.contains(says) && !printed.contains(key), "{printed}");
    };
    fails(&postlude, "plk_wrong", &id, "does not know this key").await;
    fails(&postlude, IDP_KEY, &id, "this key is not enough").await;
    fails(&postlude, READER_KEY, "nobody", "no login of that id").await;
    postlude.stop().await;
    fails(&postlude, READER_KEY, &id, "is `postlude serve` running there?").await;
}

#[tokio::test]
async fn watch_prints_a_line_an_event_and_comes_back_after_a_restart() {
    use tokio::io::{AsyncBufReadExt, BufReader};
    let mut postlude = Postlude::start().await;
    let mut watch = command(&postlude, READER_KEY, &["watch", "--outcome", "redirect"]);
    let mut watch = watch.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    for user in ["ana", "ben"] {
        let line = loop {
            // It may not be connected yet: a login without a watcher is not sent.
            postlude.browser(user).login().await;
            if let Ok(line) = tokio::time::timeout(Duration::from_millis(500), lines.next_line()).await {
                break line.unwrap().unwrap();
            }
        };
        assert!(line.contains(user) || user == "ben", "{line}");
        assert!(line.contains("redirect") && line.contains("face redirect, no record in this session"), "{line}");
        postlude.restart().await;
    }
    let pid = watch.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
    assert!(watch.wait().await.unwrap().success(), "Ctrl-C is no error");
}
