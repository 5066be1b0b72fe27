//! Sessions: logout, rotation, revocation, and a session that changes hands.

use postlude_testkit::{Answered, FACTOR, IDP_KEY, OTHER_KEY, Postlude};
use serde_json::json;

/// U15: a factor does not survive logout.
#[tokio::test]
async fn after_logout_the_factor_and_suspended_logins_are_over() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let done = browser.complete().await;
    let session = browser.session.clone().unwrap();
    postlude.forward(std::time::Duration::from_secs(25 * 3600));
    assert_eq!(browser.login().await.outcome(), "redirect");

    let ended = postlude.post("/v1/sessions/end", &json!({ "id": session })).await;
    assert_eq!((ended.status, &ended.body["factors"]), (200, &json!([])));
    let token = postlude.partner.result(browser.location(), &json!({}));
    let sealed = browser.bring(&token).await.sealed();
    let over = browser.resume(&sealed).await;
    assert_eq!((over.status, over.outcome()), (410, "session_ended"), "{}", over.text);
    let shown =
        postlude.get_as(postlude_testkit::READER_KEY, &format!("/v1/logins/{}", done.text_at("/login_id"))).await;
    assert!(["ended", "login_unknown"].contains(&shown.outcome()), "{}", shown.text);
    assert_eq!(browser.login().await.outcome(), "redirect", "the id may begin anew, without the factor");
}

#[tokio::test]
async fn a_session_that_was_never_stored_can_be_ended_too() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.session = Some("sso-1".to_owned());
    browser.login().await;
    postlude.post("/v1/sessions/end", &json!({ "id": "sso-1" })).await;
    let token = postlude.partner.result(browser.location(), &json!({}));
    let sealed = browser.bring(&token).await.sealed();
    assert_eq!(browser.resume(&sealed).await.outcome(), "session_ended");
}

#[tokio::test]
async fn rotation_takes_factors_and_suspended_logins_along() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    browser.complete().await;
    let old = browser.session.clone().unwrap();
    let mut suspended = postlude.browser("ana");
    suspended.session = Some(old.clone());
    postlude.forward(std::time::Duration::from_secs(25 * 3600));
    suspended.login().await;

    let rotated = postlude.post("/v1/sessions/rotate", &json!({ "id": old, "to": "sso-2" })).await;
    assert_eq!((rotated.status, rotated.text_at("/id")), (200, "sso-2"), "{}", rotated.text);
    let again = postlude.post("/v1/sessions/rotate", &json!({ "id": old, "to": "sso-2" })).await;
    assert_eq!(again.status, 200, "repeating it changes nothing");
    let taken = postlude.post("/v1/sessions/rotate", &json!({ "id": old, "to": "sso-3" })).await;
    assert_eq!((taken.status, taken.outcome()), (409, "session_exists"));

    let back = suspended.complete().await;
    assert_eq!((back.outcome(), back.text_at("/subject/session_id")), ("continue", "sso-2"), "{}", back.text);
    browser.session = Some("sso-2".to_owned());
    assert_eq!(browser.login().await.outcome(), "continue");
    // Duty 4: whoever planted or knows the old id does not get the factors.
    let mut planted = postlude.browser("ana");
    planted.session = Some(old);
    let refused = planted.login().await;
    assert_eq!((refused.status, refused.outcome()), (409, "session_rotated"), "{}", refused.text);
}

#[tokio::test]
async fn a_revoked_factor_is_prompted_again() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    browser.complete().await;
    let session = browser.session.clone().unwrap();
    let revoked = postlude.post("/v1/sessions/revoke-factor", &json!({ "id": session, "name": FACTOR })).await;
    assert_eq!((revoked.status, revoked.text_at("/user_id")), (200, "ana"));
    assert_eq!(browser.login().await.outcome(), "redirect");
}

/// U15: another user in the same session.
#[tokio::test]
async fn another_user_sees_no_factor_and_takes_the_session_only_at_continue() {
    let postlude = Postlude::in_memory().await;
    let mut ana = postlude.browser("ana");
    ana.login().await;
    ana.complete().await;
    let mut ben = postlude.browser("ben");
    ben.session.clone_from(&ana.session);
    assert_eq!(ben.login().await.outcome(), "redirect", "ana's factor is not ben's");
    assert_eq!(ana.login().await.outcome(), "continue", "and typing ben's name costs ana nothing");
    assert_eq!(ben.complete().await.outcome(), "continue");
    assert_eq!(ana.login().await.outcome(), "redirect", "now the session is ben's");
    assert_eq!(ben.login().await.outcome(), "continue");
}

#[tokio::test]
async fn only_the_role_idp_changes_sessions() {
    let postlude = Postlude::in_memory().await;
    for path in ["/v1/sessions/end", "/v1/sessions/rotate", "/v1/sessions/revoke-factor"] {
        let body = json!({ "id": "a", "to": "b", "name": FACTOR });
        let answered = postlude.post_as(postlude_testkit::READER_KEY, path, &body).await;
        assert_eq!((answered.status, answered.outcome()), (403, "forbidden"), "{path}");
    }
    let get = postlude.post_as(postlude_testkit::READER_KEY, "/v1/sessions/get", &json!({ "id": "a" })).await;
    assert_eq!((get.status, get.outcome()), (404, "session_unknown"));
}

