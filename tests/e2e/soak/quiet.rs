//! The quiet tenant: an IdP and browsers whose calls succeed at once, but where something was made to fail at that moment.

use super::windows::Windows;
use postlude_testkit::{Partner, event};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

/// A call takes so long at most.
const CALL: Duration = Duration::from_secs(30);

/// A completed factor: the call that recorded it, its answer, and the session.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    user: String,
    path: String,
    body: Value,
    answer: Value,
    session: String,
}

/// The keys that are in use; they change while logins go on.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The IdP's API key.
    pub idp: String,
    /// The prompt site's.
    pub partner: Partner,
}

/// What the tasks of the quiet tenant share.
pub struct Quiet {
    pub base: String,
    pub http: reqwest::Client,
    pub windows: Windows,
    pub acknowledged: Mutex<Vec<Acknowledged>>,
    /// The keys of logins that begin now.
    pub keys: RwLock<Arc<Keys>>,
    /// Calls that were answered.
    pub answered: AtomicU64,
    /// Looks at earlier logins.
    pub looks: AtomicUsize,
    pub ended: AtomicBool,
    /// How long a browser rests between two logins: the soak must not fill the machine.
    pub rest: Duration,
}

impl Quiet {
    /// The keys of a login that begins now. They stay valid until it lets them go.
    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap())
    }

    /// Gives logins that begin from now on other keys, and waits until nobody uses the earlier ones.
    pub async fn change_keys(&self, keys: Keys) {
        let before = std::mem::replace(&mut *self.keys.write().unwrap(), Arc::new(keys));
        while Arc::strong_count(&before) > 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends a request until it is answered: at once, but where something was made to fail meanwhile. `read` takes status, `Location` and
    /// text of an answer, and says what is wrong with one that is a failure.
    async fn send<T>(
        &self,
        what: &str,
        request: &reqwest::RequestBuilder,
        read: impl Fn(u16, Option<String>, String) -> Result<T, String>,
    ) -> T {
        loop {
            let sent = Instant::now();
            let request = request.try_clone().expect("a request with a body of bytes").timeout(CALL);
            let why = match answer(request).await {
                Ok((status, location, text)) => read(status, location, text),
                Err(why) => Err(why),
            };
            match why {
                Ok(answer) => {
                    self.answered.fetch_add(1, Ordering::SeqCst);
                    return answer;
                }
                Err(why) => assert!(
                    self.windows.excuse(sent),
                    "{what} failed after {:?}, and nothing was made to fail: {why}",
                    sent.elapsed()
                ),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn post(&self, key: &str, path: &str, idempotency_key: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(key);
        let request = request.header("Idempotency-Key", idempotency_key).json(body);
        self.send(&format!("{path} {idempotency_key}"), &request, |status, _, text| match status {
            200 => serde_json::from_str(&text).map_err(|why| why.to_string()),
            503 => Err(text),
            // A server that fails says 503, and nothing else at any time.
            _ => panic!("{path} {idempotency_key}: {status} {text}"),
        })
        .await
    }

    /// A user logs in and completes the factor.
    async fn complete(&self, user: &str) -> Acknowledged {
        let keys = self.keys();
        let start = json!({ "trigger": "post-login", "mode": "interactive", "event": event(user, None),
            "return_url": "http://localhost:3000/interaction/x" });
        let open = self.post(&keys.idp, "/v1/logins", user, &start).await;
        assert_eq!(open["outcome"], "redirect", "{open}");
        let location = open["location"].as_str().unwrap();
        let token = keys.partner.result(location, &json!({}));
        let sealed = self.bring(location, &token).await;
        let path = format!("/v1/logins/{}/continue", open["login_id"].as_str().unwrap());
        let body = json!({ "resume_key": open["resume_key"], "reply": sealed, "event": event(user, None) });
        let answer = self.post(&keys.idp, &path, user, &body).await;
        assert_eq!(answer["outcome"], "continue", "{answer}");
        let session = answer["subject"]["session_id"].as_str().unwrap().to_owned();
        Acknowledged { user: user.to_owned(), path, body, answer, session }
    }

    /// The browser comes back from the prompt.
    async fn bring(&self, location: &str, token: &str) -> String {
        let of = |url: &str, name: &str| {
            let url = url::Url::parse(url).unwrap();
            url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let state = of(location, "state").unwrap();
        let request = self.http.get(format!("{}/acme/continue", self.base));
        let request = request.query(&[("state", state.as_str()), ("postlude_result", token)]);
        self.send("the browser's return", &request, |status, location, text| {
            location.and_then(|target| of(&target, "postlude")).ok_or_else(|| format!("{status} {text}"))
        })
        .await
    }

    /// The factor counts, and the used state gives the answer that it gave.
    pub async fn verify(&self, one: &Acknowledged) {
        let keys = self.keys();
        let key = format!("look-{}", self.looks.fetch_add(1, Ordering::SeqCst));
        let body = json!({ "trigger": "post-login", "mode": "silent", "event": event(&one.user, Some(&one.session)) });
        let answer = self.post(&keys.idp, "/v1/logins", &key, &body).await;
        assert_eq!(answer["outcome"], "continue", "the factor of {} counts: {answer}", one.user);
        let again = self.post(&keys.idp, &one.path, &key, &one.body).await;
        assert_eq!(again, one.answer, "a used state gives the answer that it gave");
        let session = self.post(&keys.idp, "/v1/sessions/get", &key, &json!({ "id": one.session })).await;
        assert_eq!(session["factors"].as_array().map(Vec::len), Some(1), "recorded once: {session}");
    }

    pub fn is_over(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    pub fn acknowledged(&self) -> Vec<Acknowledged> {
        self.acknowledged.lock().unwrap().clone()
    }
}

/// Status, `Location` and text of an answer.
async fn answer(request: reqwest::RequestBuilder) -> Result<(u16, Option<String>, String), String> {
    let sent = request.send().await.map_err(|why| format!("{why:?}"))?;
    let location = sent.headers().get("location").and_then(|target| target.to_str().ok()).map(str::to_owned);
    let status = sent.status().as_u16();
    Ok((status, location, sent.text().await.map_err(|why| format!("{why:?}"))?))
}

/// Users of the quiet tenant: each completes its factor once; now and then an earlier one is looked at.
pub async fn browse(quiet: Arc<Quiet>, browser: usize) {
    let mut turn = 0_usize;
    while !quiet.is_over() {
        turn += 1;
        let one = quiet.complete(&format!("user-{browser}-{turn}")).await;
        let earlier = {
            let mut all = quiet.acknowledged.lock().unwrap();
            all.push(one);
            all[(turn * 31) % all.len()].clone()
        };
        quiet.verify(&earlier).await;
        tokio::time::sleep(quiet.rest).await;
    }
}
