//! Calls of one registry, for one repository, as one user.

use super::super::access::Access;
use super::super::artifact::{Announced, Blob, digest_of};
use super::super::error::{RegistryError, words};
use super::super::limits::{CONNECT, MANIFEST_BYTES, REDIRECTS, SILENCE};
use super::body;
use super::errors::Asker;
use futures_util::StreamExt as _;
use http_auth::parser::ChallengeParser;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::manifest::OCI_IMAGE_MEDIA_TYPE;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference, RegistryOperation};
use reqwest::header::{ACCEPT, HeaderValue, WWW_AUTHENTICATE};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response};
use url::Url;

/// What we call ourselves.
const USER_AGENT: &str = concat!("postlude/", env!("CARGO_PKG_VERSION"));

/// A registry that knows who asks.
pub(super) struct Session<'a> {
    client: Client,
    /// For manifests, which are read within a limit.
    http: reqwest::Client,
    reference: &'a Reference,
    base: String,
    asker: Asker<'a>,
    authorisation: Authorisation,
}

/// How the registry learns who asks.
enum Authorisation {
    None,
    Basic { username: String, password: zeroize::Zeroizing<String> },
    Bearer(zeroize::Zeroizing<String>),
}

impl<'a> Session<'a> {
    /// Asks the registry how it wants to know who asks, and gets a token where it wants one.
    pub(super) async fn begin(
        reference: &'a Reference,
        access: &'a Access,
        operation: RegistryOperation,
    ) -> Result<Self, RegistryError> {
        // The client's own would end the process where none was installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let username = access.credentials.as_ref().map(|credentials| credentials.username.as_str());
        let asker = Asker { reference, operation, username };
        let scheme = access.scheme(reference);
        let config = ClientConfig {
            protocol: if scheme == "http" { ClientProtocol::Http } else { ClientProtocol::Https },
            connect_timeout: Some(CONNECT),
            read_timeout: Some(SILENCE),
            user_agent: USER_AGENT,
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).map_err(|why| asker.unreached(&why))?;
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .user_agent(USER_AGENT)
            .redirect(redirects())
            .build()
            .map_err(|why| asker.unreached(&why))?;
        let base = format!("{scheme}://{}/v2/", reference.resolve_registry());
        let mut session = Self { client, http, reference, base, asker, authorisation: Authorisation::None };
        session.sign_in(access).await?;
        Ok(session)
    }

    async fn sign_in(&mut self, access: &Access) -> Result<(), RegistryError> {
        let asked = self.http.get(&self.base).send().await.map_err(|why| self.asker.unreached(&why))?;
        let auth = match &access.credentials {
            Some(credentials) => {
                RegistryAuth::Basic(credentials.username.clone(), credentials.password.as_str().to_owned())
            }
            None => RegistryAuth::Anonymous,
        };
        match challenge(&asked) {
            Challenge::Bearer(realm) => {
                if access.credentials.is_some() && !realm.parse().is_ok_and(|url: Url| access.may_tell(&url)) {
                    let registry = self.reference.registry().to_owned();
                    return Err(RegistryError::InsecureRealm { registry, realm: words(&realm) });
                }
            }
            Challenge::Basic => {
                let Some(credentials) = access.credentials.clone() else { return Err(self.asker.unauthorised()) };
                let (username, password) = (credentials.username, credentials.password);
                self.authorisation = Authorisation::Basic { username, password };
            }
            Challenge::None => {}
        }
        let token = self.client.auth(self.reference, &auth, self.asker.operation).await;
        let token = token.map_err(|why| self.asker.client("token", "give a token", why))?;
        if let Some(token) = token {
            self.authorisation = Authorisation::Bearer(token.into());
        }
        Ok(())
    }

