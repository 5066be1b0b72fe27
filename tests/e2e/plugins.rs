//! The plugins that we ship, as components in a real server: each does what its README says.

use postlude_testkit::{Browser, Builder, Postlude, merge, plugin_file};
use serde_json::{Value, json};
use std::time::Duration;

const KEY: &str = r#"
[tenants.acme.pipeline.keys.partner]
issuer = "http://localhost:4000"
alg = "EdDSA"
jwks = { file = "partner.jwks.json" }
"#;

/// A server whose first action is of this plugin; the action `face` follows.
pub fn with(plugin: &str, toml: &str) -> Builder {
    let component = std::fs::read(plugin_file(plugin)).unwrap();
    let action = format!("[[tenants.acme.pipeline]]\nname = \"first\"\nplugin = \"{plugin}\"\n{toml}");
    Postlude::builder().guest(plugin, component).before(&action)
}

/// A browser that has completed the action `face`, so that the other action is what is left.
async fn completed<'p>(postlude: &'p Postlude, changes: &Value) -> Browser<'p> {
    let mut browser = postlude.browser("ana");
    browser.more = changes.clone();
    let mut answered = browser.login().await;
    for _ in 0..2 {
        if answered.outcome() == "redirect" {
            let accepted = json!({ "terms_version": "2026-11" });
            answered = match browser.location().contains("/prompt?") {
                true => browser.complete().await,
                false => {
                    browser.answer(&if for_a_factor(&browser) { json!({}) } else { without_factor(&accepted) }).await
                }
            };
            browser.open = Some(answered.clone());
        }
    }
    assert_eq!(answered.outcome(), "continue", "{}", answered.text);
    browser
}

/// Whether the open prompt names a factor.
fn for_a_factor(browser: &Browser<'_>) -> bool {
    request(browser).get("factor").is_some()
}

/// The claims of the open prompt's request token.
fn request(browser: &Browser<'_>) -> Value {
    let url = url::Url::parse(browser.location()).unwrap();
    postlude_testkit::claims_of(&url.query_pairs().find(|(name, _)| name == "request").unwrap().1)
}

/// Changes of a result for a prompt that names no factor.
fn without_factor(changes: &Value) -> Value {
    let mut changes = changes.clone();
    changes["factor"] = Value::Null;
    changes
}

#[tokio::test]
async fn enrich_claims_puts_parts_of_the_event_into_the_tokens() {
    let toml = r#"
settings.claims = [
  { claim = "https://acme.example/plan", from = "/user/app_metadata/plan", default = "free", transform = "lower" },
  { claim = "https://acme.example/teams", from = "/user/app_metadata/teams", token = "both", transform = "join" },
]
[tenants.acme.pipeline.grants]
event = ["/user/app_metadata/plan", "/user/app_metadata/teams"]
claims = ["https://acme.example/plan", "https://acme.example/teams"]
"#;
    let postlude = with("enrich-claims", toml).start().await;
    let mut browser = completed(&postlude, &json!({})).await;
    let poor = browser.login().await;
    assert_eq!(poor.body["id_token_claims"]["https://acme.example/plan"], "free", "{}", poor.text);
    assert!(poor.body["id_token_claims"].get("https://acme.example/teams").is_none(), "{}", poor.text);

    browser.more = json!({ "user": { "app_metadata": { "plan": "Gold", "teams": ["a", "b"], "salary": 1 } } });
    let rich = browser.login().await;
    assert_eq!(rich.body["id_token_claims"]["https://acme.example/plan"], "gold", "{}", rich.text);
    for token in ["id_token_claims", "access_token_claims"] {
        assert_eq!(rich.body[token]["https://acme.example/teams"], "a b", "{}", rich.text);
    }
    assert!(!rich.text.contains("salary"), "{}", rich.text);
}

#[tokio::test]
async fn a_claim_that_the_operator_did_not_grant_starts_no_server() {
    let toml = r#"
settings.claims = [{ claim = "a", from = "/user/name" }, { claim = "b", from = "/user/email" }]
[tenants.acme.pipeline.grants]
event = ["/user/name"]
claims = ["a"]
"#;
    let mut postlude = Postlude::start().await;
    let table = "[[tenants.acme.pipeline]]\nname = \"face\"";
    let plugin = plugin_file("enrich-claims");
    let plugin = format!("[tenants.acme.plugins.enrich-claims]\npath = \"{}\"\n", plugin.display());
    let action = format!("{plugin}[[tenants.acme.pipeline]]\nname = \"first\"\nplugin = \"enrich-claims\"\n{toml}");
    postlude.edit_config(table, &format!("{action}{table}"));
    postlude.stop().await;
    let refused = postlude.start_again().await.unwrap_err().to_string();
    assert!(refused.contains("asks for the event's `/user/email`, not granted"), "{refused}");
    assert!(refused.contains("asks for claim `b`, not granted"), "{refused}");
}

fn new_device() -> Builder {
    let toml = r#"
settings = { prompt_url = "http://localhost:4000/device", factor = "https://acme.example/device", device = "/request/user_agent", network = "/request/ip" }
[tenants.acme.pipeline.grants]
event = ["/request/user_agent", "/request/ip"]
redirect_origins = ["http://localhost:4000"]
[[tenants.acme.pipeline.factors]]
name = "https://acme.example/device"
max_age = "24h"
amr = ["mfa"]
"#;
    with("new-device", &format!("{toml}{KEY}"))
}

