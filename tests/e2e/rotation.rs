//! Root keys, and the signing keys that are derived from them, change under load, with the restarts that this takes: every login that
//! was begun ends as it should, and what a removed key made is refused.

#![expect(clippy::panic, reason = "tests stop at what surprises them")]

use postlude_testkit::{Client, IDP_KEY, OPERATOR_KEY, Postlude, header_of, new_root_key};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a call is repeated: over any restart on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// What the load did.
#[derive(Debug, Default)]
struct Load {
    /// Logins that ended, of each of those who log in.
    logins: [AtomicUsize; 4],
    repeated: AtomicUsize,
    stop: AtomicBool,
}

impl Load {
    /// A call that is repeated while nobody answers, or with 503; its answer.
    async fn post(&self, client: &Client, path: &str, idempotency_key: &str, body: &Value) -> Value {
        let began = Instant::now();
        loop {
            let request = client.client.post(format!("{}{path}", client.base)).bearer_auth(IDP_KEY);
            match request.header("Idempotency-Key", idempotency_key).json(body).send().await {
                Ok(answered) if answered.status() == 200 => {
                    if let Ok(answer) = answered.json().await {
                        return answer;
                    }
                }
                Ok(answered) if answered.status() != 503 => {
                    panic!("{path} {idempotency_key}: {}", answered.text().await.unwrap_or_default())
                }
                _ => {}
            }
            self.again(began, path).await;
        }
    }

    /// What a GET answers, once somebody answers; its `Location` and its text.
    async fn get(&self, client: &Client, path: &str, query: &[(&str, &str)]) -> (Option<String>, String) {
        let began = Instant::now();
        loop {
            let sent = client.client.get(format!("{}{path}", client.base)).query(query).send().await;
            if let Ok(answered) = sent
                && answered.status() != 503
            {
                let location = answered.headers().get("location").map(|at| at.to_str().unwrap().to_owned());
                if let Ok(text) = answered.text().await {
                    return (location, text);
                }
            }
            self.again(began, path).await;
        }
    }

    async fn again(&self, began: Instant, path: &str) {
        assert!(began.elapsed() < PATIENCE, "{path} was not answered for {PATIENCE:?}");
        self.repeated.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    /// Logs one user after another in until it is told to stop. Every login ends with its factor, and the same call again says so again.
    async fn run(&self, client: &Client, at: usize) {
        for number in 0.. {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let (user, key) = (format!("user-{at}-{number}"), format!("rotation-{at}-{number}"));
            let body = client.browser(&user).body("interactive");
            let begun = self.post(client, "/v1/logins", &key, &body).await;
            assert_eq!(begun["outcome"], "redirect", "{begun}");
            let location = begun["location"].as_str().unwrap().to_owned();
            self.signed_by_a_published_key(client, &location).await;
            let (path, resume) = self.bring(client, &begun, &user).await;
            let back = self.post(client, &path, &key, &resume).await;
            assert_eq!((&back["outcome"], &back["amr"]), (&json!("continue"), &json!(["pwd", "mfa"])), "{back}");
            let again = self.post(client, &path, &key, &resume).await;
            assert_eq!((&again["outcome"], &again["session"]), (&json!("continue"), &back["session"]), "{again}");
            self.logins[at].fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The prompt's site finds the key of the request token among those that are published.
    async fn signed_by_a_published_key(&self, client: &Client, location: &str) {
        let url = url::Url::parse(location).unwrap();
        let token = url.query_pairs().find(|(_, value)| value.starts_with("eyJ"));
        let Some((_, token)) = token else { panic!("no request token in {location}") };
        let (_, keys) = self.get(client, "/acme/.well-known/jwks.json", &[]).await;
        let keys: Value = serde_json::from_str(&keys).unwrap();
        let kid = header_of(&token)["kid"].clone();
        assert!(keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid), "{kid} {keys}");
    }

    /// The browser does what the prompt asks, and is back: the call by which the IdP resumes.
    async fn bring(&self, client: &Client, begun: &Value, user: &str) -> (String, Value) {
        let location = begun["location"].as_str().unwrap();
        let state = url::Url::parse(location).unwrap();
        let state = state.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let token = client.partner.result(location, &json!({}));
        let query = [("state", state.as_str()), ("postlude_result", token.as_str())];
        let (target, text) = self.get(client, "/acme/continue", &query).await;
        let Some(target) = target else { panic!("no way back: {text}") };
        let target = url::Url::parse(&target).unwrap();
        let reply = target.query_pairs().find(|(name, _)| name == "postlude").unwrap().1.into_owned();
        let session = begun.pointer("/subject/session_id").and_then(Value::as_str);
        let event = postlude_testkit::event(user, session);
        let path = format!("/v1/logins/{}/continue", begun["login_id"].as_str().unwrap());
        (path, json!({ "resume_key": begun["resume_key"], "reply": reply, "event": event }))
    }

    /// Waits until each of them has ended three more logins: then none is under way that began before.
    async fn some_more(&self) {
        let ended = || self.logins.each_ref().map(|logins| logins.load(Ordering::SeqCst));
        let (before, began) = (ended(), Instant::now());
        while ended().iter().zip(before).any(|(now, before)| *now < before + 3) {
            assert!(began.elapsed() < PATIENCE, "nobody logs in any more");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Waits until no record needs the earlier root key.
async fn all_tagged_again(postlude: &Postlude) {
    let began = Instant::now();
    loop {
        let listed = postlude.get_as(OPERATOR_KEY, "/v1/admin/root-keys").await;
        if listed.body["complete"] == true && listed.body["keys"][1]["records"] == 0 {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{}", listed.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Twice: the second time what was tagged again and minted under the second key goes on under the third.
#[tokio::test(flavor = "multi_thread")]
async fn root_keys_change_under_load_and_no_login_is_lost() {
    let mut postlude = Postlude::start().await;
    let (load, client) = (Arc::new(Load::default()), Client::clone(&postlude));
    let runs: Vec<_> = (0..4)
        .map(|at| {
            let (load, client) = (Arc::clone(&load), client.clone());
            tokio::spawn(async move { load.run(&client, at).await })
        })
        .collect();
    let mut old = "root.key".to_owned();
    for new in ["second.key", "third.key"] {
        load.some_more().await;
        // At its prompt, and never back before the old key is gone.
        let begun = load.post(&client, "/v1/logins", new, &client.browser("late").body("interactive")).await;
        let (path, resume) = load.bring(&client, &begun, "late").await;
        std::fs::write(postlude.dir().join(new), format!("{}\n", new_root_key())).unwrap();
        let (alone, both) = (
            format!("root_key = {{ file = \"{old}\" }}"),
            format!("root_key = {{ file = \"{new}\" }}\nprevious_root_keys = [{{ file = \"{old}\" }}]"),
        );
        postlude.edit_config(&alone, &both);
        postlude.restart().await;
        load.some_more().await;
        all_tagged_again(&postlude).await;
        postlude.edit_config(&format!("previous_root_keys = [{{ file = \"{old}\" }}]"), "");
        postlude.restart().await;
        let refused = postlude.post(&path, &resume).await;
        assert_eq!((refused.status, refused.outcome()), (400, "invalid_reply"), "{}", refused.text);
        load.some_more().await;
        new.clone_into(&mut old);
    }
    load.stop.store(true, Ordering::SeqCst);
    for run in runs {
        run.await.unwrap();
    }
    assert!(load.repeated.load(Ordering::SeqCst) > 0, "the restarts were met");
}
