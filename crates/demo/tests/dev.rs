//! A partner's plugin in a real browser flow, as `postlude dev` serves it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests stop at what surprises them")]

use postlude_demo::{Dev, DevPlugin, RunLine};
use postlude_host::Compilation;
use postlude_model::manifest::Manifest;
use postlude_stories::workbench::{ActionSource, GrantedAction};
use reqwest::header::{COOKIE, HOST, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;
use url::Url;

/// The custom factor, with a prompt site that is elsewhere: the simulator plays it.
fn plugin(settings: &Value) -> DevPlugin {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest =
        Manifest::parse(&std::fs::read(here.join("../../plugins/custom-factor/manifest.json")).unwrap()).unwrap();
    let (secrets, operator) = (BTreeMap::new(), Map::new());
    let source =
        ActionSource { name: "custom-factor", manifest: &manifest, settings, secrets: &secrets, operator: &operator };
    DevPlugin {
        name: "custom-factor".to_owned(),
        bytes: std::fs::read(here.join("plugins/custom-factor.wasm")).unwrap(),
        action: GrantedAction::of(source, "custom-factor"),
        about: "as built".to_owned(),
    }
}

fn settings(profile: &str) -> Value {
    json!({ "prompt_url": "https://prompt.acme.example/check?lang=en", "factor": "https://acme.example/face", "profile": profile })
}

async fn start(settings: &Value) -> Dev {
    Dev::start(Some(0), Compilation::InProcess, &plugin(settings)).await.unwrap()
}

/// A browser by the name of chrome.
struct Chrome {
    client: Client,
    cookies: BTreeMap<String, String>,
}

impl Chrome {
    fn new() -> Self {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { client, cookies: BTreeMap::new() }
    }

    async fn send(&mut self, url: &Url, make: impl FnOnce(&Client, Url) -> RequestBuilder) -> Response {
        let mut here = url.clone();
        here.set_host(Some("127.0.0.1")).unwrap();
        let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        // The IdP's cookies: the prompt site has none.
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response =
            make(&self.client, here).header(HOST, host).header(COOKIE, cookies.join("; ")).send().await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        response
    }

    /// Logs in; the address of the prompt.
    async fn log_in(&mut self, dev: &Dev) -> Url {
        let login = Url::parse(&dev.page().replace("demo.localhost", "idp.chrome.demo.localhost"))
            .unwrap()
            .join("/login")
            .unwrap();
        let response = self.send(&login, |client, url| client.post(url).form(&[("user", "ana")])).await;
        location(&login, &response)
    }

    /// Answers the prompt, and follows the way back to its end; the address there.
    async fn answer(&mut self, prompt: &Url, kind: &str) -> String {
        let page = self.send(prompt, |client, url| client.get(url)).await.text().await.unwrap();
        assert!(page.contains("The request token is good"), "{page}");
        let asked =
            page.split("name=\"location\" value=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
        let answer = prompt.join("/simulator/answer").unwrap();
        let form = [("location", asked.as_str()), ("kind", kind), ("more", "")];
        let mut response = self.send(&answer, |client, url| client.post(url).form(&form)).await;
        let mut at = answer;
        while response.status().is_redirection() {
            at = location(&at, &response);
            if ["/", "/result"].contains(&at.path()) {
                return at.path().to_owned();
            }
            response = self.send(&at, |client, url| client.get(url)).await;
        }
        panic!("the way back ended at {at} with {}", response.status())
    }
}

fn location(from: &Url, response: &Response) -> Url {
    let to = response.headers().get(LOCATION).unwrap_or_else(|| panic!("{from} answered {}", response.status()));
    from.join(to.to_str().unwrap()).unwrap()
}

/// Does something while the runs are told, until `count` of them were.
async fn runs_of(dev: &Dev, count: usize, act: impl Future<Output = ()>) -> Vec<RunLine> {
    let lines = Mutex::new(Vec::new());
    let acted = async {
        act.await;
        for _ in 0..200 {
            if lines.lock().unwrap().len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        () = dev.follow(|line: &RunLine| lines.lock().unwrap().push(line.clone())) => {}
        () = acted => {}
    }
    lines.into_inner().unwrap()
}

#[tokio::test]
async fn the_simulator_answers_for_a_site_of_elsewhere_and_each_run_is_told() {
    let dev = start(&settings("postlude")).await;
    let mut chrome = Chrome::new();
    let lines = runs_of(&dev, 4, async {
        let prompt = chrome.log_in(&dev).await;
        assert_eq!((prompt.host_str(), prompt.path()), (Some("partner.chrome.demo.localhost"), "/check"));
        assert_eq!(chrome.answer(&prompt, "refused").await, "/result");
        let prompt = chrome.log_in(&dev).await;
        assert_eq!(chrome.answer(&prompt, "ok").await, "/");
    })
    .await;
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line.user.as_str(), line.browser.as_str(), line.phase, line.decision.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("ana", "chrome", "on-login", "redirect"),
            ("ana", "chrome", "on-continue", "deny"),
            ("ana", "chrome", "on-login", "redirect"),
            ("ana", "chrome", "on-continue", "continue"),
        ]
    );
    dev.stop().await.unwrap();
}

#[tokio::test]
async fn results_that_must_be_refused_let_nobody_in() {
    let dev = start(&settings("postlude")).await;
    for kind in ["missing", "tampered", "expired", "other-user", "other-factor", "reflected", "wrong-key", "unsigned"] {
        let mut chrome = Chrome::new();
        let prompt = chrome.log_in(&dev).await;
        assert_eq!(chrome.answer(&prompt, kind).await, "/result", "{kind}");
    }
    dev.stop().await.unwrap();
}

#[tokio::test]
async fn a_swap_is_for_new_logins_and_one_with_a_mistake_changes_nothing() {
    let dev = start(&settings("postlude")).await;
    let mut chrome = Chrome::new();
    let why = dev.swap(&plugin(&json!({ "profile": "postlude" }))).await.unwrap_err();
    assert!(format!("{why:#}").contains("prompt_url"), "{why:#}");
    assert_eq!(chrome.log_in(&dev).await.path(), "/check");

    let mut moved = settings("postlude");
    *moved.get_mut("prompt_url").unwrap() = json!("https://other.acme.example/face");
    dev.swap(&plugin(&moved)).await.unwrap();
    assert_eq!(chrome.log_in(&dev).await.path(), "/face");
    dev.stop().await.unwrap();
}

#[tokio::test]
async fn the_profile_auth0_is_simulated_with_its_shared_secret() {
    let dev = start(&settings("auth0")).await;
    let mut chrome = Chrome::new();
    let prompt = chrome.log_in(&dev).await;
    assert_eq!(chrome.answer(&prompt, "ok").await, "/");
    let mut other = Chrome::new();
    let prompt = other.log_in(&dev).await;
    assert_eq!(other.answer(&prompt, "wrong-key").await, "/result");
    dev.stop().await.unwrap();
}
