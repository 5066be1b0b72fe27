//! HTTP itself: keys, sizes, JSON, headers, health.

use postlude_testkit::{Answered, IDP_KEY, Postlude};
use serde_json::json;

/// N08.
#[tokio::test]
async fn without_a_known_key_nothing_is_read() {
    let postlude = Postlude::in_memory().await;
    let url = format!("{}/v1/logins", postlude.base);
    for value in [None, Some("Bearer plk_wrong"), Some("Basic YTpi"), Some("Bearer"), Some(IDP_KEY)] {
        let request = postlude.client.post(&url).body("not even json");
        let request = match value {
            Some(value) => request.header("authorization", value),
            None => request,
        };
        let answered = Answered::of(request).await;
        assert_eq!((answered.status, answered.outcome()), (401, "unauthenticated"), "{value:?}");
    }
}

/// N06, JSONTestSuite's kinds of malformed text.
#[tokio::test]
async fn wrong_json_is_400_with_the_place() {
    let postlude = Postlude::in_memory().await;
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let very_deep = "[".repeat(100_000);
    for body in
        ["", "{", "[1,]", "{\"a\":1,\"a\":2}", "{\"a\":01}", "nul", "\u{feff}{}", "{}{}", "'a'", &deep, &very_deep]
    {
        let request = postlude.client.post(format!("{}/v1/logins", postlude.base)).bearer_auth(IDP_KEY);
        let answered = Answered::of(request.header("idempotency-key", "k").body(body.to_owned())).await;
        assert_eq!((answered.status, answered.outcome()), (400, "invalid_request"), "{:.40}: {}", body, answered.text);
        let detail = answered.text_at("/detail");
        assert!(detail.contains("line 1 column") || detail.contains("`a` occurs twice"), "{body:.40}: {detail}");
    }
}

#[tokio::test]
async fn an_oversize_body_is_413_at_the_edge() {
    let postlude = Postlude::in_memory().await;
    for (size, status) in [(256 * 1024, 400), (256 * 1024 + 1, 413)] {
        let body = format!("\"{}\"", "x".repeat(size - 2));
        let request = postlude.client.post(format!("{}/v1/logins", postlude.base)).bearer_auth(IDP_KEY);
        let answered = Answered::of(request.header("idempotency-key", "k").body(body)).await;
        assert_eq!(answered.status, status, "{size}: {}", answered.text);
    }
}

#[tokio::test]
async fn a_start_needs_an_idempotency_key() {
    let postlude = Postlude::in_memory().await;
    let body = postlude.browser("ana").body("interactive");
    let missing = postlude.post("/v1/logins", &body).await;
    assert_eq!((missing.status, missing.outcome()), (400, "idempotency_key_required"));
    assert_eq!(postlude.login(&"k".repeat(257), &body).await.outcome(), "idempotency_key_required");
    assert_eq!(postlude.login(&"k".repeat(256), &body).await.outcome(), "redirect");
}

/// Two values of such a header are read in one way here and in another by a proxy before: neither counts.
#[tokio::test]
async fn a_header_that_may_stand_once_is_refused_twice() {
    let postlude = Postlude::in_memory().await;
    let body = postlude.browser("ana").body("interactive");
    let ask = async |name: &'static str, values: [&str; 2]| {
        let request = postlude.client.post(format!("{}/v1/logins", postlude.base)).json(&body);
        let request = request.header(name, values[0]).header(name, values[1]);
        let request = if name == "authorization" { request } else { request.bearer_auth(IDP_KEY) };
        let request = if name == "idempotency-key" { request } else { request.header("idempotency-key", "txn") };
        Answered::of(request).await
    };
    let key = format!("Bearer {IDP_KEY}");
    for (name, values, status, outcome) in [
        ("authorization", [key.as_str(), key.as_str()], 401, "unauthenticated"),
        ("authorization", [key.as_str(), "Bearer other"], 401, "unauthenticated"),
        ("idempotency-key", ["txn", "txn"], 400, "invalid_request"),
        ("host", ["localhost", "evil.example"], 400, "invalid_request"),
    ] {
        let answered = ask(name, values).await;
        assert_eq!((answered.status, answered.outcome()), (status, outcome), "{name}: {}", answered.text);
        assert!(answered.text.contains("more than once"), "{name}: {}", answered.text);
    }
    assert_eq!(postlude.login("txn", &body).await.outcome(), "redirect");
}

/// S01, N12, S07.
#[tokio::test]
async fn every_response_has_the_headers() {
    let postlude = Postlude::in_memory().await;
    for path in [
        "/v1/logins",
        "/v1/logins/x",
        "/healthz",
        "/readyz",
        "/acme/continue",
        "/acme/.well-known/jwks.json",
        "/nowhere",
    ] {
        let response = postlude.client.get(format!("{}{path}", postlude.base)).send().await.unwrap();
        let headers = response.headers();
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert!(headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"), "{path}");
    }
}

#[tokio::test]
async fn health_and_readiness_answer_without_a_key() {
    let postlude = Postlude::in_memory().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(
            postlude.client.get(format!("{}{path}", postlude.base)).send().await.unwrap().status(),
            200,
            "{path}"
        );
    }
}

#[tokio::test]
async fn errors_are_problem_json_with_a_stable_code_and_an_id() {
    let postlude = Postlude::in_memory().await;
    let response = postlude
        .client
        .post(format!("{}/v1/sessions/get", postlude.base))
        .bearer_auth(IDP_KEY)
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(problem["code"], "invalid_request");
    assert!(problem["id"].as_str().unwrap().starts_with("err_"), "{problem}");
}
