//! R01, R02: kill -9 while factors are recorded. Every acknowledged factor is there, and no state is accepted twice.

use postlude_testkit::faults::Fault;
use postlude_testkit::{Answered, Postlude, event};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ROUNDS: u64 = 50;
const BROWSERS: usize = 6;

/// A resume that was answered.
#[derive(Debug, Clone)]
struct Acknowledged {
    path: String,
    body: Value,
    answer: Value,
    session: String,
}

/// R01, R02.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_lose_no_acknowledged_factor_and_revive_no_state() {
    let mut postlude = Postlude::builder().process().start().await;
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let browsers: Vec<_> = (0..BROWSERS)
            .map(|at| tokio::spawn(browse(Client::of(&postlude), round, at, Arc::clone(&acknowledged))))
            .collect();
        // From before the first answer to well into the flow, a different moment each round.
        tokio::time::sleep(Duration::from_millis(5 + (round * 37) % 120)).await;
        postlude.kill().await;
        for browser in browsers {
            browser.await.unwrap();
        }
        postlude.start_again().await.unwrap();
        let now = acknowledged.lock().unwrap().clone();
        verify(&postlude, &now).await;
        all.extend(now);
    }
    assert!(all.len() >= 50, "only {} resumes were acknowledged in {ROUNDS} rounds: the test proves little", all.len());
    verify(&postlude, &all).await;
    postlude.stop().await;
}

async fn verify(postlude: &Postlude, acknowledged: &[Acknowledged]) {
    for one in acknowledged {
        let session = postlude.post("/v1/sessions/get", &json!({ "id": one.session })).await;
        let factors = session.body["factors"].as_array().map_or(0, Vec::len);
        assert_eq!(factors, 1, "an acknowledged factor is there, once: {}", session.text);
        let again = postlude.post(&one.path, &one.body).await;
        assert_eq!(again.body, one.answer, "a used state gives the answer that it gave");
    }
}

/// What a browser of a killed server needs; every call may fail.
struct Client {
    base: String,
    http: reqwest::Client,
    partner: postlude_testkit::Partner,
}

impl Client {
    fn of(postlude: &Postlude) -> Self {
        Self { base: postlude.base.clone(), http: postlude.client.clone(), partner: postlude.partner.clone() }
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Option<Answered> {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(postlude_testkit::IDP_KEY);
        let response = request.header("idempotency-key", key).json(body).send().await.ok()?;
        let status = response.status().as_u16();
        let text = response.text().await.ok()?;
        Some(Answered { status, body: serde_json::from_str(&text).ok()?, text })
    }
}

/// Logs in and completes the factor, again and again, until the server is gone.
async fn browse(client: Client, round: u64, at: usize, acknowledged: Arc<Mutex<Vec<Acknowledged>>>) {
    for turn in 0..1000 {
        let user = format!("user-{round}-{at}-{turn}");
        if login(&client, &user, &acknowledged).await.is_none() {
            return;
        }
    }
}

async fn login(client: &Client, user: &str, acknowledged: &Mutex<Vec<Acknowledged>>) -> Option<()> {
    let start = json!({ "trigger": "post-login", "mode": "interactive", "event": event(user, None),
        "return_url": "http://localhost:3000/interaction/x" });
    let open = client.post("/v1/logins", user, &start).await?;
    let location = open.text_at("/location");
    let token = client.partner.result(location, &json!({}));
    let url = url::Url::parse(location).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state")?.1.into_owned();
    let request = client
        .http
        .get(format!("{}/acme/continue", client.base))
        .query(&[("state", &state), ("postlude_result", &token)]);
    let back = request.send().await.ok()?;
    let target = url::Url::parse(back.headers().get("location")?.to_str().ok()?).ok()?;
    let sealed = target.query_pairs().find(|(name, _)| name == "postlude")?.1.into_owned();
    let path = format!("/v1/logins/{}/continue", open.text_at("/login_id"));
    let body = json!({ "resume_key": open.text_at("/resume_key"), "reply": sealed, "event": event(user, None) });
    let answer = client.post(&path, "x", &body).await?;
    assert_eq!(answer.outcome(), "continue", "{}", answer.text);
    let session = answer.text_at("/subject/session_id").to_owned();
    acknowledged.lock().unwrap().push(Acknowledged { path, body, answer: answer.body, session });
    Some(())
}

/// R01: after a kill a login that is not known may be one that the kill forgot, and for a minute the answer says so. After a clean
/// stop, and after that minute, it is not known.
#[tokio::test]
async fn a_login_that_a_kill_may_have_forgotten_is_uncertain_for_a_minute() {
    let mut postlude = Postlude::builder().faults().start().await;
    let known = postlude.browser("ann").login().await;
    let paths = ["/v1/logins", "/v1/admin/logins"];
    let unknown = async |postlude: &Postlude| {
        let mut found = Vec::new();
        for path in paths {
            let url = format!("{}{path}/lgn_nobody", postlude.base);
            let request = postlude.client.get(url).bearer_auth(postlude_testkit::READER_KEY);
            let response = request.send().await.unwrap();
            let retry =
                response.headers().get("retry-after").map(|value| value.to_str().unwrap().parse::<u64>().unwrap());
            let status = response.status().as_u16();
            let body: Value = response.json().await.unwrap();
            found.push((status, body["code"].as_str().unwrap().to_owned(), retry));
        }
        found
    };
    let not_known = [(404, "login_unknown".to_owned(), None), (404, "login_unknown".to_owned(), None)];
    assert_eq!(unknown(&postlude).await, not_known, "a store that is new forgot nothing");
    postlude.kill().await;
    postlude.start_again().await.unwrap();
    for (status, code, retry) in unknown(&postlude).await {
        assert_eq!((status, &*code), (503, "login_uncertain"));
        assert!(retry.is_some_and(|seconds| (1..=60).contains(&seconds)), "{retry:?}");
    }
    let path = format!("/v1/logins/{}", known.text_at("/login_id"));
    let shown = postlude.get_as(postlude_testkit::IDP_KEY, &path).await;
    assert_eq!((shown.status, shown.outcome()), (200, "redirect"), "what is there is known: {}", shown.text);
    for fault in [Fault::BootMillis, Fault::WallMillis] {
        postlude.faults().set(fault, 61_000);
    }
    assert_eq!(unknown(&postlude).await, not_known, "a minute later it is told");
    // A clean stop forgets nothing, also one of a process that began after a kill.
    postlude.terminate().await;
    assert_eq!(postlude.ended_within(Duration::from_secs(60)).await, Some(0));
    postlude.start_again().await.unwrap();
    assert_eq!(unknown(&postlude).await, not_known);
    postlude.stop().await;
}
