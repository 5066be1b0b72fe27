//! A plugin at work in `postlude dev`, and a browser that logs in there.

use postlude_demo::{Dev, DevPlugin, Sockets};
use postlude_host::Compilation;
use postlude_model::manifest::Manifest;
use postlude_stories::story::Setup;
use postlude_stories::workbench::{ActionSource, GrantedAction};
use reqwest::header::{COOKIE, HOST, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use url::Url;

/// The custom factor, with a prompt site that is elsewhere: the simulator plays it.
pub(crate) fn plugin(settings: &Value) -> DevPlugin {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest =
        Manifest::parse(&std::fs::read(here.join("../../plugins/custom-factor/manifest.json")).unwrap()).unwrap();
    let (secrets, operator) = (BTreeMap::new(), Map::new());
    let source =
        ActionSource { name: "custom-factor", manifest: &manifest, settings, secrets: &secrets, operator: &operator };
    let setup = Setup { settings: settings.as_object().unwrap().clone(), ..Setup::default() };
    DevPlugin {
        setup,
        name: "custom-factor".to_owned(),
        bytes: std::fs::read(here.join("plugins/custom-factor.wasm")).unwrap(),
        action: GrantedAction::of(source, "custom-factor"),
        real_site: false,
        about: "as built".to_owned(),
    }
}

pub(crate) fn settings(profile: &str) -> Value {
    json!({ "prompt_url": "https://prompt.acme.example/check?lang=en", "factor": "https://acme.example/face", "profile": profile })
}

pub(crate) async fn start(settings: &Value) -> Dev {
    Dev::start(&Sockets::bind(Some(0)).unwrap(), Compilation::InProcess, &plugin(settings)).await.unwrap()
}

/// A browser.
pub(crate) struct Chrome {
    name: &'static str,
    client: Client,
    cookies: BTreeMap<String, String>,
}

impl Chrome {
    pub(crate) fn new() -> Self {
        Self::named("chrome")
    }

    pub(crate) fn named(name: &'static str) -> Self {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { name, client, cookies: BTreeMap::new() }
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
    pub(crate) async fn log_in(&mut self, dev: &Dev) -> Url {
        let login = Url::parse(&dev.page().replace("demo.localhost", &format!("idp.{}.demo.localhost", self.name)))
            .unwrap()
            .join("/login")
            .unwrap();
        let response = self.send(&login, |client, url| client.post(url).form(&[("user", "ana")])).await;
        location(&login, &response)
    }

    /// Answers the prompt, and follows the way back to its end; the address there.
    pub(crate) async fn answer(&mut self, prompt: &Url, kind: &str) -> String {
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
