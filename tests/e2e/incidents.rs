//! Incidents: the kill switch and the revocation of everything that a plugin recorded, at once and after a restart.

use postlude_testkit::{FACTOR, OPERATOR_KEY, Postlude, READER_KEY};
use serde_json::{Value, json};

async fn digest(postlude: &Postlude) -> Value {
    postlude.get_as(READER_KEY, "/v1/admin/pipeline").await.body["actions"][0]["digest"].clone()
}

async fn kill(postlude: &Postlude) -> Value {
    let body = json!({ "digest": digest(postlude).await, "reason": "INC-42" });
    let killed = postlude.post_as(OPERATOR_KEY, "/v1/admin/kill", &body).await;
    assert_eq!((killed.status, &killed.body["actions"]), (200, &json!(["face"])), "{}", killed.text);
    body
}

/// O07: new logins, those at their prompt, and those whose factor is fresh: none gets by, also after a reload and a restart.
#[tokio::test]
async fn a_killed_plugin_runs_nowhere_any_more() {
    let mut postlude = Postlude::start().await;
    let mut fresh = postlude.browser("ana");
    fresh.login().await;
    fresh.complete().await;
    let session = fresh.session.clone();
    assert_eq!(fresh.login().await.outcome(), "continue");
    let mut suspended = postlude.browser("ben");
    suspended.login().await;
    let token = postlude.partner.result(suspended.location(), &json!({}));
    let sealed = suspended.bring(&token).await.sealed();

    let order = kill(&postlude).await;
    let denied = suspended.resume(&sealed).await;
    assert_eq!((denied.status, denied.text_at("/outcome"), denied.text_at("/code")), (200, "deny", "plugin_killed"));
    assert_eq!(denied.body["actions"].as_array().unwrap().last().unwrap()["decision"], "killed", "{}", denied.text);
    for round in 0..3 {
        let mut browser = postlude.browser("ana");
        browser.session.clone_from(&session);
        let denied = browser.login().await;
        assert_eq!((denied.outcome(), denied.text_at("/code")), ("deny", "plugin_killed"), "round {round}");
        assert_eq!(postlude.browser("new").login().await.text_at("/code"), "plugin_killed");
        match round {
            0 => assert_eq!(postlude.post_as(OPERATOR_KEY, "/v1/admin/reload", &json!({})).await.status, 200),
            _ => postlude.restart().await,
        }
    }
    let listed = postlude.get_as(READER_KEY, "/v1/admin/orders").await;
    assert_eq!(
        (listed.text_at("/kills/0/by"), listed.text_at("/kills/0/reason")),
        ("operator", "INC-42"),
        "{}",
        listed.text
    );
    assert_eq!(postlude.get_as(READER_KEY, "/v1/admin/pipeline").await.body["actions"][0]["killed"], true);

    // Lifted: the factor counts again.
    let lifted = postlude.post_as(OPERATOR_KEY, "/v1/admin/kill/lift", &order).await;
    assert_eq!((lifted.status, &lifted.body["kills"]), (200, &json!([])), "{}", lifted.text);
    let mut browser = postlude.browser("ana");
    browser.session = session;
    assert_eq!(browser.login().await.outcome(), "continue");
    let again = postlude.post_as(OPERATOR_KEY, "/v1/admin/kill/lift", &order).await;
    assert_eq!((again.status, again.outcome()), (404, "kill_unknown"));
}

#[tokio::test]
async fn a_kill_twice_is_the_first() {
    let postlude = Postlude::in_memory().await;
    kill(&postlude).await;
    let first = postlude.get_as(READER_KEY, "/v1/admin/orders").await.body;
    postlude.forward(std::time::Duration::from_secs(5));
    kill(&postlude).await;
    assert_eq!(postlude.get_as(READER_KEY, "/v1/admin/orders").await.body, first);
}

/// Everything that the plugin recorded, in all sessions, with one call; what is recorded later counts.
#[tokio::test]
async fn revoked_factors_are_prompted_again_in_every_session() {
    let mut postlude = Postlude::start().await;
    let mut sessions = Vec::new();
    for user in ["ana", "ben", "eve"] {
        let mut browser = postlude.browser(user);
        browser.login().await;
        browser.complete().await;
        assert_eq!(browser.login().await.outcome(), "continue");
        sessions.push((user, browser.session.clone().unwrap(), browser.open.clone().unwrap()));
    }
    let body = json!({ "digest": digest(&postlude).await, "name": FACTOR, "reason": "INC-43" });
    let revoked = postlude.post_as(OPERATOR_KEY, "/v1/admin/plugins/revoke-factors", &body).await;
    assert_eq!((revoked.status, revoked.text_at("/name")), (200, FACTOR), "{}", revoked.text);

    for (_, session, answered) in &sessions {
        let shown = postlude.post_as(READER_KEY, "/v1/admin/sessions/get", &json!({ "id": session })).await;
        assert_eq!(shown.body["factors"], json!([]), "it no longer counts: {}", shown.text);
        let again = postlude.get_as(READER_KEY, &format!("/v1/logins/{}", answered.text_at("/login_id"))).await;
        assert_eq!(again.outcome(), "ended", "what rested on it is not told again: {}", again.text);
    }
    postlude.restart().await;
    for (user, session, _) in &sessions {
        let mut browser = postlude.browser(user);
        browser.session = Some(session.clone());
        assert_eq!(browser.login().await.outcome(), "redirect", "{user} is prompted again");
        let done = browser.complete().await;
        assert_eq!((done.outcome(), &done.body["amr"]), ("continue", &json!(["pwd", "mfa"])), "{}", done.text);
        assert_eq!(browser.login().await.outcome(), "continue", "what was recorded since counts");
    }
    let listed = postlude.get_as(READER_KEY, "/v1/admin/orders").await;
    assert_eq!(listed.body["revocations"].as_array().unwrap().len(), 1);
}

/// A factor that is recorded while the revocation comes is on one side of it: never acknowledged and uncounted without a prompt.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_amid_logins_misses_none_that_came_before() {
    let postlude = std::sync::Arc::new(Postlude::start().await);
    let digest = digest(&postlude).await;
    let logins: Vec<_> = (0..12)
        .map(|at| {
            let postlude = std::sync::Arc::clone(&postlude);
            tokio::spawn(async move {
                let user = format!("user-{at}");
                let mut browser = postlude.browser(&user);
                browser.login().await;
                let done = browser.complete().await;
                (user, done.outcome().to_owned(), browser.session.clone())
            })
        })
        .collect();
    let body = json!({ "digest": digest, "reason": "INC-44" });
    let revoked = postlude.post_as(OPERATOR_KEY, "/v1/admin/plugins/revoke-factors", &body).await;
    let before = revoked.text_at("/before").to_owned();
    for login in logins {
        let (user, outcome, session) = login.await.unwrap();
        assert!(["continue", "deny"].contains(&&*outcome), "{outcome}");
        let Some(session) = session else { continue };
        let stored = postlude.post_as(READER_KEY, "/v1/admin/sessions/get", &json!({ "id": session })).await;
        let counts = stored.body["factors"].as_array().unwrap();
        assert!(counts.iter().all(|factor| factor["completed_at"].as_str().unwrap() >= &*before), "{}", stored.text);
        let mut browser = postlude.browser(&user);
        browser.session = Some(session);
        let expected = if counts.is_empty() { "redirect" } else { "continue" };
        assert_eq!(browser.login().await.outcome(), expected);
    }
}
