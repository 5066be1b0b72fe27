//! A plugin in many versions, each of which says in its claims which one ran, and the login that asks it.

use crate::event::event;
use crate::guests;
use crate::host::Postlude;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The key of the IdP of tenant `swap`.
pub const SWAP_KEY: &str = "plk_test-swap-key-0123456789abcdefghijklmno";

/// Where a version stands in the code.
const PLACE: &str = "v000000000";

const TEXT: &str = r#"
(func (export "on-login") (result i32)
  (call $claims.set-id-token «https://acme.example/on-login» «\"v000000000\"» (global.get $out))
  (call $redirect «http://localhost:4000/prompt»))
(func (export "on-continue") (result i32)
  (call $claims.set-id-token «https://acme.example/on-continue» «\"v000000000\"» (global.get $out))
  (call $continue))
"#;

/// A version of the plugin, as its file.
#[must_use]
pub fn versioned(version: u32) -> Vec<u8> {
    static TEMPLATE: LazyLock<Vec<u8>> = LazyLock::new(|| guests::component(TEXT).expect("the guest is a component"));
    let (mut code, name) = (TEMPLATE.clone(), name(version));
    let places: Vec<usize> =
        code.windows(PLACE.len()).enumerate().filter(|(_, at)| *at == PLACE.as_bytes()).map(|(at, _)| at).collect();
    assert_eq!(places.len(), 2, "the version stands in both exports");
    places.into_iter().for_each(|at| code[at..at + PLACE.len()].copy_from_slice(name.as_bytes()));
    let manifest = json!({
        "name": "versioned", "version": format!("{version}.0.0"), "publisher": "acme.example", "abi": "0.1.0",
        "capabilities": {
            "redirect_origins": ["http://localhost:4000"],
            "claims": ["https://acme.example/on-login", "https://acme.example/on-continue"],
        },
    });
    guests::with_manifest(&code, &manifest.to_string())
}

/// A version as the plugin says it.
#[must_use]
pub fn name(version: u32) -> String {
    format!("v{version:09}")
}

/// The digest of a file, as answers show it.
#[must_use]
pub fn digest(file: &[u8]) -> String {
    Sha256::digest(file).iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// The tables of tenant `swap`, whose one action is the plugin in a file.
#[must_use]
pub fn tenant(file: &str) -> String {
    format!(
        r#"
[tenants.swap]
issuer = "http://127.0.0.1:1/swap"
return_urls = ["http://localhost:3000/interaction/"]
[tenants.swap.keys.idp]
role = "idp"
sha256 = "{}"
[tenants.swap.plugins.versioned]
path = "{file}"
[[tenants.swap.pipeline]]
name = "versioned"
plugin = "versioned"
[tenants.swap.pipeline.grants]
redirect_origins = ["http://localhost:4000"]
claims = ["https://acme.example/on-login", "https://acme.example/on-continue"]
"#,
        crate::hash(SWAP_KEY)
    )
}

/// Puts a file into the place of another as a deploy does: whole, or not at all.
pub fn deploy(path: &Path, bytes: &[u8]) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}.new", NEXT.fetch_add(1, Ordering::SeqCst)));
    let new = PathBuf::from(new);
    std::fs::write(&new, bytes).unwrap();
    std::fs::rename(&new, path).unwrap();
}

/// What a login needs of a running server; it may outlive the borrow.
#[derive(Debug, Clone)]
pub struct SwapClient {
    base: String,
    client: reqwest::Client,
}

/// A suspended login.
#[derive(Debug, Clone)]
pub struct Suspended {
    id: String,
    resume_key: String,
    state: String,
    user: String,
    session: Value,
    /// The digest of the plugin that ran.
    pub digest: String,
}

/// A login that is through: what the plugin says of itself, and what the answer says of the plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The version that ran in `on-login`.
    pub on_login: String,
    /// The version that ran in `on-continue`.
    pub on_continue: String,
    /// The digest of each run, in order.
    pub digests: Vec<String>,
}

impl Passed {
    /// Whether all of it is one version, and that the one of this digest.
    #[must_use]
    pub fn is_of_one_version(&self) -> bool {
        let version = self.on_login.strip_prefix('v').and_then(|number| number.parse().ok());
        let expected = version.map(|version| digest(&versioned(version)));
        self.on_login == self.on_continue && self.digests.iter().all(|digest| Some(digest) == expected.as_ref())
    }
}

impl SwapClient {
    /// A caller of this server.
    #[must_use]
    pub fn of(postlude: &Postlude) -> Self {
        Self { base: postlude.base.clone(), client: postlude.client.clone() }
    }

    /// `POST /v1/logins`, up to the prompt.
    ///
    /// # Errors
    /// What came instead.
    pub async fn start(&self, user: &str) -> Result<Suspended, String> {
        static TRANSACTION: AtomicU64 = AtomicU64::new(0);
        let key = format!("swap-{}", TRANSACTION.fetch_add(1, Ordering::SeqCst));
        let body = json!({ "trigger": "post-login", "mode": "interactive", "event": event(user, None),
            "return_url": "http://localhost:3000/interaction/x" });
        let request = self.client.post(format!("{}/v1/logins", self.base)).header("idempotency-key", key);
        let answer = self.answer(request.json(&body)).await?;
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let read = || {
            let location = url::Url::parse(&text("/location")?).ok()?;
            let state = location.query_pairs().find(|(name, _)| name == "state")?.1.into_owned();
            let (id, resume_key, digest) = (text("/login_id")?, text("/resume_key")?, text("/actions/0/digest")?);
            let session = answer.pointer("/subject/session_id")?.clone();
            Some(Suspended { id, resume_key, state, user: user.to_owned(), session, digest })
        };
        read().ok_or_else(|| format!("no redirect: {answer}"))
    }

    /// The browser comes back, and the IdP continues.
    ///
    /// # Errors
    /// What came instead of `continue`.
    pub async fn finish(&self, login: &Suspended) -> Result<Passed, String> {
        self.resume(login, &self.come_back(login).await?).await
    }

    /// The IdP continues with what the browser brought.
    ///
    /// # Errors
    /// What came instead of `continue`.
    pub async fn resume(&self, login: &Suspended, sealed: &str) -> Result<Passed, String> {
        let mut event = event(&login.user, None);
        event["session"] = json!({ "id": login.session });
        let body = json!({ "resume_key": login.resume_key, "reply": sealed, "event": event });
        let request = self.client.post(format!("{}/v1/logins/{}/continue", self.base, login.id)).json(&body);
        let answer = self.answer(request).await?;
        let claim = |name: &str| {
            let claim =
                answer.get("id_token_claims").and_then(|claims| claims.get(format!("https://acme.example/{name}")));
            claim.and_then(Value::as_str).map(str::to_owned)
        };
        let runs = answer.get("actions").and_then(Value::as_array);
        let digests = runs.into_iter().flatten().filter_map(|run| run["digest"].as_str().map(str::to_owned)).collect();
        let passed = || Some(Passed { on_login: claim("on-login")?, on_continue: claim("on-continue")?, digests });
        passed().ok_or_else(|| format!("no continue: {answer}"))
    }

    /// The browser comes back from the prompt; returns what it brings to the IdP.
    ///
    /// # Errors
    /// What came instead.
    pub async fn come_back(&self, login: &Suspended) -> Result<String, String> {
        let request = self.client.get(format!("{}/swap/continue", self.base)).query(&[("state", &login.state)]);
        let response = request.send().await.map_err(|why| why.to_string())?;
        let location = response.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let url = location.and_then(|location| url::Url::parse(&location).ok());
        let sealed = url.and_then(|url| Some(url.query_pairs().find(|(name, _)| name == "postlude")?.1.into_owned()));
        sealed.ok_or_else(|| format!("the continue URL says {}", response.status()))
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Value, String> {
        let response = request.bearer_auth(SWAP_KEY).send().await.map_err(|why| format!("{why:?}"))?;
        let (status, text) = (response.status(), response.text().await.map_err(|why| why.to_string())?);
        if status != 200 {
            return Err(format!("{status}: {text}"));
        }
        serde_json::from_str(&text).map_err(|why| format!("{why}: {text}"))
    }
}

/// Sends the server's process a SIGHUP and waits until it has stored this plugin, which is just before the plugin is in force. No
/// login is made: its record would be in memory as well.
pub async fn swap_to(postlude: &Postlude, file: &[u8]) {
    postlude.hang_up().await;
    let stored = digest(file).replace("sha256:", "") + ".wasm";
    let stored = postlude.dir().join("data/plugins").join(stored);
    for _ in 0..6000 {
        if stored.exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the plugin is not stored after 30 seconds");
}
