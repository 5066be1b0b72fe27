//! What the operator's policy makes of an action: how long a factor counts, when an action applies, groups, report-only.

use postlude_testkit::guests;
use postlude_testkit::{Answered, Builder, FACTOR, IDP_KEY, Postlude, READER_KEY};
use serde_json::{Value, json};
use std::time::Duration;

const VOICE: &str = "https://acme.example/voice";
const MINUTE: Duration = Duration::from_secs(60);

/// A second action with a factor of its own, by the same partner.
fn voice(rules: &str, postlude_issuer: &str) -> String {
    format!(
        r#"
[[tenants.acme.pipeline]]
name = "voice"
plugin = "custom-factor"
settings = {{ prompt_url = "http://localhost:4000/voice", factor = "{VOICE}", profile = "postlude" }}
{rules}
[tenants.acme.pipeline.grants]
redirect_origins = ["http://localhost:4000"]
[tenants.acme.pipeline.keys.partner]
issuer = "{postlude_issuer}"
alg = "EdDSA"
jwks = {{ file = "partner.jwks.json" }}
[[tenants.acme.pipeline.factors]]
name = "{VOICE}"
max_age = "24h"
amr = ["voice"]
"#
    )
}

fn with_voice(rules: &str) -> Builder {
    Postlude::builder().rules(rules).after(&voice(rules, "http://localhost:4000"))
}

fn why(answered: &Answered) -> String {
    let last = answered.body["actions"].as_array().and_then(|actions| actions.last());
    last.and_then(|action| action["why"].as_str()).unwrap_or_default().to_owned()
}

/// The same login ten times at once, each for itself.
pub(crate) async fn parallel(postlude: &Postlude, body: &Value) -> Vec<Answered> {
    let call = |n: usize| {
        let request = postlude.client.post(format!("{}/v1/logins", postlude.base)).bearer_auth(IDP_KEY);
        tokio::spawn(Answered::of(request.header("idempotency-key", format!("parallel-{n}")).json(body)))
    };
    let calls: Vec<_> = (0..10).map(call).collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    answers
}

