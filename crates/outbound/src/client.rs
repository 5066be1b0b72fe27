//! The crate's door: requests for plugins, each to its granted host.

use crate::exchange::exchange;
use crate::limits;
use crate::name_servers::NameServers;
use crate::party::{Host, Parties, Party};
use crate::resolve::{HostResolver, Pinned, Reach, Resolve};
use crate::roots::{self, RootsError, read_roots};
use crate::target::Target;
use crate::{exchange, headers};
use postlude_model::http::{Answering, HttpClient, HttpError, Request, Response, host_of};
use postlude_model::limits as model;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::OnceCell;

/// What a way out is made of.
#[derive(Debug, Clone, Default)]
pub struct OutboundConfig {
    /// Development mode: `localhost` may be asked, over http too.
    pub development: bool,
    /// Trust roots besides the system's, in PEM; for private certificate authorities.
    pub ca_pem: Option<Vec<u8>>,
    /// Hosts, each `host` or `host:port`, whose addresses may be private ones. Link-local addresses and metadata services
    /// stay out of reach.
    pub allow_private: Vec<String>,
    /// Looks up names; none is the machine's hosts file and name servers.
    pub resolver: Option<Arc<dyn Resolve>>,
}

/// Why there is no way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The certificates cannot be used.
    #[error("the trust roots cannot be read: {0}")]
    Roots(#[from] RootsError),
    /// A host is none.
    #[error("`{0}` is not a host: {1}")]
    Host(String, String),
    /// TLS does not start.
    #[error("TLS does not start: {0}")]
    Tls(String),
}

/// Makes requests for plugins. Cheap to clone; all clones share the limits of the whole process.
#[derive(Clone)]
pub struct Outbound {
    parts: Arc<Parts>,
    /// The party that asks: each one has its own connections, places and record of a host.
    party: Arc<Party>,
}

struct Parts {
    development: bool,
    roots: Vec<CertificateDer<'static>>,
    allow_private: BTreeSet<String>,
    resolver: Arc<dyn Resolve>,
    tls: OnceCell<ClientConfig>,
    parties: Parties,
}

impl Outbound {
    /// Makes a way out. The system's trust roots are read with the first request.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn new(config: OutboundConfig) -> Result<Self, OutboundError> {
        let roots = config.ca_pem.map_or(Ok(Vec::new()), |pem| read_roots(&pem))?;
        let host = |text: String| host_of(&text).map_err(|why| OutboundError::Host(text, why));
        let parts = Parts {
            development: config.development,
            roots,
            allow_private: config.allow_private.into_iter().map(host).collect::<Result<_, _>>()?,
            resolver: config.resolver.unwrap_or_else(|| Arc::new(NameServers::default())),
            tls: OnceCell::new(),
            parties: Parties::default(),
        };
        let party = parts.parties.of("");
        Ok(Self { parts: Arc::new(parts), party })
    }

    /// The way out of one party, such as a tenant: with connections, places and a record of each host that no other party
    /// has, and with its share of requests and lookups at the same time. A party that makes a host fail, whose hosts are slow, or
    /// whose names nobody answers for, waits for itself.
    #[must_use]
    pub fn of(&self, party: &str) -> Self {
        Self { parts: Arc::clone(&self.parts), party: self.parts.parties.of(party) }
    }
}

impl HttpClient for Outbound {
    fn send(&self, request: Request, hosts: Arc<[String]>) -> Answering<'static> {
        let Self { parts, party } = self.clone();
        Box::pin(async move { parts.send(&party, request, &hosts).await })
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("party", &self.party.name)
            .field("allow_private", &self.parts.allow_private)
            .finish_non_exhaustive()
    }
}

impl Parts {
    async fn send(&self, party: &Party, request: Request, granted: &[String]) -> Result<Response, HttpError> {
        let target = Target::read(&request.url, granted, self.development)?;
        let method = exchange::method(&request.method)?;
        let fields = headers::read(&request.headers)?;
        if request.body.as_ref().is_some_and(|body| body.len() > model::HTTP_BODY_BYTES) {
            return Err(HttpError::InvalidRequest(format!("content of more than {} bytes", model::HTTP_BODY_BYTES)));
        }
        let deadline = tokio::time::Instant::now() + model::HTTP_TIMEOUT;
        let host =
            tokio::time::timeout_at(deadline, self.host(party, &target)).await.unwrap_or(Err(HttpError::Timeout))?;
        if !host.breaker().admit(Instant::now()) {
            return Err(HttpError::Other(
                "the host failed several times in a row and rests for some seconds".to_owned(),
            ));
        }
        let answer = async {
            let closed = |_| HttpError::Other("no requests are made any more".to_owned());
            // A request that waits for its host holds nothing that requests to other hosts need.
            let _of_host = host.places.acquire().await.map_err(closed)?;
            let _place = party.requests.take().await;
            let mut built = host.client.request(method, target.url.clone()).headers(fields);
            if let Some(body) = request.body {
                built = built.body(body);
            }
            exchange(built).await
        };
        let answer = tokio::time::timeout_at(deadline, answer).await.unwrap_or(Err(HttpError::Timeout));
        host.breaker().record_result(!matches!(answer, Err(HttpError::Timeout | HttpError::Other(_))), Instant::now());
        answer
    }

    async fn host(&self, party: &Party, target: &Target) -> Result<Arc<Host>, HttpError> {
        // http and https of one port do not share connections.
        let key = format!("{} {}", target.url.scheme(), target.host);
        if let Some(host) = party.known_host(&key) {
            return Ok(host);
        }
        let reach = match (target.local, self.allow_private.contains(&target.host)) {
            (true, _) => Reach::Local,
            (false, true) => Reach::Private,
            (false, false) => Reach::Public,
        };
        let pinned = Pinned { resolver: Arc::clone(&self.resolver), reach, lookups: party.lookups.clone() };
        let client = client(self.tls().await?.clone(), HostResolver(Arc::new(pinned)));
        let client = client.map_err(|why| HttpError::Other(format!("no connections can be made: {why}")))?;
        Ok(party.host(key, client))
    }

    async fn tls(&self) -> Result<&ClientConfig, HttpError> {
        let load = || async {
            let roots = self.roots.clone();
            // Reading the system's certificates takes some milliseconds of a thread.
            let loaded = tokio::task::spawn_blocking(move || tls(&roots)).await;
            loaded.map_err(|why| OutboundError::Tls(why.to_string()))?
        };
        self.tls.get_or_try_init(load).await.map_err(|why| HttpError::Other(why.to_string()))
    }
}

fn tls(more: &[CertificateDer<'static>]) -> Result<ClientConfig, OutboundError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|why| OutboundError::Tls(why.to_string()))?;
    let mut config = builder.with_root_certificates(roots::store(more)).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// A client of one host. Its defaults are not ours: each that could lead elsewhere is switched off by name.
fn client(tls: ClientConfig, resolver: HostResolver) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(resolver))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .referer(false)
        .http1_only()
        .http1_max_headers(model::HTTP_HEADERS)
        .user_agent(concat!("postlude/", env!("CARGO_PKG_VERSION")))
        .pool_idle_timeout(limits::IDLE)
        .pool_max_idle_per_host(limits::IDLE_CONNECTIONS)
        .build()
}
