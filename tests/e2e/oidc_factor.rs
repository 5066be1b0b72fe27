//! The plugin `oidc-factor` as a component in a real server, against a provider on loopback that answers what a test says. A real
//! provider, with real signatures, is in the browser stories.

use crate::plugins::with;
use postlude_testkit::{Answered, Browser, Postlude};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

const FACTOR: &str = "https://acme.example/partner";

/// What the provider says next, and what it was asked.
#[derive(Debug, Default)]
struct Script {
    status: u16,
    claims: Value,
    asked: Vec<String>,
}

/// A provider; it ends with the test's runtime.
struct Provider {
    issuer: String,
    script: Arc<Mutex<Script>>,
}

impl Provider {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let script = Arc::new(Mutex::new(Script { status: 200, ..Script::default() }));
        let (shared, name) = (Arc::clone(&script), issuer.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared), name.clone()));
            }
        });
        Self { issuer, script }
    }

    /// A server with this provider's factor before the action `face`.
    async fn postlude(&self) -> Postlude {
        let (issuer, host) = (&self.issuer, self.issuer.strip_prefix("http://").unwrap());
        let toml = format!(
            r#"secrets = {{ partner_secret = {{ file = "partner.secret" }} }}
[tenants.acme.pipeline.settings]
factor = "{FACTOR}"
issuer = "{issuer}"
client_id = "postlude"
client_auth = {{ method = "client_secret_basic", secret = "partner_secret" }}
match = {{ claim = "email", pointer = "/user/email" }}
[tenants.acme.pipeline.grants]
event = ["/user/email"]
redirect_origins = ["{issuer}"]
hosts = ["{host}"]
secrets = ["partner_secret"]
external = ["{FACTOR}"]
[[tenants.acme.pipeline.factors]]
name = "{FACTOR}"
max_age = "24h"
amr = ["mfa"]
"#
        );
        with("oidc-factor", &toml).start().await
    }

    /// What it was asked at a path.
    fn asked(&self, path: &str) -> Vec<String> {
        let script = self.script.lock().unwrap();
        script.asked.iter().filter(|request| request.split(' ').nth(1) == Some(path)).cloned().collect()
    }

    /// The user authenticates here as somebody, and the browser comes back with a code; the IdP resumes.
    async fn complete(&self, postlude: &Postlude, browser: &mut Browser<'_>, changes: &Value) -> Answered {
        self.answers(browser, changes);
        bring(postlude, browser, &[("code", "code-1"), ("iss", &self.issuer)]).await
    }

    /// The next ID token is one for the prompt at which the browser stands, with claims changed.
    fn answers(&self, browser: &Browser<'_>, changes: &Value) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut claims = json!({
            "iss": self.issuer, "aud": "postlude", "sub": "s1", "nonce": query(browser, "nonce"), "iat": now, "exp": now + 60,
            "acr": "phr", "email": "ana@acme.example", "email_verified": true,
        });
        postlude_testkit::merge(&mut claims, changes);
        self.script.lock().unwrap().claims = claims;
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<Script>>, issuer: String) {
    let (mut request, mut chunk) = (Vec::new(), [0; 4096]);
    while !is_whole(&request) {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(n) => request.extend_from_slice(&chunk[..n]),
        }
    }
    let request = String::from_utf8(request).unwrap();
    let (status, body) = {
        let mut script = script.lock().unwrap();
        script.asked.push(request.clone());
        let token = format!("e30.{}.c2ln", base64url(&script.claims.to_string()));
        match request.split(' ').nth(1).unwrap() {
            "/.well-known/openid-configuration" => (
                200,
                json!({ "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"),
                    "token_endpoint": format!("{issuer}/token"), "authorization_response_iss_parameter_supported": true }),
            ),
            _ if script.status == 200 => (200, json!({ "token_type": "Bearer", "id_token": token })),
            _ => (script.status, json!({ "error": "invalid_grant" })),
        }
    };
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n", body.len());
    let _ = stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes()).await;
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0_usize)
}

fn base64url(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<bool> = text.bytes().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
    let sextets = bits.chunks(6).map(|six| (0..6).fold(0, |n, at| n << 1 | usize::from(six.get(at) == Some(&true))));
    sextets.map(|n| char::from(ALPHABET[n])).collect()
}

/// A parameter of the place to which the open login sent the browser.
fn query(browser: &Browser<'_>, name: &str) -> String {
    let url = Url::parse(browser.location()).unwrap();
    url.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned()
}

/// The browser comes back with these parameters, and the IdP resumes.
async fn bring(postlude: &Postlude, browser: &mut Browser<'_>, parameters: &[(&str, &str)]) -> Answered {
    let state = browser.state();
    let query: Vec<(&str, &str)> = [("state", state.as_str())].into_iter().chain(parameters.iter().copied()).collect();
    let sealed = postlude.come_back("GET", &query, &[]).await.sealed();
    browser.resume(&sealed).await
}

