//! The public continue URL: it runs nothing, stores nothing, and shows nothing of what it was sent.

use postlude_testkit::Postlude;
use serde_json::json;

/// S08, S09: a cross-site POST comes to the IdP as a GET.
#[tokio::test]
async fn a_posted_form_is_carried_by_a_303() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let token = postlude.partner.result(browser.location(), &json!({}));
    let back = postlude.come_back("POST", &[("state", &browser.state())], &[("postlude_result", &token)]).await;
    assert_eq!(back.status, 303);
    assert!(back.location.as_deref().unwrap().starts_with("http://localhost:3000/interaction/abc/postlude?postlude="));
    assert_eq!(browser.resume(&back.sealed()).await.outcome(), "continue");
}

/// U18: prefetch, HEAD and scanners burn nothing.
#[tokio::test]
async fn visiting_it_often_consumes_nothing() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let url = format!("{}/acme/continue", postlude.base);
    for _ in 0..3 {
        let head = postlude.client.head(&url).query(&[("state", browser.state())]).send().await.unwrap();
        assert_eq!(head.status(), 303);
        postlude.come_back("GET", &[("state", &browser.state())], &[]).await;
    }
    assert_eq!(browser.complete().await.outcome(), "continue");
}

/// U23.
#[tokio::test]
async fn tampered_unknown_and_missing_states_get_a_plain_page() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let state = browser.state();
    let mut tampered = state.clone().into_bytes();
    let last = tampered.len() - 1;
    tampered[last] = if tampered[last] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).unwrap();
    let script = "<script>alert(1)</script>";
    for query in [
        vec![],
        vec![("state", "x")],
        vec![("state", script)],
        vec![("state", tampered.as_str())],
        vec![("state", state.as_str()), ("state", state.as_str())],
    ] {
        let page = postlude.come_back("GET", &query, &[]).await;
        assert_eq!(page.status, 400, "{query:?}");
        assert!(page.text.contains("This link is not valid") && !page.text.contains("<script"), "{}", page.text);
    }
}

#[tokio::test]
async fn too_large_a_reply_is_413_and_the_login_is_alive() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let (state, large) = (browser.state(), "x".repeat(7000));
    assert_eq!(postlude.come_back("GET", &[("state", &state), ("more", &large)], &[]).await.status, 413);
    let huge = "x".repeat(20_000);
    assert_eq!(postlude.come_back("POST", &[("state", &state)], &[("more", &huge)]).await.status, 413);
    assert_eq!(browser.complete().await.outcome(), "continue");
}

/// S15: only forms.
#[tokio::test]
async fn other_content_types_are_refused() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    for kind in ["application/json", "multipart/form-data; boundary=x", "text/plain", ""] {
        let request =
            postlude.client.post(format!("{}/acme/continue", postlude.base)).query(&[("state", browser.state())]);
        let response = request.header("content-type", kind).body("{}").send().await.unwrap();
        assert_eq!(response.status(), 415, "{kind}");
    }
}

/// S06: the Host header builds nothing.
#[tokio::test]
async fn a_foreign_host_header_changes_nothing() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let url = format!("{}/acme/continue", postlude.base);
    let request = postlude.client.get(url).query(&[("state", browser.state())]).header("host", "evil.example");
    let location = request.send().await.unwrap().headers()["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with("http://localhost:3000/interaction/abc/postlude?"), "{location}");
}