fn seen_from(user_agent: &str, ip: &str) -> Value {
    json!({ "request": { "user_agent": user_agent, "ip": ip } })
}

#[tokio::test]
async fn new_device_prompts_when_device_or_network_changed_and_at_no_other_time() {
    let postlude = new_device().start().await;
    let mut browser = completed(&postlude, &seen_from("Chrome/131.0", "203.0.113.7")).await;
    for same in [seen_from("Chrome/131.0", "203.0.113.7"), seen_from("Chrome/132.1", "203.0.113.250")] {
        browser.more = same;
        let answered = browser.login().await;
        assert_eq!(answered.outcome(), "continue", "{}", answered.text);
        assert_eq!(answered.text_at("/actions/0/decision"), "skipped");
    }

    browser.more = seen_from("Chrome/131.0", "198.51.100.7");
    assert_eq!(browser.login_in("silent").await.outcome(), "interaction_required");
    assert_eq!(browser.login_in("refresh").await.outcome(), "continue", "that request is not the browser's");
    let elsewhere = browser.login().await;
    assert_eq!(elsewhere.outcome(), "redirect", "{}", elsewhere.text);
    assert_eq!((for_a_factor(&browser), &request(&browser)["changed"]), (false, &json!(["network"])));
    let confirmed = browser.answer(&without_factor(&json!({}))).await;
    assert_eq!(confirmed.outcome(), "continue", "{}", confirmed.text);
    assert_eq!(confirmed.body["amr"], json!(["pwd", "mfa"]));

    for known in [seen_from("Chrome/131.0", "203.0.113.7"), seen_from("Chrome/131.0", "198.51.100.9")] {
        browser.more = known;
        assert_eq!(browser.login().await.outcome(), "continue", "both places are known now");
    }
    postlude.forward(Duration::from_secs(24 * 3600));
    assert_eq!(browser.login().await.outcome(), "redirect", "the record is too old");
    assert!(for_a_factor(&browser));
}

#[tokio::test]
async fn an_unconfirmed_change_is_remembered_by_nobody() {
    let postlude = new_device().start().await;
    let mut browser = completed(&postlude, &seen_from("Chrome/131.0", "203.0.113.7")).await;
    browser.more = seen_from("Firefox/133.0", "203.0.113.7");
    browser.login().await;
    let refused = browser.answer(&without_factor(&json!({ "verdict": "refused" }))).await;
    assert_eq!((refused.outcome(), refused.text_at("/code")), ("deny", "device_refused"), "{}", refused.text);
    assert_eq!(browser.login().await.outcome(), "redirect", "it is still new");
    let made_up = browser.answer(&json!({ "factor": "https://acme.example/device" })).await;
    assert_eq!(made_up.text_at("/code"), "device_not_confirmed", "the prompt named no factor: {}", made_up.text);
    browser.more = seen_from("Chrome/131.0", "203.0.113.7");
    assert_eq!(browser.login().await.outcome(), "continue", "the known one is as good as before");
}

fn terms() -> Builder {
    let toml = r#"
settings = { prompt_url = "http://localhost:4000/terms", version = "2026-11" }
[tenants.acme.pipeline.grants]
event = ["/user/app_metadata/terms"]
redirect_origins = ["http://localhost:4000"]
app_metadata = ["terms"]
"#;
    with("terms", &format!("{toml}{KEY}"))
}

#[tokio::test]
async fn terms_are_accepted_once_for_each_version_by_the_user_in_every_session() {
    let postlude = terms().start().await;
    let mut chrome = postlude.browser("ana");
    assert_eq!(chrome.login().await.outcome(), "redirect");
    assert!(chrome.location().starts_with("http://localhost:4000/terms?"), "{}", chrome.location());
    assert_eq!(request(&chrome)["terms_version"], "2026-11");
    let accepted = chrome.answer(&without_factor(&json!({ "terms_version": "2026-11" }))).await;
    assert_eq!(accepted.body["user_updates"]["app_metadata"]["terms"]["version"], "2026-11", "{}", accepted.text);

    let mut app_metadata = json!({ "plan": "gold" });
    merge(&mut app_metadata, &accepted.body["user_updates"]["app_metadata"]);
    let mut firefox = postlude.browser("ana");
    firefox.more = json!({ "user": { "app_metadata": app_metadata } });
    let other = firefox.login().await;
    assert_eq!(other.text_at("/actions/0/decision"), "continue", "{}", other.text);

    postlude.edit_config("version = \"2026-11\"", "version = \"2026-12\"");
    postlude.reload().await;
    firefox.login().await;
    assert_eq!(request(&firefox)["terms_version"], "2026-12");
    assert_eq!(firefox.login_in("silent").await.outcome(), "interaction_required");
}

#[tokio::test]
async fn declined_or_other_terms_deny_and_store_nothing() {
    let postlude = terms().start().await;
    for (changes, code) in [
        (json!({ "verdict": "refused" }), "terms_declined"),
        (json!({ "terms_version": "2026-10" }), "action_failed"),
        (json!({}), "action_failed"),
        (json!({ "terms_version": "2026-11", "sub": "ben" }), "terms_not_accepted"),
    ] {
        let mut browser = postlude.browser("ana");
        browser.login().await;
        let denied = browser.answer(&without_factor(&changes)).await;
        assert_eq!((denied.outcome(), denied.text_at("/code")), ("deny", code), "{changes}: {}", denied.text);
        assert!(denied.body.pointer("/user_updates/app_metadata/terms").is_none(), "{}", denied.text);
    }
}
