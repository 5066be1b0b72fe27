//! Clocks that are wrong, step, and are set right. Nothing that was acknowledged is lost, and everything works at once.

use postlude_testkit::faults::Fault;
use postlude_testkit::{OPERATOR_KEY, Postlude, READER_KEY};
use serde_json::json;
use std::time::Duration;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// A user's factor, completed; what the browser holds of it.
async fn complete(postlude: &Postlude, user: &str) -> String {
    let mut browser = postlude.browser(user);
    let first = browser.login().await;
    assert_eq!(first.outcome(), "redirect", "{}", first.text);
    let back = browser.complete().await;
    assert_eq!(back.outcome(), "continue", "{}", back.text);
    browser.session.unwrap()
}

async fn counts(postlude: &Postlude, user: &str, session: &str) -> bool {
    let mut browser = postlude.browser(user);
    browser.session = Some(session.to_owned());
    let again = browser.login().await;
    assert_eq!(again.status, 200, "{}", again.text);
    again.outcome() == "continue"
}

/// R09: a step that is taken back at once.
#[tokio::test]
async fn ten_years_ahead_for_two_seconds_harm_nobody() {
    let mut postlude = Postlude::builder().faults().start().await;
    let session = complete(&postlude, "ann").await;
    postlude.faults().set(Fault::WallMillis, 10 * YEAR);
    assert!(counts(&postlude, "ann", &session).await, "the factor was completed a moment ago");
    assert_eq!(postlude.browser("bob").login().await.outcome(), "redirect");
    let (status, text) = postlude.readiness().await;
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("the system's clock stepped ahead by 3650 days"), "{text}");
    postlude.faults().clear(Fault::WallMillis);
    complete(&postlude, "cid").await;
    assert_eq!(postlude.readiness().await, (200, "ready\n".to_owned()));
    postlude.restart().await;
    assert!(counts(&postlude, "ann", &session).await, "after a restart as well");
    complete(&postlude, "dan").await;
    assert_eq!(postlude.readiness().await, (200, "ready\n".to_owned()));
}

/// R09: a month ahead, seen by the sweep: nothing is deleted before the clock has agreed with itself for an hour.
#[tokio::test]
async fn a_step_of_a_month_deletes_nothing() {
    let postlude = Postlude::start().await;
    let session = complete(&postlude, "ann").await;
    postlude.step_wall(31 * DAY);
    postlude.host().sweep().await.unwrap();
    postlude.step_wall(0);
    assert!(counts(&postlude, "ann", &session).await);
    let metrics = postlude.host().metrics_text().unwrap();
    assert!(metrics.contains("postlude_clock_steps_total 2"), "there and back");
}

/// Once it has agreed with itself for an hour it is taken for right.
#[tokio::test]
async fn a_clock_that_stays_ahead_for_an_hour_is_followed() {
    let postlude = Postlude::start().await;
    let session = complete(&postlude, "ann").await;
    postlude.step_wall(31 * DAY);
    assert!(counts(&postlude, "ann", &session).await);
    postlude.forward(Duration::from_secs(3590));
    assert!(counts(&postlude, "ann", &session).await);
    postlude.forward(Duration::from_secs(20));
    assert!(!counts(&postlude, "ann", &session).await, "the policy says 24 hours");
    postlude.host().sweep().await.unwrap();
    let gone = postlude.post("/v1/sessions/get", &json!({ "id": session })).await;
    assert_eq!(gone.status, 404, "{}", gone.text);
}

/// Begun a month ahead: the policy prompts again, the sweep deletes nothing, and set right everything is there.
#[tokio::test]
async fn a_start_with_a_clock_that_is_ahead_deletes_nothing() {
    let mut postlude = Postlude::start().await;
    let session = complete(&postlude, "ann").await;
    postlude.stop().await;
    postlude.step_wall(31 * DAY);
    postlude.start_again().await.unwrap();
    postlude.host().sweep().await.unwrap();
    assert!(!counts(&postlude, "ann", &session).await, "it looks old");
    postlude.stop().await;
    postlude.step_wall(0);
    postlude.start_again().await.unwrap();
    assert!(counts(&postlude, "ann", &session).await);
    complete(&postlude, "bob").await;
}

/// The process cannot take its time back: it ends for its supervisor, and the next one is right.
#[tokio::test]
async fn a_process_that_began_years_ahead_ends_when_the_clock_is_set_right() {
    let mut postlude = Postlude::builder().faults().start().await;
    let session = complete(&postlude, "ann").await;
    postlude.stop().await;
    postlude.faults().set(Fault::WallMillis, 10 * YEAR);
    postlude.start_again().await.unwrap();
    assert_eq!(postlude.browser("bob").login().await.outcome(), "redirect");
    postlude.faults().clear(Fault::WallMillis);
    assert_eq!(postlude.ended_within(Duration::from_secs(20)).await, Some(75), "it ends for its supervisor");
    postlude.start_again().await.unwrap();
    assert!(counts(&postlude, "ann", &session).await);
    complete(&postlude, "cid").await;
}

