//! An OCI registry on this machine (distribution specification 1.1), with or without a token server, that can be told to misbehave.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};

/// The user that a registry with a token server knows.
pub const REGISTRY_USER: (&str, &str) = ("ops", "correct horse battery staple");
/// The token that it gives.
const TOKEN: &str = "dG9rZW4";
/// Bytes of one call at most.
const BODY: usize = 64 << 20;

/// How a registry learns who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// Everybody may do everything.
    Open,
    /// A token of the registry's own token server.
    Token,
    /// The user's password with each call.
    Basic,
    /// A token of a server elsewhere that is reached without TLS.
    TokenInTheClear,
}

/// What a registry does to what it gives out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Mischief {
    /// Nothing.
    #[default]
    None,
    /// The last byte of a blob is another one.
    AnotherByte,
    /// The last byte of a blob is missing.
    Truncated,
    /// A blob goes on for ever.
    Endless,
    /// A manifest goes on for ever.
    EndlessManifest,
    /// Blobs and manifests are said to be at another host.
    Elsewhere(String),
    /// Uploads are said to go to another host.
    UploadElsewhere(String),
}

#[derive(Debug, Default)]
struct Held {
    blobs: BTreeMap<String, Vec<u8>>,
    /// By digest: media type and bytes.
    manifests: BTreeMap<String, (String, Vec<u8>)>,
    tags: BTreeMap<String, String>,
    uploads: BTreeMap<usize, Vec<u8>>,
    mischief: Mischief,
    /// Method, path and `Authorization` of each call.
    calls: Vec<(String, Option<String>)>,
}

/// A registry that runs until it is dropped.
#[derive(Debug)]
pub struct Registry {
    /// Where it listens: `127.0.0.1:PORT`.
    pub address: String,
    held: Arc<Mutex<Held>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[derive(Debug, Clone)]
struct Shared {
    held: Arc<Mutex<Held>>,
    sign_in: SignIn,
    address: String,
}

impl Registry {
    /// Starts an empty one.
    pub async fn start(sign_in: SignIn) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let held = Arc::new(Mutex::new(Held::default()));
        let shared = Shared { held: Arc::clone(&held), sign_in, address: address.clone() };
        let router = Router::new().fallback(serve).with_state(shared);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, held, serving }
    }

    /// From now on it misbehaves like this.
    pub fn misbehave(&self, mischief: Mischief) {
        self.held().mischief = mischief;
    }

    /// The tag names another manifest from now on.
    pub fn move_tag(&self, tag: &str, to_that_of: &str) {
        let mut held = self.held();
        let digest = held.tags.get(to_that_of).unwrap().clone();
        held.tags.insert(tag.to_owned(), digest);
    }

    /// The manifest of the tag, changed; it is stored under its own digest.
    pub fn change(&self, tag: &str, change: impl FnOnce(&mut serde_json::Value)) {
        let mut held = self.held();
        let (kind, bytes) = held.manifests.get(held.tags.get(tag).unwrap()).unwrap().clone();
        let mut manifest = serde_json::from_slice(&bytes).unwrap();
        change(&mut manifest);
        let bytes = serde_json::to_vec(&manifest).unwrap();
        let digest = digest(&bytes);
        held.manifests.insert(digest.clone(), (kind, bytes));
        held.tags.insert(tag.to_owned(), digest);
    }

    /// Each call so far: method and path, and what it said of who asks.
    pub fn calls(&self) -> Vec<(String, Option<String>)> {
        self.held().calls.clone()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }
}

fn digest(bytes: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    Sha256::digest(bytes).iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
    text
}

