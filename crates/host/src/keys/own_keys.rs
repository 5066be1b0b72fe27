//! The keys that an action uses itself, as the configuration gives them. Public keys that are published at a URL are fetched by the
//! HTTP client of the run, kept for a while, and fetched again when a token names one that is not among them.

use postlude_config::{ReadyKey, ReadyMaterial};
use postlude_crypto::keys::{KeySet, OwnKey, Token, Unverified};
use postlude_crypto::token::Algorithm;
use postlude_model::http::{HttpClient, HttpError, Request, Response, host_of};
use postlude_model::json::Json;
use postlude_model::keys::{KeyError, NoOwnKeys, OwnKeys, Verifying, Work};
use postlude_model::names::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long fetched keys are used without asking again: providers announce a new key at least that long before its use.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// How often they are asked for at most, where there are some: whoever sends tokens must not decide how often we ask.
const RETRY: Duration = Duration::from_secs(60);
/// How long they are used while their server does not answer. A key that was withdrawn counts until then.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes of a key set: the largest have some 20 KiB.
const SET_BYTES: usize = 64 * 1024;

/// Makes the keys that one action uses itself.
///
/// # Errors
/// The first key that cannot be used, by its name and without its material.
pub(crate) fn make(keys: Vec<ReadyKey>) -> Result<Arc<dyn OwnKeys>, String> {
    if keys.is_empty() {
        return Ok(Arc::new(NoOwnKeys));
    }
    let held = keys.into_iter().map(|key| {
        let name = key.name.clone();
        held(key).map_err(|why| format!("key `{name}`: {why}")).map(|held| (name, held))
    });
    Ok(Arc::new(OwnKeySet(held.collect::<Result<_, _>>()?)))
}

fn held(key: ReadyKey) -> Result<KeySource, String> {
    let made = match key.material {
        ReadyMaterial::Secret(secret) => OwnKey::secret(key.alg, secret.reveal().as_bytes()),
        ReadyMaterial::PrivateKey(secret) => OwnKey::private(key.alg, secret.reveal()),
        ReadyMaterial::Jwks(text) => OwnKey::public(key.alg, &text),
        ReadyMaterial::JwksUrl(url) => {
            let host = host_of(&url).map_err(|why| format!("`{url}`: {why}"))?;
            return Ok(KeySource::Published(Arc::new(PublishedKeys::new(key.alg, url, host))));
        }
    };
    made.map(|key| KeySource::Local(Arc::new(key))).map_err(|why| why.to_string())
}

#[derive(Debug)]
struct OwnKeySet(BTreeMap<String, KeySource>);

#[derive(Debug)]
enum KeySource {
    Local(Arc<OwnKey>),
    Published(Arc<PublishedKeys>),
}

impl OwnKeySet {
    fn signing(&self, key: &str) -> Result<&OwnKey, KeyError> {
        match self.0.get(key) {
            Some(KeySource::Local(key)) => Ok(key),
            Some(KeySource::Published(_)) => {
                Err(KeyError::Other("the key only verifies: it is a set of public keys".to_owned()))
            }
            None => Err(KeyError::NotGranted),
        }
    }
}

impl OwnKeys for OwnKeySet {
    fn hmac(&self, key: &str, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.signing(key)?.hmac(data)
    }

    fn sign(&self, key: &str, header: &Json, claims: &Json) -> Result<String, KeyError> {
        self.signing(key)?.sign(header, claims)
    }

    fn verify(&self, key: &str, token: &str, client: &Arc<dyn HttpClient>, now: Timestamp) -> Verifying<'static> {
        match self.0.get(key) {
            None => Box::pin(std::future::ready(Err(KeyError::NotGranted))),
            Some(KeySource::Local(key)) => Box::pin(std::future::ready(key.verify(token))),
            Some(KeySource::Published(keys)) => {
                let (keys, client, token) = (Arc::clone(keys), Arc::clone(client), token.to_owned());
                Box::pin(async move { keys.verify(&token, client.as_ref(), now).await })
            }
        }
    }

    fn work(&self, key: &str) -> Work {
        self.signing(key).map_or(Work::Hash, OwnKey::work)
    }
}

