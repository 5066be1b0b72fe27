//! R01, R02: kill -9 while factors are recorded. Every acknowledged factor is there, and no state is accepted twice.

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