fn basic() -> String {
    use base64::Engine as _;
    let (user, password) = REGISTRY_USER;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

fn refuse(status: StatusCode, code: &str) -> Response {
    (status, format!(r#"{{"errors":[{{"code":"{code}","message":"of the test"}}]}}"#)).into_response()
}

async fn serve(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY).await.unwrap();
    let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or_default().to_owned());
    let asker = parts.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    let mut held = shared.held.lock().unwrap();
    held.calls.push((format!("{} {path}", parts.method), asker.clone()));
    if path == "/token" {
        return token(asker.as_deref());
    }
    if let Some(refusal) = sign_in(&shared, asker.as_deref()) {
        return refusal;
    }
    if path == "/v2/" {
        return StatusCode::OK.into_response();
    }
    if let (&Method::GET, Mischief::Elsewhere(host)) = (&parts.method, &held.mischief) {
        return redirect(StatusCode::TEMPORARY_REDIRECT, &format!("http://{host}{path}"));
    }
    let name = |kind: &str| path.rsplit_once(kind).map(|(_, name)| name.to_owned());
    if let Some(upload) = name("/blobs/uploads/") {
        return upload_part(&mut held, &parts.method, &path, &upload, &query, &body);
    }
    if let Some(digest) = name("/blobs/") {
        return blob(&held, &digest);
    }
    match name("/manifests/") {
        Some(version) if parts.method == Method::PUT => put_manifest(&mut held, &path, &version, &parts.headers, &body),
        Some(version) => manifest(&held, &version),
        None => refuse(StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
    }
}

fn sign_in(shared: &Shared, asker: Option<&str>) -> Option<Response> {
    let (wanted, challenge) = match shared.sign_in {
        SignIn::Open => return None,
        SignIn::Token => {
            (format!("Bearer {TOKEN}"), format!("Bearer realm=\"http://{}/token\",service=\"test\"", shared.address))
        }
        SignIn::TokenInTheClear => {
            (format!("Bearer {TOKEN}"), "Bearer realm=\"http://auth.example/token\",service=\"test\"".to_owned())
        }
        SignIn::Basic => (basic(), "Basic realm=\"test\"".to_owned()),
    };
    if asker == Some(wanted.as_str()) {
        return None;
    }
    let mut refusal = refuse(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    refusal.headers_mut().insert(header::WWW_AUTHENTICATE, challenge.parse().unwrap());
    Some(refusal)
}

fn token(asker: Option<&str>) -> Response {
    if asker == Some(basic().as_str()) {
        return format!(r#"{{"token":"{TOKEN}"}}"#).into_response();
    }
    refuse(StatusCode::UNAUTHORIZED, "UNAUTHORIZED")
}

fn redirect(status: StatusCode, to: &str) -> Response {
    (status, [(header::LOCATION, to.to_owned())]).into_response()
}

fn upload_part(held: &mut Held, method: &Method, path: &str, upload: &str, query: &str, body: &Bytes) -> Response {
    if *method == Method::POST {
        let new = held.uploads.len();
        held.uploads.insert(new, Vec::new());
        let to = match &held.mischief {
            Mischief::UploadElsewhere(host) => format!("http://{host}{path}{new}"),
            _ => format!("{path}{new}"),
        };
        return redirect(StatusCode::ACCEPTED, &to);
    }
    let Some(so_far) = upload.parse::<usize>().ok().and_then(|number| held.uploads.get_mut(&number)) else {
        return refuse(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN");
    };
    so_far.extend_from_slice(body);
    if *method == Method::PATCH {
        return redirect(StatusCode::ACCEPTED, path);
    }
    let bytes = so_far.clone();
    let named = query.split('&').find_map(|pair| pair.strip_prefix("digest=")).unwrap_or_default().replace("%3A", ":");
    if digest(&bytes) != named {
        return refuse(StatusCode::BAD_REQUEST, "DIGEST_INVALID");
    }
    held.blobs.insert(named.clone(), bytes);
    redirect(StatusCode::CREATED, &format!("/v2/blobs/{named}"))
}

fn blob(held: &Held, digest: &str) -> Response {
    let Some(mut bytes) = held.blobs.get(digest).cloned() else { return refuse(StatusCode::NOT_FOUND, "BLOB_UNKNOWN") };
    match held.mischief {
        Mischief::AnotherByte => *bytes.last_mut().unwrap() ^= 1,
        Mischief::Truncated => drop(bytes.pop()),
        Mischief::Endless => return endless(),
        _ => {}
    }
    bytes.into_response()
}

fn endless() -> Response {
    let chunk = || Some((Ok::<_, std::convert::Infallible>(Bytes::from_static(&[b' '; 16 << 10])), ()));
    axum::body::Body::from_stream(futures_util::stream::unfold((), move |()| async move { chunk() })).into_response()
}

fn manifest(held: &Held, version: &str) -> Response {
    if held.mischief == Mischief::EndlessManifest {
        return endless();
    }
    let digest = held.tags.get(version).map_or(version, String::as_str);
    match held.manifests.get(digest) {
        Some((kind, bytes)) => {
            let headers = [("content-type", kind.as_str()), ("docker-content-digest", digest)];
            (headers, bytes.clone()).into_response()
        }
        None => refuse(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
    }
}

fn put_manifest(held: &mut Held, path: &str, version: &str, headers: &HeaderMap, body: &Bytes) -> Response {
    let manifest: serde_json::Value = serde_json::from_slice(body).unwrap();
    let layers = manifest["layers"].as_array().unwrap().iter().chain([&manifest["config"]]);
    for part in layers {
        if !held.blobs.contains_key(part["digest"].as_str().unwrap()) {
            return refuse(StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN");
        }
    }
    let digest = digest(body);
    let kind = headers[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    held.manifests.insert(digest.clone(), (kind, body.to_vec()));
    held.tags.insert(version.to_owned(), digest);
    redirect(StatusCode::CREATED, path)
}
