//! The help desk lets one user past one factor, once, and the audit says who and why.

use postlude_testkit::{Answered, FACTOR, IDP_KEY, OPERATOR_KEY, OTHER_KEY, Postlude, READER_KEY};
use serde_json::{Value, json};
use std::time::Duration;

const PATH: &str = "/v1/admin/bypasses";

async fn issue(postlude: &Postlude, changes: Value) -> Answered {
    let mut body = json!({ "user_id": "ana", "action": "face", "reason": "phone lost, ticket 7" });
    for (key, value) in changes.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    postlude.post_as(OPERATOR_KEY, PATH, &body).await
}

async fn list(postlude: &Postlude) -> Value {
    let answered = postlude.post_as(OPERATOR_KEY, &format!("{PATH}/list"), &json!({ "user_id": "ana" })).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    answered.body["bypasses"].clone()
}

#[tokio::test]
async fn a_bypass_lets_one_login_past_and_is_worth_nothing() {
    let mut postlude = Postlude::start().await;
    let issued = issue(&postlude, json!({})).await;
    assert_eq!((issued.status, issued.text_at("/status")), (200, "live"), "{}", issued.text);
    assert_eq!((issued.text_at("/issued_by"), issued.text_at("/action")), ("operator", "face"));
    postlude.restart().await;

    let mut browser = postlude.browser("ben");
    assert_eq!(browser.login().await.outcome(), "redirect", "it is another user's");
    let mut browser = postlude.browser("ana");
    assert_eq!(browser.login_in("silent").await.outcome(), "interaction_required", "nobody asked for it");
    let past = browser.login().await;
    assert_eq!((past.outcome(), &past.body["amr"]), ("continue", &json!(["pwd"])), "{}", past.text);
    assert_eq!(past.text_at("/actions/0/decision"), "bypassed");
    let why = format!("bypass `{}` issued by `operator`: phone lost, ticket 7", issued.text_at("/id"));
    assert_eq!(past.text_at("/actions/0/why"), why);
    assert_eq!(past.body["session"]["factors"], json!([]), "no factor was completed");

    let again = browser.login().await;
    assert_eq!(again.outcome(), "redirect", "once: {}", again.text);
    let used = list(&postlude).await;
    assert_eq!((&used[0]["status"], &used[0]["used_by"]), (&json!("used"), &past.body["login_id"]));
    let revoked = json!({ "user_id": "ana", "id": issued.text_at("/id") });
    let revoked = postlude.post_as(OPERATOR_KEY, &format!("{PATH}/revoke"), &revoked).await;
    assert_eq!((revoked.status, revoked.outcome()), (409, "bypass_used"));
}

/// Two logins at once cannot both use it.
#[tokio::test]
async fn of_ten_parallel_logins_one_uses_it() {
    let postlude = Postlude::in_memory().await;
    issue(&postlude, json!({ "action": null, "factor": FACTOR })).await;
    let browser = postlude.browser("ana");
    let body = browser.body("interactive");
    let answers = crate::policy::parallel(&postlude, &body).await;
    let with = |outcome: &str| answers.iter().filter(|answered| answered.outcome() == outcome).count();
    assert_eq!((with("continue"), with("redirect")), (1, 9), "{answers:?}");
}

#[tokio::test]
async fn a_bypass_ends_when_it_expires_or_is_revoked() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    let short = issue(&postlude, json!({ "valid_for_seconds": 60 })).await;
    assert_eq!(short.status, 200);
    postlude.forward(Duration::from_secs(60));
    assert_eq!(browser.login().await.outcome(), "redirect");
    assert_eq!(list(&postlude).await[0]["status"], json!("void"));
    let id = issue(&postlude, json!({})).await.text_at("/id").to_owned();
    let revoke = json!({ "user_id": "ana", "id": id });
    let revoked = postlude.post_as(OPERATOR_KEY, &format!("{PATH}/revoke"), &revoke).await;
    assert_eq!((revoked.status, revoked.text_at("/revoked")), (200, id.as_str()), "{}", revoked.text);
    assert_eq!(browser.login().await.outcome(), "redirect");
    let gone = postlude.post_as(OPERATOR_KEY, &format!("{PATH}/revoke"), &revoke).await;
    assert_eq!((gone.status, gone.outcome()), (404, "bypass_unknown"));
}

#[tokio::test]
async fn only_an_operator_of_the_tenant_may_and_only_what_makes_sense() {
    let postlude = Postlude::in_memory().await;
    let body = json!({ "user_id": "ana", "action": "face", "reason": "r" });
    for path in [PATH.to_owned(), format!("{PATH}/list"), format!("{PATH}/revoke")] {
        for key in [IDP_KEY, READER_KEY, OTHER_KEY] {
            let refused = postlude.post_as(key, &path, &body).await;
            assert_eq!((refused.status, refused.outcome()), (403, "forbidden"), "{path}: {}", refused.text);
        }
        assert_eq!(postlude.post_as("plk_unknown", &path, &body).await.status, 401);
    }
    for (changes, status, code) in [
        (json!({ "action": "fase" }), 404, "bypass_target_unknown"),
        (json!({ "action": null, "factor": "https://acme.example/fase" }), 404, "bypass_target_unknown"),
        (json!({ "action": null }), 400, "invalid_request"),
        (json!({ "factor": FACTOR }), 400, "invalid_request"),
        (json!({ "reason": null }), 400, "invalid_request"),
        (json!({ "reason": " " }), 400, "invalid_request"),
        (json!({ "reason": "a\nb" }), 400, "invalid_request"),
        (json!({ "reason": "r".repeat(257) }), 400, "invalid_request"),
        (json!({ "reason": "r".repeat(256) }), 200, ""),
        (json!({ "valid_for_seconds": 0 }), 400, "invalid_request"),
        (json!({ "valid_for_seconds": 86_401 }), 400, "invalid_request"),
        (json!({ "valid_for_seconds": 86_400 }), 200, ""),
        (json!({ "user_id": "a\u{0}" }), 400, "invalid_request"),
        (json!({ "uses": 2 }), 400, "invalid_request"),
    ] {
        let answered = issue(&postlude, changes.clone()).await;
        assert_eq!((answered.status, answered.outcome()), (status, code), "{changes}: {}", answered.text);
    }
    for _ in 2..8 {
        assert_eq!(issue(&postlude, json!({})).await.status, 200);
    }
    let more = issue(&postlude, json!({})).await;
    assert_eq!((more.status, more.outcome()), (409, "too_many_bypasses"), "{}", more.text);
}
