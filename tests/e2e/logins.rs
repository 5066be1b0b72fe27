//! `POST /v1/logins` and `GET`: idempotency, subjects, return URLs, and the shape of answers.

use postlude_model::limits;
use postlude_testkit::{OTHER_KEY, Postlude, READER_KEY};
use serde_json::json;

#[tokio::test]
async fn the_same_key_gives_the_same_login_and_another_body_is_refused() {
    let postlude = Postlude::in_memory().await;
    let body = postlude.browser("ana").body("interactive");
    let first = postlude.login("txn-1", &body).await;
    let again = postlude.login("txn-1", &body).await;
    assert_eq!(first.body, again.body, "the same location, state and resume key");
    let other = postlude.login("txn-1", &postlude.browser("ben").body("interactive")).await;
    assert_eq!((other.status, other.outcome()), (422, "idempotency_mismatch"), "{}", other.text);
    let elsewhere = postlude.login_as(OTHER_KEY, "txn-1", &postlude.browser("ben").body("interactive")).await;
    assert_eq!(elsewhere.outcome(), "continue", "keys are a tenant's own: {}", elsewhere.text);
}

/// A crash forgets a light login of its last moments. Another body under its key must not get what was another user's.
#[tokio::test]
async fn a_login_in_the_place_of_one_that_a_crash_forgot_is_not_taken_for_it() {
    let mut postlude = Postlude::start().await;
    let ana = postlude.browser("ana").body("silent");
    let first = postlude.login_as(OTHER_KEY, "txn-1", &ana).await;
    assert_eq!(first.outcome(), "continue", "{}", first.text);
    postlude.stop().await;
    let mut forgotten = 0;
    for entry in std::fs::read_dir(postlude.dir().join("data/logins")).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
        forgotten += 1;
    }
    assert!(forgotten > 0);
    postlude.start_again().await.unwrap();
    let path = format!("/v1/logins/{}", first.text_at("/login_id"));
    assert_eq!(postlude.get_as(OTHER_KEY, &path).await.status, 404);
    let second = postlude.login_as(OTHER_KEY, "txn-1", &postlude.browser("ben").body("silent")).await;
    assert_eq!(second.outcome(), "continue", "{}", second.text);
    assert_ne!(second.text_at("/login_id"), first.text_at("/login_id"));
    assert_eq!(postlude.get_as(OTHER_KEY, &path).await.status, 404, "the first is not the second");
    let again = postlude.login_as(OTHER_KEY, "txn-1", &ana).await;
    assert_eq!((again.status, again.outcome()), (422, "idempotency_mismatch"), "{}", again.text);
}

#[tokio::test]
async fn a_hundred_parallel_starts_are_one_login() {
    let postlude = Postlude::in_memory().await;
    let body = postlude.browser("ana").body("interactive");
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let request =
                postlude.client.post(format!("{}/v1/logins", postlude.base)).bearer_auth(postlude_testkit::IDP_KEY);
            tokio::spawn(postlude_testkit::Answered::of(request.header("idempotency-key", "one").json(&body)))
        })
        .collect();
    let mut locations = std::collections::BTreeSet::new();
    for call in calls {
        locations.insert(call.await.unwrap().text_at("/location").to_owned());
    }
    assert_eq!(locations.len(), 1);
}

#[tokio::test]
async fn get_shows_the_outcome_but_never_the_resume_key() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    let started = browser.login().await;
    let path = format!("/v1/logins/{}", started.text_at("/login_id"));
    let shown = postlude.get_as(READER_KEY, &path).await;
    assert_eq!(shown.outcome(), "redirect");
    assert!(shown.body.get("resume_key").is_none(), "{}", shown.text);
    let done = browser.complete().await;
    assert_eq!(postlude.get_as(READER_KEY, &path).await.body, done.body);
    let foreign = postlude.get_as(OTHER_KEY, &path).await;
    assert_eq!((foreign.status, foreign.outcome()), (404, "login_unknown"));
}

