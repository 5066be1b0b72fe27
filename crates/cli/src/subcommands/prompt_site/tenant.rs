//! The tenant that the check plays: its keys, its requests, and the address at which a site fetches the public keys.

use anyhow::{Context as _, Result};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD as B64, Engine as _};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use postlude_crypto::root::{RootKey, RootKeys};
use postlude_crypto::token::{ActionKeys, Algorithm, Forgery, KeyConfig, KeyProfile, TenantSigner, VerifyWith};
use postlude_model::decision::TokenRequest;
use postlude_model::names::{ActionName, FactorName, TenantName, Timestamp};
use postlude_model::token::{TokenContext, TokenKeys as _, VerifiedResult};
use reqwest::Url;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;

/// The name under which the action has the site's key.
const KEY: &str = "partner";
/// Seconds that a request lives.
const REQUEST_SECONDS: u32 = 300;

/// What the check knows of the site.
#[derive(Clone)]
pub(super) struct Site {
    /// Its name: `aud` of requests, `iss` of results.
    pub(super) name: String,
    pub(super) alg: Algorithm,
    pub(super) verify: VerifyWith,
    /// The parameter that takes the request there.
    pub(super) parameter: String,
    /// The prompt's address, without a request.
    pub(super) prompt: Url,
}

/// The tenant.
pub(super) struct Tenant {
    issuer: String,
    pub(super) continue_url: Url,
    action: ActionName,
    factor: Option<FactorName>,
    site: Site,
    keys: ActionKeys,
    first_root: RootKey,
    published: Arc<Published>,
}

/// The public keys, as they are served.
#[derive(Default)]
struct Published {
    jwks: Mutex<String>,
    fetches: AtomicUsize,
}

/// A request of the tenant's for one user.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    user: String,
    state: String,
    jti: String,
    now: Timestamp,
}

impl Tenant {
    pub(super) fn new(issuer: &str, factor: Option<FactorName>, site: Site) -> Result<Self> {
        let root = RootKey::generate().context("no random numbers")?;
        let signer = signer(&root, &[])?;
        let continue_url =
            Url::parse(&format!("{issuer}/continue")).with_context(|| format!("`{issuer}` is no issuer"))?;
        let tenant = Self {
            issuer: issuer.to_owned(),
            continue_url,
            action: ActionName::new("check")?,
            factor,
            keys: keys(&site, &signer)?,
            site,
            first_root: root,
            published: Arc::default(),
        };
        tenant.publish(&signer);
        Ok(tenant)
    }

    /// Serves the public keys until the check ends.
    pub(super) fn serve(&self, listener: TcpListener) {
        let path = format!("{}/.well-known/jwks.json", self.continue_url.path().trim_end_matches("/continue"));
        let (path, published) = (Arc::<str>::from(path), Arc::clone(&self.published));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (path, published) = (Arc::clone(&path), Arc::clone(&published));
                let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let response = published.answer(request.uri().path() == &*path);
                    async move { Ok::<_, Infallible>(response) }
                });
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), answer));
            }
        });
    }

    /// How often the site has fetched the keys.
    pub(super) fn fetches(&self) -> usize {
        self.published.fetches.load(Ordering::Relaxed)
    }

    /// Changes the tenant's key, as an operator does who makes a new root key: the old public key stays in the set.
    pub(super) fn change_key(&mut self) -> Result<()> {
        let signer =
            signer(&RootKey::generate().context("no random numbers")?, std::slice::from_ref(&self.first_root))?;
        self.keys = keys(&self.site, &signer)?;
        self.publish(&signer);
        Ok(())
    }

    fn publish(&self, signer: &TenantSigner) {
        let mut jwks = self.published.jwks.lock().unwrap_or_else(PoisonError::into_inner);
        signer.jwks().as_str().clone_into(&mut jwks);
    }

    /// A new request for a user.
    pub(super) fn ask(&self, user: &str) -> Result<Asked> {
        // As long as the state of a real login.
        let state = format!("v1.check.{}{}", random()?, random()?);
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let now = Timestamp(u64::try_from(now.as_millis())?);
        Ok(Asked { user: user.to_owned(), state, jti: format!("check_{}", random()?), now })
    }

    /// Where the browser goes with a request.
    pub(super) fn address(&self, asked: &Asked) -> Result<Url> {
        let token = self.keys.encode(&request(&self.site), &self.context(asked))?;
        Ok(self.address_with(&token, Some(&asked.state)))
    }

    pub(super) fn address_with(&self, token: &str, state: Option<&str>) -> Url {
        let mut url = self.site.prompt.clone();
        url.query_pairs_mut().append_pair(&self.site.parameter, token);
        if let Some(state) = state {
            url.query_pairs_mut().append_pair("state", state);
        }
        url
    }

    /// The address of a good request without its state.
    pub(super) fn stateless(&self, asked: &Asked) -> Result<Url> {
        let token = self.keys.encode(&request(&self.site), &self.context(asked))?;
        Ok(self.address_with(&token, None))
    }

    /// What the site must refuse, made of this request.
    pub(super) fn forgeries(&self, asked: &Asked) -> Result<Vec<Forgery>> {
        Ok(self.keys.forgeries(&request(&self.site), &self.context(asked))?)
    }

    /// Verifies a result as Postlude does.
    pub(super) fn verify(&self, asked: &Asked, result: &str) -> Result<VerifiedResult> {
        let asked = Asked { now: self.ask("")?.now, ..asked.clone() };
        Ok(self.keys.verify(KEY, result, &self.context(&asked))?)
    }

    fn context<'a>(&'a self, asked: &'a Asked) -> TokenContext<'a> {
        TokenContext {
            issuer: &self.issuer,
            continue_url: self.continue_url.as_str(),
            action: &self.action,
            user_id: &asked.user,
            state: &asked.state,
            factor: self.factor.as_ref(),
            now: asked.now,
            jti: &asked.jti,
        }
    }
}

impl Asked {
    pub(super) fn state(&self) -> &str {
        &self.state
    }
}

impl Published {
    fn answer(&self, is_jwks: bool) -> Response<String> {
        let mut response = Response::new(String::new());
        if is_jwks {
            self.fetches.fetch_add(1, Ordering::Relaxed);
            let jwks = self.jwks.lock().unwrap_or_else(PoisonError::into_inner).clone();
            *response.body_mut() = jwks;
            let json = hyper::header::HeaderValue::from_static("application/json");
            response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
        } else {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        response
    }
}

fn request(site: &Site) -> TokenRequest {
    TokenRequest {
        parameter: site.parameter.clone(),
        key: KEY.to_owned(),
        claims: "{}".to_owned(),
        ttl_seconds: REQUEST_SECONDS,
    }
}

fn keys(site: &Site, signer: &Arc<TenantSigner>) -> Result<ActionKeys> {
    let config = KeyConfig {
        name: KEY.to_owned(),
        profile: KeyProfile::Postlude,
        issuer: site.name.clone(),
        alg: site.alg,
        verify: site.verify.clone(),
    };
    ActionKeys::new(vec![config], Arc::clone(signer)).context("the site's key cannot be used")
}

fn signer(current: &RootKey, previous: &[RootKey]) -> Result<Arc<TenantSigner>> {
    let roots = RootKeys { current: current.clone(), previous: previous.to_vec() };
    Ok(Arc::new(TenantSigner::new(&roots, &TenantName::new("check")?)?))
}

fn random() -> Result<String> {
    Ok(B64.encode(RootKey::generate().context("no random numbers")?.derive("prompt-site check", &[])))
}