/// After the session's end no repeated call gives the old answer any more.
#[tokio::test]
async fn a_replay_after_logout_says_that_the_session_ended() {
    let postlude = Postlude::in_memory().await;
    let body = postlude.browser("ana").body("interactive");
    let mut browser = postlude.browser("ana");
    let open = postlude.login("txn-replay", &body).await;
    browser.open = Some(open.clone());
    let token = postlude.partner.result(browser.location(), &json!({}));
    let sealed = browser.bring(&token).await.sealed();
    assert_eq!(browser.resume(&sealed).await.outcome(), "continue");
    let session = browser.session.clone().unwrap();
    assert_eq!(postlude.login("txn-replay", &body).await.outcome(), "continue");
    postlude.post("/v1/sessions/end", &json!({ "id": session })).await;
    for again in [postlude.login("txn-replay", &body).await, browser.resume(&sealed).await] {
        assert_eq!((again.status, again.outcome()), (410, "session_ended"), "{}", again.text);
    }
}

/// An answer that was lost, and a rotation in between: the repeated call still finds its login.
#[tokio::test]
async fn a_resume_repeated_after_a_rotation_gives_the_same_answer() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.session = Some("sso-1".to_owned());
    browser.login().await;
    let token = postlude.partner.result(browser.location(), &json!({}));
    let sealed = browser.bring(&token).await.sealed();
    for (from, to) in [("sso-1", "sso-2"), ("sso-2", "sso-3")] {
        postlude.post("/v1/sessions/rotate", &json!({ "id": from, "to": to })).await;
    }
    let body = browser.continue_body(&sealed);
    let first = postlude.post(&browser.continue_path(), &body).await;
    assert_eq!((first.outcome(), first.text_at("/subject/session_id")), ("continue", "sso-3"), "{}", first.text);
    assert_eq!(postlude.post(&browser.continue_path(), &body).await.body, first.body);
    let ended = postlude.post("/v1/sessions/end", &json!({ "id": "sso-1" })).await;
    assert_eq!(ended.text_at("/id"), "sso-3", "logout by the first id ends the present session");
}

/// U25: no time that a caller tells decides: not the event's, not the header's.
#[tokio::test]
async fn a_callers_time_decides_nothing() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    browser.complete().await;
    for (hours, outcome) in [(1, "continue"), (24, "redirect")] {
        postlude.forward(std::time::Duration::from_secs(hours * 3600));
        for told in ["1970-01-01T00:00:00Z", "2026-11-24T10:00:00Z", "2100-01-01T00:00:00Z", "yesterday"] {
            browser.more = json!({
                "authentication": { "methods": [{ "name": "pwd", "timestamp": told }] },
                "request": { "timestamp": told, "time": told },
                "now": told, "timestamp": told,
            });
            let request = postlude.client.post(format!("{}/v1/logins", postlude.base)).bearer_auth(IDP_KEY);
            let request = request.header("idempotency-key", format!("{hours}-{told}"));
            let request =
                request.header("date", told).header("x-request-start", told).header("if-modified-since", told);
            let answered = Answered::of(request.json(&browser.body("interactive"))).await;
            assert_eq!(answered.outcome(), outcome, "after {hours} h, told {told}: {}", answered.text);
        }
    }
}

/// T02: two tenants' users and sessions of one name are two.
#[tokio::test]
async fn a_session_of_one_name_at_another_tenant_is_another_one() {
    let postlude = Postlude::in_memory().await;
    let mut ana = postlude.browser("ana");
    ana.session = Some("sid-of-the-idp".to_owned());
    ana.login().await;
    assert_eq!(ana.complete().await.outcome(), "continue");
    let session = json!({ "id": "sid-of-the-idp" });
    let theirs = postlude.post_as(OTHER_KEY, "/v1/sessions/get", &session).await;
    assert_eq!((theirs.status, theirs.outcome()), (404, "session_unknown"), "{}", theirs.text);
    // The other tenant's user of that name, in a session of that name, comes, and is logged out.
    let login = postlude.login_as(OTHER_KEY, "txn-1", &ana.body("silent")).await;
    assert_eq!((login.status, login.outcome()), (200, "continue"), "{}", login.text);
    let theirs = postlude.post_as(OTHER_KEY, "/v1/sessions/end", &session).await;
    assert!(matches!(theirs.status, 200 | 404), "{}", theirs.text);
    assert_eq!(ana.login().await.outcome(), "continue", "the factor counts where it was completed");
    let ours = postlude.post("/v1/sessions/get", &session).await;
    assert_eq!(ours.body["factors"].as_array().map(Vec::len), Some(1), "{}", ours.text);
}