#[tokio::test]
async fn a_foreign_return_url_is_refused_with_the_remedy() {
    let postlude = Postlude::in_memory().await;
    for url in [
        "http://localhost:3001/interaction/x",
        "http://localhost:3000/interaction-evil/x",
        "http://localhost:3000/interaction/../admin",
        "http://user@localhost:3000/interaction/x",
        "https://localhost:3000/interaction/x",
        "http://localhost:3000.evil.example/interaction/x",
        "http://localhost:3000/interaction/x?postlude=1",
        "javascript:alert(1)",
        "/interaction/x",
        "http://localhost:3000/interaction/x\r\nset-cookie: a=b",
        "http://localhost:3000/interaction/\tx",
        "http://localhost:3000/interaction/x\n",
        " http://localhost:3000/interaction/x",
        "http://localhost:3000/interaction/x y",
        "http://localhost:3000/interaction/\u{a0}x",
    ] {
        let mut body = postlude.browser("ana").body("interactive");
        body["return_url"] = json!(url);
        let answered = postlude.login("txn", &body).await;
        assert_eq!((answered.status, answered.outcome()), (400, "invalid_return_url"), "{url}: {}", answered.text);
    }
    let mut body = postlude.browser("ana").body("interactive");
    body.as_object_mut().unwrap().remove("return_url");
    assert_eq!(postlude.login("txn", &body).await.outcome(), "invalid_return_url");
}

#[tokio::test]
async fn wrong_bodies_say_where_they_are_wrong() {
    let postlude = Postlude::in_memory().await;
    let good = postlude.browser("ana").body("interactive");
    let cases = [
        ("/trigger", json!("pre-login"), "`trigger`"),
        ("/mode", json!("quiet"), "`mode`"),
        ("/event/user/user_id", json!(7), "user.user_id"),
        ("/event/user/user_id", json!("a\u{0}b"), "user.user_id"),
        ("/event/client/client_id", json!(""), "client.client_id"),
        ("/event/user", json!(null), "user"),
    ];
    for (pointer, value, says) in cases {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        let answered = postlude.login("txn", &body).await;
        assert_eq!((answered.status, answered.outcome()), (400, "invalid_request"), "{pointer}: {}", answered.text);
        assert!(answered.text_at("/detail").contains(says), "{pointer}: {}", answered.text);
    }
    let mut unknown = good.clone();
    unknown["colour"] = json!("red");
    assert!(postlude.login("txn", &unknown).await.text_at("/detail").contains("colour"));
}

/// U24: a user has so many records of logins that were not light. What one user fills is nobody else's.
#[tokio::test]
async fn a_user_fills_no_more_than_its_own_records() {
    let postlude = Postlude::in_memory().await;
    let begin = async |user: &str, number: usize| {
        let body = postlude.browser(user).body("interactive");
        postlude.login(&format!("{user}-{number}"), &body).await
    };
    for from in (0..limits::USER_RECORDS).step_by(50) {
        let begun = (from..from + 50).map(|number| begin("ana", number));
        for answered in futures_util::future::join_all(begun).await {
            assert_eq!((answered.status, answered.outcome()), (200, "redirect"), "{}", answered.text);
        }
    }
    let full = begin("ana", limits::USER_RECORDS).await;
    assert_eq!(full.status, 503, "{}", full.text);
    assert!(full.text.contains("as many records of logins as one may have"), "{}", full.text);
    assert_eq!(begin("ben", 0).await.outcome(), "redirect");
    assert_eq!(
        begin("ana", limits::USER_RECORDS - 1).await.outcome(),
        "redirect",
        "what was answered is answered again"
    );
    let mut known = postlude.browser("ana");
    let refresh = known.login_in("silent").await;
    assert_eq!(refresh.outcome(), "interaction_required", "a light login takes no room: {}", refresh.text);
    postlude.forward(std::time::Duration::from_secs(25 * 60 * 60));
    postlude.host().sweep().await.unwrap();
    assert_eq!(begin("ana", limits::USER_RECORDS).await.outcome(), "redirect", "the sweep makes room");
}