fn decisions(answered: &Answered) -> Vec<&str> {
    answered.body["actions"].as_array().unwrap().iter().map(|action| action["decision"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_record_satisfies_so_many_later_logins_over_a_restart() {
    let mut postlude = Postlude::builder().policy("max_uses = 2").start().await;
    let session = {
        let mut browser = postlude.browser("ana");
        browser.login().await;
        assert_eq!(browser.complete().await.outcome(), "continue");
        assert_eq!(browser.login().await.outcome(), "continue");
        browser.session.clone()
    };
    postlude.restart().await;
    let mut browser = postlude.browser("ana");
    browser.session = session;
    let last = browser.login().await;
    assert_eq!(last.outcome(), "continue");
    assert_eq!(last.body["amr"], json!(["pwd", "mfa"]), "the last use counts for its own login");
    let over = browser.login().await;
    assert_eq!((over.outcome(), why(&over).as_str()), ("redirect", "used 2 of 2 times"));
    assert_eq!(browser.complete().await.outcome(), "continue");
    assert_eq!(browser.login().await.outcome(), "continue", "the new record counts anew");
}

/// Two logins at once cannot both take the last use.
#[tokio::test]
async fn of_ten_parallel_logins_one_takes_the_last_use() {
    let postlude = Postlude::builder().policy("max_uses = 1").start().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    browser.complete().await;
    let body = browser.body("silent");
    let answers = parallel(&postlude, &body).await;
    let with = |outcome: &str| answers.iter().filter(|answered| answered.outcome() == outcome).count();
    assert_eq!((with("continue"), with("interaction_required")), (1, 9), "{answers:?}");
}

#[tokio::test]
async fn a_record_that_is_used_does_not_go_idle() {
    let postlude = Postlude::builder().policy("max_idle = \"30m\"").start().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    browser.complete().await;
    for _ in 0..3 {
        postlude.forward(29 * MINUTE);
        let again = browser.login().await;
        assert_eq!(again.outcome(), "continue", "{}", again.text);
    }
    postlude.forward(31 * MINUTE);
    let idle = browser.login().await;
    assert_eq!(idle.outcome(), "redirect");
    let why = why(&idle);
    assert!(why.starts_with("record idle 31 min") && why.ends_with("policy 30 min"), "{why}");
}

#[tokio::test]
async fn per_client_each_client_has_its_own_prompt() {
    let postlude = Postlude::builder().policy("per_client = true").start().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    browser.complete().await;
    assert_eq!(browser.login().await.outcome(), "continue");
    let mut body = browser.body("interactive");
    body["event"]["client"]["client_id"] = json!("payroll");
    let other = postlude.login("other", &body).await;
    assert_eq!(other.outcome(), "redirect", "{}", other.text);
    assert_eq!(why(&other), "completed for client `app`, this is `payroll`");
}

#[tokio::test]
async fn a_condition_decides_whether_an_action_applies() {
    let rules = r#"when = [{ pointer = "/client/client_id", not_in = ["kiosk"] }, { any = [
        { pointer = "/user/roles", contains = "admin" }, { pointer = "/user/level", equals = 3 }] }]"#;
    let postlude = Postlude::builder().rules(rules).start().await;
    let log_in = async |changes: &[(&str, Value)], key: &str| {
        let mut body = postlude.browser("ana").body("interactive");
        for (pointer, value) in changes {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            body["event"].pointer_mut(parent).unwrap()[name] = value.clone();
        }
        postlude.login(key, &body).await
    };
    let plain = log_in(&[], "1").await;
    assert_eq!((plain.outcome(), decisions(&plain)), ("continue", vec!["not_applicable"]), "{}", plain.text);
    assert_eq!(why(&plain), "the event does not meet `/user/roles` contains \"admin\" or `/user/level` equals 3");
    assert_eq!(plain.body["amr"], json!(["pwd"]));
    assert_eq!(log_in(&[("/user/roles", json!(["staff", "admin"]))], "2").await.outcome(), "redirect");
    assert_eq!(log_in(&[("/user/level", json!(3))], "3").await.outcome(), "redirect");
    let kiosk = log_in(&[("/user/level", json!(3)), ("/client/client_id", json!("kiosk"))], "4").await;
    assert_eq!(why(&kiosk), "the event does not meet `/client/client_id` is not in [\"kiosk\"]");
}

#[tokio::test]
async fn a_refused_factor_leaves_the_other_of_its_group() {
    let postlude = with_voice("any_of = \"second\"").start().await;
    let mut browser = postlude.browser("ana");
    assert_eq!(decisions(&browser.login().await), ["redirect"]);
    let refused = browser.answer(&json!({ "verdict": "refused" })).await;
    assert_eq!(refused.outcome(), "redirect", "{}", refused.text);
    assert!(refused.text_at("/location").starts_with("http://localhost:4000/voice?"), "{}", refused.text);
    browser.open = Some(refused);
    let done = browser.complete().await;
    assert_eq!((done.outcome(), &done.body["amr"]), ("continue", &json!(["pwd", "voice"])), "{}", done.text);
    let again = browser.login().await;
    assert_eq!((again.outcome(), decisions(&again)), ("continue", vec!["satisfied", "skipped"]));
    assert_eq!(again.text_at("/actions/0/why"), format!("group `second` is satisfied by `{VOICE}`"));
    assert_eq!(again.body["amr"], json!(["pwd", "voice"]));
}

#[tokio::test]
async fn the_last_of_a_group_decides() {
    let postlude = with_voice("any_of = \"second\"").start().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    browser.open = Some(browser.answer(&json!({ "verdict": "refused" })).await);
    let over = browser.answer(&json!({ "verdict": "refused" })).await;
    assert_eq!((over.outcome(), over.text_at("/action")), ("deny", "voice"), "{}", over.text);
}

