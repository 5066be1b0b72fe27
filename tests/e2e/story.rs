//! The story that Postlude exists for: a custom factor, completed once, remembered in the session where it was completed.

use postlude_testkit::{FACTOR, Postlude};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_factor_is_prompted_once_per_session_until_it_is_due() {
    let postlude = Postlude::in_memory().await;
    let mut chrome = postlude.browser("ana");

    let first = chrome.login().await;
    assert_eq!(first.outcome(), "redirect", "{}", first.text);
    assert_eq!(first.text_at("/actions/0/why"), "no record in this session");
    assert!(chrome.location().starts_with("http://localhost:4000/prompt?"), "{}", chrome.location());

    let back = chrome.complete().await;
    assert_eq!(back.outcome(), "continue", "{}", back.text);
    assert_eq!(back.text_at("/actions/1/why"), format!("recorded {FACTOR}"));
    assert_eq!(back.body["amr"], json!(["pwd", "mfa"]));
    assert!(back.body["id_token_claims"]["https://acme.example/face_at"].is_u64(), "{}", back.text);
    assert_eq!(back.text_at("/session/factors/0/name"), FACTOR);

    let again = chrome.login().await;
    assert_eq!(again.outcome(), "continue", "{}", again.text);
    assert_eq!(again.text_at("/actions/0/decision"), "skipped");
    assert_eq!(again.body["amr"], json!(["pwd", "mfa"]));

    let mut firefox = postlude.browser("ana");
    let other = firefox.login().await;
    assert_eq!(other.outcome(), "redirect", "another browser has another session: {}", other.text);

    postlude.forward(Duration::from_secs(24 * 3600 - 60));
    assert_eq!(chrome.login().await.outcome(), "continue", "a minute before it is due");
    postlude.forward(Duration::from_secs(61));
    let due = chrome.login().await;
    assert_eq!(due.outcome(), "redirect");
    let why = due.text_at("/actions/0/why");
    assert!(why.starts_with("record 24 h") && why.ends_with("policy 24 h"), "{why}");
}

/// R10.
#[tokio::test]
async fn a_suspended_login_survives_a_restart() {
    let mut postlude = Postlude::start().await;
    let (open, token, key) = {
        let mut browser = postlude.browser("ana");
        browser.login().await;
        (browser.open.clone(), postlude.partner.result(browser.location(), &json!({})), browser.continue_path())
    };
    postlude.restart().await;
    let mut browser = postlude.browser("ana");
    browser.open = open;
    let sealed = browser.bring(&token).await.sealed();
    assert_eq!(browser.resume(&sealed).await.outcome(), "continue");
    assert_eq!(browser.continue_path(), key);
    assert_eq!(browser.login().await.outcome(), "continue", "the record is in the session");
}

#[tokio::test]
async fn zero_max_age_prompts_at_every_login_and_still_counts_for_it() {
    let postlude = Postlude::builder().max_age("0s").start().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let back = browser.complete().await;
    assert_eq!((back.outcome(), &back.body["amr"]), ("continue", &json!(["pwd", "mfa"])));
    assert_eq!(browser.login().await.outcome(), "redirect");
}

/// U06.
#[tokio::test]
async fn without_a_browser_a_due_prompt_is_interaction_required() {
    let postlude = Postlude::in_memory().await;
    for mode in ["silent", "refresh", "password"] {
        let mut browser = postlude.browser("ana");
        let answered = browser.login_in(mode).await;
        assert_eq!((answered.status, answered.outcome()), (200, "interaction_required"), "{mode}: {}", answered.text);
        assert_eq!(answered.text_at("/action"), "face");
        assert!(answered.body.get("location").is_none());
    }
    let mut browser = postlude.browser("ana");
    browser.login().await;
    browser.complete().await;
    for mode in ["silent", "refresh"] {
        assert_eq!(browser.login_in(mode).await.outcome(), "continue", "{mode}, with a fresh record");
    }
}

#[tokio::test]
async fn the_partners_refusal_denies_and_records_nothing() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let refused = browser.answer(&json!({ "verdict": "refused" })).await;
    assert_eq!((refused.outcome(), refused.text_at("/action")), ("deny", "face"), "{}", refused.text);
    let session = refused.text_at("/subject/session_id").to_owned();
    let stored = postlude.post("/v1/sessions/get", &json!({ "id": session })).await;
    assert_eq!(stored.outcome(), "session_unknown", "{}", stored.text);
}