/// A machine that begins with its clock years behind, as without a battery, and is set right by the network.
#[tokio::test]
async fn a_start_with_a_clock_that_is_behind_heals_at_once() {
    let mut postlude = Postlude::builder().faults().start().await;
    let session = complete(&postlude, "ann").await;
    postlude.stop().await;
    postlude.faults().set(Fault::WallMillis, -3 * YEAR);
    postlude.start_again().await.unwrap();
    let (status, text) = postlude.readiness().await;
    assert_eq!(status, 200);
    assert!(text.contains("the system's clock is 1095 days behind the newest commit"), "{text}");
    assert!(!counts(&postlude, "ann", &session).await, "a factor of the future does not count");
    postlude.faults().clear(Fault::WallMillis);
    assert!(counts(&postlude, "ann", &session).await, "without a restart");
    complete(&postlude, "bob").await;
    assert_eq!(postlude.readiness().await.1, "ready\n");
}

/// A laptop that slept: both clocks went on, so what is old is old, and nothing is wrong.
#[tokio::test]
async fn time_goes_on_while_a_machine_sleeps() {
    let postlude = Postlude::builder().faults().start().await;
    let session = complete(&postlude, "ann").await;
    let mut asleep = postlude.browser("bob");
    asleep.login().await;
    let token = postlude.partner.result(asleep.location(), &json!({}));
    for clock in [Fault::WallMillis, Fault::BootMillis] {
        postlude.faults().set(clock, 25 * HOUR);
    }
    assert!(!counts(&postlude, "ann", &session).await, "the policy says 24 hours");
    assert_eq!(asleep.bring(&token).await.status, 410, "its state has expired");
    assert_eq!(postlude.readiness().await, (200, "ready\n".to_owned()));
}

/// Revokes what the action's plugin recorded until now.
async fn revoke(postlude: &Postlude) {
    let pipeline = postlude.get_as(READER_KEY, "/v1/admin/pipeline").await;
    let order = json!({ "digest": pipeline.text_at("/actions/0/digest"), "reason": "INC-7" });
    let revoked = postlude.post_as(OPERATOR_KEY, "/v1/admin/plugins/revoke-factors", &order).await;
    assert_eq!(revoked.status, 200, "{}", revoked.text);
}

/// A clock that was ahead dated the factor later than the revocation. What came first is not the clock's to say.
#[tokio::test]
async fn a_revocation_covers_what_a_clock_that_was_ahead_dated_after_it() {
    let mut postlude = Postlude::start().await;
    postlude.stop().await;
    postlude.step_wall(70_000);
    postlude.start_again().await.unwrap();
    let session = complete(&postlude, "ann").await;
    postlude.stop().await;
    postlude.step_wall(0);
    postlude.start_again().await.unwrap();
    revoke(&postlude).await;
    postlude.forward(Duration::from_secs(20));
    assert!(!counts(&postlude, "ann", &session).await, "it was recorded before the revocation");
    let later = complete(&postlude, "bob").await;
    assert!(counts(&postlude, "bob", &later).await, "it was recorded after the revocation");
}

/// The other way about: a clock that was behind dated the factor earlier than the revocation that came before it.
#[tokio::test]
async fn what_is_recorded_after_a_revocation_counts_whatever_the_clock_says() {
    let mut postlude = Postlude::start().await;
    postlude.stop().await;
    postlude.step_wall(300_000);
    postlude.start_again().await.unwrap();
    revoke(&postlude).await;
    postlude.stop().await;
    postlude.step_wall(0);
    postlude.start_again().await.unwrap();
    let session = complete(&postlude, "ann").await;
    assert!(counts(&postlude, "ann", &session).await);
}

/// A revocation is forgotten once no record can be older. A clock that was years behind when it was ordered must not say so.
#[tokio::test]
async fn a_revocation_by_a_clock_that_was_behind_is_not_forgotten() {
    let mut postlude = Postlude::start().await;
    let session = complete(&postlude, "ann").await;
    postlude.stop().await;
    postlude.step_wall(-3 * YEAR);
    postlude.start_again().await.unwrap();
    revoke(&postlude).await;
    postlude.restart().await;
    postlude.step_wall(0);
    postlude.restart().await;
    postlude.forward(Duration::from_secs(2 * 60 * 60));
    postlude.host().collect_garbage().await.unwrap();
    assert!(!counts(&postlude, "ann", &session).await);
}

/// A bypass for the user `ann`; its identifier.
async fn bypass(postlude: &Postlude) -> String {
    let body = json!({ "user_id": "ann", "action": "face", "reason": "phone lost" });
    let issued = postlude.post_as(OPERATOR_KEY, "/v1/admin/bypasses", &body).await;
    assert_eq!(issued.status, 200, "{}", issued.text);
    issued.text_at("/id").to_owned()
}

/// Begun a month ahead, the help desk issues a bypass. The user's earlier one looks old, and is there when the clock is right.
#[tokio::test]
async fn a_write_by_a_clock_that_is_ahead_deletes_no_bypass() {
    let mut postlude = Postlude::start().await;
    let first = bypass(&postlude).await;
    postlude.stop().await;
    postlude.step_wall(31 * DAY);
    postlude.start_again().await.unwrap();
    bypass(&postlude).await;
    postlude.stop().await;
    postlude.step_wall(0);
    postlude.start_again().await.unwrap();
    let body = json!({ "user_id": "ann", "id": first });
    let revoked = postlude.post_as(OPERATOR_KEY, "/v1/admin/bypasses/revoke", &body).await;
    assert_eq!(revoked.status, 200, "it is there: {}", revoked.text);
}
