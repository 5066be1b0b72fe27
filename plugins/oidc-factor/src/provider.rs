//! Where the provider's endpoints are: as the settings say, else as its discovery document does.

use crate::settings::Settings;
use postlude_sdk::{Context, Failure, HttpError, http};
use serde::{Deserialize, Serialize};

/// The key of the cache that has what discovery said.
const CACHE_KEY: &str = "provider";
/// How long discovery is remembered, in seconds: endpoints move rarely, and with notice.
const CACHE_SECONDS: u32 = 3600;

/// The part of a provider's metadata that this plugin needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Provider {
    issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    /// Whether its replies always carry `iss` (RFC 9207, section 3).
    #[serde(default, rename = "authorization_response_iss_parameter_supported")]
    pub(crate) says_iss: bool,
}

impl Provider {
    /// The provider of the settings. Asks it where they leave an endpoint open, at most once an hour.
    pub(crate) fn find(cx: &Context, settings: &Settings) -> Result<Self, Failure> {
        let (authorization, token) = (&settings.authorization_endpoint, &settings.token_endpoint);
        if let (Some(authorization), Some(token)) = (authorization, token) {
            return Ok(Self {
                issuer: settings.issuer.clone(),
                authorization_endpoint: authorization.clone(),
                token_endpoint: token.clone(),
                says_iss: false,
            });
        }
        let mut provider = Self::discovered(cx, settings)?;
        if let Some(endpoint) = authorization {
            provider.authorization_endpoint.clone_from(endpoint);
        }
        if let Some(endpoint) = token {
            provider.token_endpoint.clone_from(endpoint);
        }
        Ok(provider)
    }

    fn discovered(cx: &Context, settings: &Settings) -> Result<Self, Failure> {
        // The cache is best effort; a change of the issuer makes what it has worthless.
        let cached = cx.cache().get::<Self>(CACHE_KEY).unwrap_or_default();
        if let Some(provider) = cached.filter(|provider| provider.issuer == settings.issuer) {
            return Ok(provider);
        }
        // OpenID Connect Discovery 1.0, sections 4.1 and 4.3.
        let url = format!("{}/.well-known/openid-configuration", settings.issuer.trim_end_matches('/'));
        let request = http::Request::new("GET", url).header("accept", "application/json");
        let response = sent(cx, "discovery", request)?;
        if response.status != 200 {
            return Err(Failure::Other(format!("discovery answers {}", response.status)));
        }
        let provider: Self = serde_json::from_slice(&response.body)
            .map_err(|why| Failure::Other(format!("the discovery document is not usable: {why}")))?;
        if provider.issuer != settings.issuer {
            return Err(Failure::Other("the discovery document names another issuer than the settings".to_owned()));
        }
        if let Err(why) = cx.cache().set(CACHE_KEY, &provider, CACHE_SECONDS) {
            cx.log().info(format!("discovery is not cached: {why}"));
        }
        Ok(provider)
    }
}

/// Sends a request. A provider that does not answer, or says that it cannot, is unavailable.
pub(crate) fn sent(cx: &Context, what: &str, request: http::Request) -> Result<http::Response, Failure> {
    let response = cx.http().send(request).map_err(|why| match why {
        HttpError::Timeout | HttpError::NotAvailable | HttpError::Other(_) => {
            Failure::Unavailable(format!("{what}: {why}"))
        }
        wrong => Failure::Other(format!("{what}: {wrong}")),
    })?;
    if response.status >= 500 || response.status == 429 {
        return Err(Failure::Unavailable(format!("{what} answers {}", response.status)));
    }
    Ok(response)
}