/// Public keys that are published at a URL.
#[derive(Debug)]
struct PublishedKeys {
    alg: Algorithm,
    url: String,
    host: Arc<[String]>,
    kept: Mutex<CachedKeys>,
    /// One asks, the others wait for the same answer.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct CachedKeys {
    keys: Option<Arc<KeySet>>,
    fetched_at: Timestamp,
    asked_at: Timestamp,
}

/// What to do with the keys that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// Use them.
    Use,
    /// Ask; while nobody answers, use them.
    Renew,
    /// Ask: there are none, or they are too old.
    Fetch,
}

impl CachedKeys {
    fn due(&self, now: Timestamp) -> Due {
        let (age, asked) = (now.since(self.fetched_at), now.since(self.asked_at));
        match &self.keys {
            None => Due::Fetch,
            Some(_) if age >= STALE => Due::Fetch,
            Some(_) if age >= FRESH && asked >= RETRY => Due::Renew,
            Some(_) => Due::Use,
        }
    }

    /// Whether a token may be signed by a key that was published since.
    fn may_be_newer(&self, now: Timestamp) -> bool {
        now.since(self.asked_at) >= RETRY
    }
}

impl PublishedKeys {
    fn new(alg: Algorithm, url: String, host: String) -> Self {
        Self { alg, url, host: [host].into(), kept: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    async fn verify(&self, text: &str, client: &dyn HttpClient, now: Timestamp) -> Result<Json, KeyError> {
        // Before anybody is asked for its sake.
        let token = Token::read(self.alg, text)?;
        let keys = self.keys(client, now).await?;
        match keys.verify(&token) {
            Err(Unverified::UnknownKey) if self.kept().may_be_newer(now) => {
                let newer = self.ask(client, now, &keys).await?;
                newer.verify(&token).map_err(KeyError::from)
            }
            verified => verified.map_err(KeyError::from),
        }
    }

    async fn keys(&self, client: &dyn HttpClient, now: Timestamp) -> Result<Arc<KeySet>, KeyError> {
        let kept = self.kept();
        match (kept.due(now), kept.keys) {
            (Due::Use, Some(keys)) => Ok(keys),
            (Due::Renew, Some(keys)) => self.ask(client, now, &keys).await.or(Ok(keys)),
            _ => {
                let _turn = self.asking.lock().await;
                // Another run may have got them meanwhile.
                let kept = self.kept();
                match (kept.due(now), kept.keys) {
                    (Due::Use | Due::Renew, Some(keys)) => Ok(keys),
                    _ => self.fetch(client, now).await,
                }
            }
        }
    }

    /// Asks for newer keys than these, unless somebody else just did.
    async fn ask(&self, client: &dyn HttpClient, now: Timestamp, than: &Arc<KeySet>) -> Result<Arc<KeySet>, KeyError> {
        let _turn = self.asking.lock().await;
        match self.kept().keys {
            Some(newer) if !Arc::ptr_eq(&newer, than) => Ok(newer),
            _ => self.fetch(client, now).await,
        }
    }

    async fn fetch(&self, client: &dyn HttpClient, now: Timestamp) -> Result<Arc<KeySet>, KeyError> {
        self.change(|kept| kept.asked_at = now);
        let accept = ("accept".to_owned(), "application/jwk-set+json, application/json".to_owned());
        let request = Request { method: "GET".to_owned(), url: self.url.clone(), headers: vec![accept], body: None };
        let fetched = client.send(request, Arc::clone(&self.host)).await;
        match read(fetched, self.alg) {
            Ok(keys) => {
                let keys = Arc::new(keys);
                self.change(|kept| {
                    kept.keys = Some(Arc::clone(&keys));
                    kept.fetched_at = now;
                });
                Ok(keys)
            }
            Err(why) => {
                tracing::warn!(url = %self.url, %why, "public keys could not be fetched");
                Err(KeyError::Other(format!("the public keys cannot be had: {why}")))
            }
        }
    }

    fn kept(&self) -> CachedKeys {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut CachedKeys)) {
        change(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn read(fetched: Result<Response, HttpError>, alg: Algorithm) -> Result<KeySet, String> {
    let response = fetched.map_err(|why| why.to_string())?;
    if response.status != 200 {
        return Err(format!("status {}", response.status));
    }
    if response.body.len() > SET_BYTES {
        return Err(format!("more than {SET_BYTES} bytes"));
    }
    let text = std::str::from_utf8(&response.body).map_err(|_| "not UTF-8".to_owned())?;
    KeySet::parse(text, alg).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests;