#[tokio::test]
async fn an_action_that_only_reports_changes_nothing() {
    let postlude = Postlude::builder().rules("report_only = true").start().await;
    let mut browser = postlude.browser("ana");
    let answered = browser.login().await;
    assert_eq!((answered.outcome(), &answered.body["amr"]), ("continue", &json!(["pwd"])), "{}", answered.text);
    let action = &answered.body["actions"][0];
    assert_eq!((&action["decision"], &action["report_only"]), (&json!("redirect"), &json!(true)));
    // Nobody is told that something came of it.
    let id = answered.text_at("/login_id");
    let record = postlude.get_as(READER_KEY, &format!("/v1/admin/logins/{id}")).await;
    let run = &record.body["timeline"][0];
    assert_eq!((&run["decision"], &run["report_only"]), (&json!("redirect"), &json!(true)), "{}", record.text);
    let metrics = postlude.client.get(format!("{}/metrics", postlude.base)).send().await.unwrap().text().await.unwrap();
    let count = |decision: &str| {
        let series = format!("postlude_runs_total{{tenant=\"acme\",action=\"face\",decision=\"{decision}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(series.as_str())).unwrap().to_owned()
    };
    assert_eq!((count("reported"), count("redirect")), ("1".to_owned(), "0".to_owned()));
    let says = format!("no record in this session: would redirect to `http://localhost:4000` for `{FACTOR}`");
    assert_eq!(action["why"], json!(says));
    assert!(!answered.text.contains("state="), "nobody will come back");
    assert_eq!(browser.login_in("silent").await.outcome(), "continue");
}

/// Even what would be load, or a trap, is only told.
#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_only_reports_cannot_hold_a_login_up() {
    for (name, text, says) in [
        ("slow", r#"(func (export "on-login") (result i32) (loop (br 0)) (call $continue))"#, "ran out of time"),
        ("trap", r#"(func (export "on-login") (result i32) (unreachable))"#, "would deny, having failed: "),
    ] {
        let component = guests::with_manifest(&guests::component(text).unwrap(), &guest_manifest());
        let action = format!(
            "[[tenants.acme.pipeline]]\nname = \"guest\"\nplugin = \"{name}\"\nreport_only = true\n\
             [tenants.acme.pipeline.limits]\nfuel = 20_000_000_000\nwall_clock = \"50ms\"\n"
        );
        let postlude = Postlude::builder().guest(name, component).before(&action).start().await;
        let answered = postlude.browser("ana").login().await;
        assert_eq!(answered.outcome(), "redirect", "the next action asks: {}", answered.text);
        assert!(answered.text_at("/actions/0/why").starts_with(says), "{}", answered.text);
    }
}

/// A manifest that asks for nothing.
fn guest_manifest() -> String {
    json!({ "name": "guest", "version": "0.1.0", "publisher": "acme.example", "abi": "0.1.0" }).to_string()
}

#[tokio::test]
async fn each_kind_of_failure_has_its_own_policy() {
    for (text, policy, outcome) in [
        ("(unreachable)", "{ trap = \"continue\" }", "redirect"),
        ("(unreachable)", "{ fuel = \"continue\", unavailable = \"continue\", other = \"continue\" }", "deny"),
        ("(call $unavailable «partner»)", "{ unavailable = \"continue\" }", "redirect"),
        ("(call $unavailable «partner»)", "{ trap = \"continue\", other = \"continue\" }", "deny"),
        ("(call $fail «broken»)", "{ other = \"continue\" }", "redirect"),
        ("(loop (br 0)) (call $continue)", "{ fuel = \"continue\" }", "redirect"),
        ("(loop (br 0)) (call $continue)", "{ trap = \"continue\" }", "deny"),
    ] {
        let text = format!("(func (export \"on-login\") (result i32) {text})");
        let component = guests::with_manifest(&guests::component(&text).unwrap(), &guest_manifest());
        let action = format!(
            "[[tenants.acme.pipeline]]\nname = \"guest\"\nplugin = \"fails\"\non_failure = {policy}\n\
             [tenants.acme.pipeline.limits]\nfuel = 100_000\nwall_clock = \"30s\"\n"
        );
        let postlude = Postlude::builder().guest("fails", component).before(&action).start().await;
        let answered = postlude.browser("ana").login().await;
        assert_eq!(answered.outcome(), outcome, "{text} {policy}: {}", answered.text);
        assert_eq!(answered.text_at("/actions/0/decision"), "failed");
    }
}
