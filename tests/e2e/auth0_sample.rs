//! An action and a partner's page that were written for Auth0, as they stand (`examples/auth0-factor`), over HTTP: the action is built by
//! `postlude build --auth0`, and the page is a process of Node's. `make test-auth0` runs this where both can be had.

use postlude_testkit::{Alg, Answered, Browser, Builder, Partner, Postlude, claims_of, program};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use url::Url;

const FACTOR: &str = "https://factor.acme.example/check";

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/auth0-factor")
}

/// Runs the program, which has to succeed.
fn postlude(arguments: &[&str]) {
    let ran = std::process::Command::new(program()).args(arguments).output().unwrap();
    let said = [ran.stdout, ran.stderr].concat();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// The plugin, built once for all tests.
fn plugin() -> Vec<u8> {
    static BUILT: OnceLock<Vec<u8>> = OnceLock::new();
    let build = || {
        let dir = tempfile::tempdir().unwrap();
        let action = dir.path().join("acme-check.js");
        std::fs::copy(sample().join("acme-check.js"), &action).unwrap();
        postlude(&["build", "--auth0", action.to_str().unwrap()]);
        std::fs::read(dir.path().join("build/acme-check.wasm")).unwrap()
    };
    BUILT.get_or_init(build).clone()
}

/// A server whose first action is the sample; the action `face` follows.
fn with_sample(max_age: &str) -> Builder {
    let action = format!(
        r#"[[tenants.acme.pipeline]]
name = "acme-check"
plugin = "acme-check"
secrets = {{ SESSION_TOKEN_SECRET = {{ file = "partner.secret" }} }}
[tenants.acme.pipeline.grants]
event = ["/authentication/methods", "/request/hostname", "/request/ip", "/user/email", "/user/user_id"]
redirect_origins = ["https://factor.acme.example"]
secrets = ["SESSION_TOKEN_SECRET"]
[tenants.acme.pipeline.keys.SESSION_TOKEN_SECRET]
issuer = "factor.acme.example"
alg = "HS256"
secret = {{ file = "partner.secret" }}
[[tenants.acme.pipeline.factors]]
name = "{FACTOR}"
max_age = "{max_age}"
amr = ["mfa"]
"#
    );
    Postlude::builder().guest("acme-check", plugin()).before(&action)
}

/// A browser of ana's; the IdP says under which name it was asked, as Auth0 does.
fn browser(postlude: &Postlude) -> Browser<'_> {
    let mut browser = postlude.browser("ana");
    browser.more = json!({ "request": { "hostname": "login.acme.example" } });
    browser
}

/// The partner's page. It ends with the test.
struct Page {
    _process: Child,
    base: String,
}

impl Page {
    async fn start(postlude: &Postlude) -> Self {
        let secret = std::fs::read_to_string(postlude.dir().join("partner.secret")).unwrap();
        let mut command = Command::new("node");
        command.arg(sample().join("partner.mjs")).kill_on_drop(true).stdout(Stdio::piped());
        command.env("PORT", "0").env("DOMAIN", "login.acme.example").env("SESSION_TOKEN_SECRET", secret.trim());
        let mut process = command.spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = said.next_line().await.unwrap().unwrap();
        let base = format!("http://127.0.0.1:{}", line.strip_prefix("listening on ").unwrap());
        Self { _process: process, base }
    }

    /// What the page sends back when the person presses a button: the state in the address, and the token in the form.
    async fn answers(&self, browser: &Browser<'_>, passed: &str) -> (String, String) {
        let client = reqwest::Client::new();
        let asked = Url::parse(browser.location()).unwrap();
        let shown =
            client.get(format!("{}{}?{}", self.base, asked.path(), asked.query().unwrap())).send().await.unwrap();
        assert_eq!(shown.status(), 200, "{}", shown.text().await.unwrap());
        let shown = shown.text().await.unwrap();
        let form = [
            ("session_token", field(&shown, "session_token")),
            ("state", field(&shown, "state")),
            ("passed", passed.to_owned()),
        ];
        let answered =
            client.post(format!("{}/answer", self.base)).form(&form).send().await.unwrap().text().await.unwrap();
        let action = answered.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
        let back = Url::parse(action).unwrap();
        assert_eq!((back.host_str(), back.path()), (Some("login.acme.example"), "/continue"));
        (
            back.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned(),
            field(&answered, "session_token"),
        )
    }
}

