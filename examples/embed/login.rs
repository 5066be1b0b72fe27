//! Runs a whole login from a Rust program, without an HTTP server: `make plugins && cargo run --example embed-login`.
//!
//! The program plays all four parts: the identity provider that asks, the host that decides, the browser that is sent to a prompt, and
//! the partner's prompt site that signs a result.
#![expect(clippy::print_stdout, reason = "a command's own output")]

use jsonwebtoken::{EncodingKey, Header, encode};
use postlude_config::Environment;
use postlude_crypto::root::RootKey;
use postlude_host::login::{AnswerOutcome, ContinueRequest, Event, IdempotencyKey, LoginRequest, SealedReply};
use postlude_host::{Clock, Compilation, EngineKind, Host, HostOptions};
use postlude_model::action::Mode;
use postlude_model::json::Json;
use postlude_model::names::{ClientId, UserId};
use postlude_model::trigger::Trigger;
use serde_json::{Value, json};
use std::error::Error;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::{fs, time::SystemTime};
use url::Url;

const FACTOR: &str = "https://face.example/face";
const SECRET: &str = "the partner and Postlude share these 32 bytes or more";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let plugin = std::env::args().nth(1).unwrap_or_else(|| "plugins/target/postlude/custom-factor.wasm".to_owned());
    let folder = tempfile::tempdir()?;
    let config = configure(folder.path(), Path::new(&plugin))?;

    // Once per process: the configuration is checked, the plugins are compiled, the store is opened.
    let (clock, environment) = (Clock::system(), Environment::process());
    let (compilation, engine) = (Compilation::InProcess, EngineKind::Memory);
    let host =
        Host::open(HostOptions { config, clock, environment, compilation, engine, parts: Default::default() }).await?;
    let tenant = host.tenants().all().into_iter().next().ok_or("no tenant is configured")?;

    // The user gave a password. May the login go on?
    let return_url = Some("http://localhost:3000/interaction/abc".to_owned());
    let request = LoginRequest { trigger: Trigger::PostLogin, mode: Mode::Interactive, return_url, event: event()? };
    let idempotency = IdempotencyKey { key: "transaction-1".to_owned(), body_hash: [0; 32] };
    let answer = host.logins().start(Arc::clone(&tenant), idempotency, request).await?;
    let AnswerOutcome::Redirect { location: Some(location), resume_key: Some(resume_key), .. } = answer.outcome()
    else {
        return Err(format!("not a redirect: {:?}", answer.outcome()).into());
    };
    let location = Url::parse(location)?;
    println!("redirect to {}", location.origin().ascii_serialization());

    // The prompt site checks the face, and sends the browser back with a signed result.
    let prompt = claims_of(&location, "request")?;
    let state = claim(&prompt, "state").as_str().ok_or("the request token has no state")?.to_owned();
    let query = vec![("postlude_result".to_owned(), sign(&prompt)?)];

    // At the continue URL the reply is sealed for the identity provider. Nothing runs there.
    let browser = host.logins().check_state(&tenant, state.clone())?;
    let reply = SealedReply { state, method: "GET".to_owned(), query, form: Vec::new() };
    let back = host.logins().return_to(&tenant, &browser, &reply).await?;
    let reply = back.query_pairs().find(|(name, _)| name == "postlude").ok_or("no reply")?.1.into_owned();

    // The identity provider's own cookie found the transaction: the login goes on.
    let request = ContinueRequest { resume_key: resume_key.to_owned(), reply, event: event()? };
    let answer = host.logins().resume(tenant, answer.login_id().clone(), request).await?;
    let AnswerOutcome::Continue { settled, .. } = answer.outcome() else {
        return Err(format!("not a continue: {:?}", answer.outcome()).into());
    };
    println!("continue with amr {:?} and {} factor", settled.amr, settled.factors.len());
    host.close().await?;
    Ok(())
}

/// Writes a configuration with one action, as an operator would.
fn configure(folder: &Path, plugin: &Path) -> Result<std::path::PathBuf, Box<dyn Error>> {
    let plugin =
        plugin.canonicalize().map_err(|why| format!("`{}`: {why}; `make plugins` builds it", plugin.display()))?;
    fs::copy(plugin, folder.join("custom-factor.wasm"))?;
    write_secret(&folder.join("root.key"), &RootKey::generate()?.to_text())?;
    write_secret(&folder.join("partner.secret"), SECRET)?;
    let config = folder.join("postlude.toml");
    fs::write(&config, include_str!("postlude.toml"))?;
    Ok(config)
}

/// Files of secrets are their owner's alone; the host refuses others.
fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

fn event() -> Result<Event, Box<dyn Error>> {
    let document = Json::parse(r#"{ "user": {"user_id": "ana"}, "client": {"client_id": "shop"} }"#)?;
    let (user_id, client_id) = (UserId::new("ana")?, ClientId::new("shop")?);
    Ok(Event { document: Arc::new(document), user_id, client_id, session_id: None })
}

/// The claims of the token in a parameter of a URL. A real prompt site verifies the token's signature.
fn claims_of(url: &Url, parameter: &str) -> Result<Value, Box<dyn Error>> {
    let token = url.query_pairs().find(|(name, _)| name == parameter).ok_or("no request token")?.1.into_owned();
    Ok(jsonwebtoken::dangerous::insecure_decode::<Value>(&token)?.claims)
}

/// A claim; null where there is none.
fn claim<'a>(claims: &'a Value, name: &str) -> &'a Value {
    claims.get(name).unwrap_or(&Value::Null)
}

/// The result of a prompt that went well.
fn sign(prompt: &Value) -> Result<String, Box<dyn Error>> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let claims = json!({
        "iss": "http://localhost:4000", "sub": claim(prompt, "sub"), "aud": claim(prompt, "action"), "iat": now, "exp": now + 60,
        "jti": "result-1", "state": claim(prompt, "state"), "factor": FACTOR, "verdict": "ok",
    });
    let header = Header { typ: Some("prompt-result+jwt".to_owned()), ..Header::default() };
    // Each direction has a key of its own, derived from the secret that both hold (RFC 5869).
    let mut key = [0; 32];
    hkdf::Hkdf::<sha2::Sha256>::new(None, SECRET.as_bytes())
        .expand(b"postlude prompt-result", &mut key)
        .map_err(|why| why.to_string())?;
    Ok(encode(&header, &claims, &EncodingKey::from_secret(&key))?)
}