#[tokio::test]
async fn the_right_account_is_recorded_and_the_next_login_does_not_go_there() {
    let provider = Provider::start().await;
    let postlude = provider.postlude().await;
    let mut browser = postlude.browser("ana");
    let first = browser.login().await;
    assert_eq!(first.outcome(), "redirect", "{}", first.text);
    assert!(browser.location().starts_with(&format!("{}/auth?", provider.issuer)), "{}", browser.location());
    assert_eq!(query(&browser, "redirect_uri"), format!("{}/acme/continue", postlude.base));
    assert_eq!(query(&browser, "code_challenge_method"), "S256");

    let back = provider.complete(&postlude, &mut browser, &json!({})).await;
    assert_eq!(back.text_at("/actions/1/why"), format!("recorded {FACTOR}"), "{}", back.text);
    let asked = provider.asked("/token");
    assert!(asked[0].contains("code=code-1&") && asked[0].contains("code_verifier="), "{}", asked[0]);
    assert!(asked[0].to_ascii_lowercase().contains("\r\nauthorization: basic "), "{}", asked[0]);

    // The action `face` is next.
    browser.open = Some(back);
    assert_eq!(browser.complete().await.outcome(), "continue");
    let again = browser.login().await;
    assert_eq!((again.outcome(), again.text_at("/actions/0/decision")), ("continue", "skipped"), "{}", again.text);
    assert_eq!((provider.asked("/token").len(), provider.asked("/.well-known/openid-configuration").len()), (1, 1));
}

#[tokio::test]
async fn a_repeated_continue_gets_its_answer_and_the_code_is_redeemed_once() {
    let provider = Provider::start().await;
    let postlude = provider.postlude().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    provider.answers(&browser, &json!({}));
    let query = [("state", browser.state()), ("code", "code-1".to_owned()), ("iss", provider.issuer.clone())];
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let sealed = postlude.come_back("GET", &query, &[]).await.sealed();
    let (first, second) = (browser.resume(&sealed).await, browser.resume(&sealed).await);
    assert_eq!((first.outcome(), first.body["location"].clone()), ("redirect", second.body["location"].clone()));
    assert_eq!(provider.asked("/token").len(), 1);
}

#[tokio::test]
async fn what_proves_nothing_denies_and_records_nothing() {
    let provider = Provider::start().await;
    let postlude = provider.postlude().await;
    for (changes, code) in [
        (json!({ "email": "eve@evil.example" }), "factor_wrong_account"),
        (json!({ "email_verified": false }), "factor_wrong_account"),
        (json!({ "nonce": "another" }), "factor_not_proved"),
        (json!({ "aud": "another" }), "factor_not_proved"),
        (json!({ "exp": 1 }), "factor_not_proved"),
    ] {
        let mut browser = postlude.browser("ana");
        browser.login().await;
        let denied = provider.complete(&postlude, &mut browser, &changes).await;
        assert_eq!((denied.outcome(), denied.text_at("/code")), ("deny", code), "{changes}: {}", denied.text);
    }
    for (parameters, code) in [
        (vec![("error", "access_denied"), ("iss", provider.issuer.as_str())], "factor_refused"),
        (vec![("error", "server_error"), ("iss", provider.issuer.as_str())], "action_failed"),
        (vec![("code", "code-1"), ("iss", "https://evil.example")], "factor_not_proved"),
        (vec![("code", "code-1")], "factor_not_proved"),
    ] {
        let mut browser = postlude.browser("ana");
        browser.login().await;
        let before = provider.asked("/token").len();
        let denied = bring(&postlude, &mut browser, &parameters).await;
        assert_eq!((denied.outcome(), denied.text_at("/code")), ("deny", code), "{parameters:?}: {}", denied.text);
        assert_eq!(provider.asked("/token").len(), before, "no code is redeemed");
    }
    for (status, code) in [(400, "factor_not_proved"), (503, "action_failed"), (302, "action_failed")] {
        let mut browser = postlude.browser("ana");
        browser.login().await;
        provider.script.lock().unwrap().status = status;
        let denied = provider.complete(&postlude, &mut browser, &json!({})).await;
        provider.script.lock().unwrap().status = 200;
        assert_eq!((denied.outcome(), denied.text_at("/code")), ("deny", code), "{status}: {}", denied.text);
    }
}

#[tokio::test]
async fn who_has_no_account_there_is_denied_and_other_modes_ask_nothing() {
    let provider = Provider::start().await;
    let postlude = provider.postlude().await;
    let mut browser = postlude.browser("ana");
    assert_eq!(browser.login_in("silent").await.outcome(), "interaction_required");
    assert!(provider.asked("/.well-known/openid-configuration").is_empty());
    browser.more = json!({ "user": { "email": null } });
    let denied = browser.login().await;
    assert_eq!(denied.text_at("/code"), "factor_not_enrolled", "{}", denied.text);
}