fn field(page: &str, name: &str) -> String {
    let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("no `{name}`: {page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// The browser posts the partner's form, and the IdP resumes.
async fn bring(postlude: &Postlude, browser: &mut Browser<'_>, state: &str, token: &str) -> Answered {
    let sealed = postlude.come_back("POST", &[("state", state)], &[("session_token", token)]).await.sealed();
    browser.resume(&sealed).await
}

/// The token that the location carries.
fn request(browser: &Browser<'_>) -> String {
    let url = Url::parse(browser.location()).unwrap();
    url.query_pairs().find(|(name, _)| name == "session_token").unwrap().1.into_owned()
}

/// A good answer's claims, for the login that is open.
fn good(browser: &Browser<'_>) -> Value {
    let now = claims_of(&request(browser))["iat"].as_u64().unwrap();
    json!({ "iss": "factor.acme.example", "sub": "ana", "iat": now, "exp": now + 60, "state": browser.state(), "passed": true })
}

fn factors(answered: &Answered) -> Vec<&str> {
    let all = answered.body.pointer("/session/factors").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|factor| factor["name"].as_str()).collect()
}

#[tokio::test]
#[ignore = "it builds an action with Node: `make test-auth0` runs it"]
async fn a_first_login_asks_the_partner_and_the_next_ones_of_the_session_do_not() {
    let postlude = with_sample("24h").in_memory().start().await;
    let page = Page::start(&postlude).await;
    let mut ana = browser(&postlude);
    let asked = ana.login().await;
    assert!(asked.text_at("/location").starts_with(&format!("{FACTOR}?session_token=")), "{}", asked.text);
    let claims = claims_of(&request(&ana));
    let span = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    let told = json!([claims["iss"], claims["sub"], claims["email"], claims["ip"], span]);
    assert_eq!(told, json!(["login.acme.example", "ana", "ana@acme.example", "203.0.113.7", 900]));

    let (state, token) = page.answers(&ana, "yes").await;
    assert_eq!(state, ana.state());
    let recorded = bring(&postlude, &mut ana, &state, &token).await;
    // The login goes on to the next action, which has a prompt of its own.
    assert!(recorded.text_at("/location").starts_with("http://localhost:4000/prompt?"), "{}", recorded.text);
    ana.open = Some(recorded);
    let done = ana.complete().await;
    assert_eq!(done.outcome(), "continue", "{}", done.text);
    assert!(factors(&done).contains(&FACTOR), "{}", done.text);

    for mode in ["interactive", "silent", "refresh"] {
        let again = ana.login_in(mode).await;
        assert_eq!(again.outcome(), "continue", "{mode}: {}", again.text);
    }
    assert!(browser(&postlude).login().await.text_at("/location").starts_with(FACTOR), "another browser is asked");
}

#[tokio::test]
#[ignore = "it builds an action with Node: `make test-auth0` runs it"]
async fn the_age_that_the_action_itself_tests_counts_also_where_the_policy_would_wait_longer() {
    let postlude = with_sample("7d").max_age("7d").in_memory().start().await;
    let mut ana = browser(&postlude);
    ana.login().await;
    let token = Partner::new(Alg::Hs256, "auth0").sign(&good(&ana));
    let state = ana.state();
    ana.open = Some(bring(&postlude, &mut ana, &state, &token).await);
    assert_eq!(ana.complete().await.outcome(), "continue");
    postlude.forward(Duration::from_secs(23 * 3600));
    let again = ana.login().await;
    assert_eq!(again.outcome(), "continue", "{}", again.text);
    postlude.forward(Duration::from_secs(2 * 3600));
    let old = ana.login().await;
    assert_eq!(old.outcome(), "redirect", "{}", old.text);
    assert!(old.text_at("/location").starts_with(FACTOR), "{}", old.text);
}

#[tokio::test]
#[ignore = "it builds an action with Node: `make test-auth0` runs it"]
async fn an_answer_that_proves_nothing_denies() {
    let postlude = with_sample("24h").in_memory().start().await;
    let page = Page::start(&postlude).await;
    let partner = Partner::new(Alg::Hs256, "auth0");
    let mut other = browser(&postlude);
    other.login().await;
    let (_, others) = page.answers(&other, "yes").await;

    let mut ana = browser(&postlude);
    ana.login().await;
    let (state, token) = page.answers(&ana, "no").await;
    let refused = bring(&postlude, &mut ana, &state, &token).await;
    assert_eq!(
        (refused.outcome(), refused.text_at("/message")),
        ("deny", "the check of ACME was not passed"),
        "{}",
        refused.text
    );

    for what in
        ["tampered", "stranger", "expired", "other login", "other user", "no state", "the request itself", "no token"]
    {
        let mut ana = browser(&postlude);
        ana.login().await;
        let mut claims = good(&ana);
        let now = claims["iat"].as_u64().unwrap();
        let token = match what {
            "tampered" => {
                let refused = partner.sign(&{
                    let mut no = claims.clone();
                    no["passed"] = json!(false);
                    no
                });
                let good = partner.sign(&claims);
                let part = |token: &str, at: usize| token.split('.').nth(at).unwrap().to_owned();
                format!("{}.{}.{}", part(&refused, 0), part(&good, 1), part(&refused, 2))
            }
            "stranger" => partner.stranger().sign(&claims),
            "other login" => others.clone(),
            "the request itself" => request(&ana),
            "no token" => String::new(),
            _ => {
                match what {
                    "expired" => (claims["iat"], claims["exp"]) = (json!(now - 600), json!(now - 300)),
                    "other user" => claims["sub"] = json!("ben"),
                    _ => claims["state"] = Value::Null,
                }
                partner.sign(&claims)
            }
        };
        let state = ana.state();
        let answered = bring(&postlude, &mut ana, &state, &token).await;
        assert_eq!(answered.outcome(), "deny", "{what}: {}", answered.text);
        assert!(factors(&answered).is_empty(), "{what}: {}", answered.text);
        let again = ana.login().await;
        assert_eq!(again.outcome(), "redirect", "{what}: {}", again.text);
    }
}

#[test]
#[ignore = "it builds an action with Node: `make test-auth0` runs it"]
fn the_samples_own_stories_pass() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("acme-check.wasm");
    std::fs::write(&file, plugin()).unwrap();
    let stories = sample().join("stories");
    postlude(&["test", file.to_str().unwrap(), "--stories", stories.to_str().unwrap(), "--no-stock"]);
}
