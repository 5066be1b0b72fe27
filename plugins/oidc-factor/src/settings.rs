//! What the operator sets; the manifest's schema is the contract.

use postlude_sdk::{Context, Failure, Value};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct Settings {
    pub(crate) factor: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_auth: ClientAuth,
    #[serde(rename = "match")]
    pub(crate) matching: Match,
    pub(crate) authorization_endpoint: Option<String>,
    pub(crate) token_endpoint: Option<String>,
    #[serde(default = "openid")]
    pub(crate) scope: String,
    #[serde(default)]
    pub(crate) acr_values: Vec<String>,
    pub(crate) max_age: Option<u64>,
    pub(crate) prompt: Option<String>,
    pub(crate) login_hint: Option<String>,
    pub(crate) request_object: Option<RequestObject>,
    pub(crate) id_token_key: Option<String>,
}

/// How the client authenticates at the token endpoint (OpenID Connect Core 1.0, section 9).
#[derive(Debug, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub(crate) enum ClientAuth {
    ClientSecretBasic { secret: String },
    ClientSecretPost { secret: String },
    PrivateKeyJwt { key: String, audience: Option<String> },
    None,
}

/// What makes the account at the provider the one of this login.
#[derive(Debug, Deserialize)]
pub(crate) struct Match {
    pub(crate) claim: String,
    pub(crate) pointer: String,
}

/// A signed request (RFC 9101).
#[derive(Debug, Deserialize)]
pub(crate) struct RequestObject {
    pub(crate) key: String,
}

fn openid() -> String {
    "openid".to_owned()
}

impl Settings {
    /// What the ID token's claim must equal, as the event says; none where it says nothing.
    pub(crate) fn expected(&self, cx: &Context) -> Result<Option<String>, Failure> {
        text(cx, &self.matching.pointer)
    }

    pub(crate) fn hint(&self, cx: &Context) -> Result<Option<String>, Failure> {
        self.login_hint.as_ref().map_or(Ok(None), |pointer| text(cx, pointer))
    }
}

/// A string or number of the event; an empty string says nothing.
fn text(cx: &Context, pointer: &str) -> Result<Option<String>, Failure> {
    match cx.event().get::<Value>(pointer)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(Failure::Other(format!("the event's `{pointer}` is neither a string nor a number"))),
    }
}