    /// The manifest of a tag or digest.
    pub(super) async fn manifest(&self, version: &str) -> Result<Blob, RegistryError> {
        let action = "give a manifest";
        let url = format!("{}{}/manifests/{version}", self.base, self.reference.repository());
        let request = self.authorised(self.http.get(url)).header(ACCEPT, OCI_IMAGE_MEDIA_TYPE);
        let response = request.send().await.map_err(|why| self.asker.unreached(&why))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(self.asker.status(status, action, &body::refusal(response).await));
        }
        let named =
            response.headers().get("docker-content-digest").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let location = self.reference.to_string();
        let Some(bytes) = body::read(response, MANIFEST_BYTES, &self.asker).await? else {
            return Err(RegistryError::TooLarge {
                location,
                what: "manifest",
                most: MANIFEST_BYTES,
                limit: "MANIFEST_BYTES",
            });
        };
        let actual = digest_of(&bytes);
        // The header is the registry's word alone, and still it must not contradict what came.
        let asked = version.starts_with("sha256:").then(|| version.to_ascii_lowercase());
        let named = named.filter(|digest| digest.starts_with("sha256:"));
        for expected in asked.into_iter().chain(named) {
            if expected != actual.to_string() {
                let (expected, actual) = (words(&expected), actual.to_string());
                return Err(RegistryError::WrongDigest { location, what: "manifest", expected, actual });
            }
        }
        Ok(Blob { digest: actual, bytes })
    }

    /// The plugin that a manifest announces: no byte more than it says.
    pub(super) async fn plugin(&self, announced: &Announced) -> Result<Vec<u8>, RegistryError> {
        let (what, action) = ("plugin", "give a blob");
        let digest = announced.digest.to_string();
        // By the digest alone: a manifest may name other addresses, and they are not asked.
        let stream = self.client.pull_blob_stream(self.reference, digest.as_str()).await;
        let mut stream = stream.map_err(|why| self.asker.client(what, action, why))?;
        let (location, expected) = (self.reference.to_string(), announced.size);
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next().await {
            match chunk {
                Ok(chunk) => bytes.extend_from_slice(&chunk),
                Err(_) if (bytes.len() as u64) < expected => {
                    return Err(RegistryError::WrongSize { location, what, expected, actual: bytes.len() as u64 });
                }
                Err(why) => return Err(self.asker.io(what, action, &why)),
            }
            if bytes.len() as u64 > expected {
                return Err(RegistryError::WrongSize { location, what, expected, actual: bytes.len() as u64 });
            }
        }
        Ok(bytes)
    }

    pub(super) async fn push_blob(&self, blob: &Blob) -> Result<(), RegistryError> {
        let digest = blob.digest.to_string();
        if self.client.blob_exists(self.reference, &digest).await.unwrap_or(false) {
            return Ok(());
        }
        let pushed = self.client.push_blob(self.reference, blob.bytes.clone(), &digest).await;
        pushed.map(drop).map_err(|why| self.asker.client("blob", "take a blob", why))
    }

    pub(super) async fn push_manifest(&self, manifest: &Blob) -> Result<(), RegistryError> {
        let kind = HeaderValue::from_static(OCI_IMAGE_MEDIA_TYPE);
        let pushed = self.client.push_manifest_raw(self.reference, manifest.bytes.clone(), kind).await;
        pushed.map(drop).map_err(|why| self.asker.client("manifest", "take a manifest", why))
    }

    fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.authorisation {
            Authorisation::None => request,
            Authorisation::Basic { username, password } => request.basic_auth(username, Some(password.as_str())),
            Authorisation::Bearer(token) => request.bearer_auth(token.as_str()),
        }
    }
}

/// How a registry wants to learn who asks (RFC 9110, section 11.6.1).
enum Challenge {
    None,
    Basic,
    Bearer(String),
}

fn challenge(response: &Response) -> Challenge {
    let Some(text) = response.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()) else {
        return Challenge::None;
    };
    for challenge in ChallengeParser::new(text).flatten() {
        if challenge.scheme.eq_ignore_ascii_case("bearer") {
            let realm = challenge.params.iter().find(|(name, _)| name.eq_ignore_ascii_case("realm"));
            return Challenge::Bearer(realm.map(|(_, value)| value.to_unescaped()).unwrap_or_default());
        }
    }
    Challenge::Basic
}

/// Follows a few redirects, and never into the clear: a manifest that a tag names is known by nothing else than where it came from. The HTTP library leaves
/// credentials out of a request to another host.
fn redirects() -> Policy {
    Policy::custom(|attempt| {
        let secret = attempt.previous().last().is_some_and(|from| from.scheme() == "https");
        if attempt.previous().len() > REDIRECTS {
            attempt.error("it sends from place to place")
        } else if secret && attempt.url().scheme() != "https" {
            attempt.error("it sends to a place without TLS")
        } else {
            attempt.follow()
        }
    })
}
