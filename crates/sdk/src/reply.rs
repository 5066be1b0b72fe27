//! What the browser brought back from the prompt.

use crate::backend::Backend;
use crate::error::TokenError;
use crate::records::Pairs;
use crate::text::from_text;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The interface `reply`; empty in `on_login`.
#[derive(Clone, Copy)]
pub struct Reply<'a> {
    pub(crate) host: &'a Backend,
}

/// The claims of a result token that the host verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultToken {
    claims: Map<String, Value>,
}

/// What the prompt site says of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The user completed the factor.
    Ok,
    /// The user, or the partner, refused.
    Refused,
    /// The partner could not tell.
    Error,
}

impl ResultToken {
    /// All claims.
    #[must_use]
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// A claim that is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// The claim `verdict`; none where it is absent or no verdict.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        match self.text("verdict")? {
            "ok" => Some(Verdict::Ok),
            "refused" => Some(Verdict::Refused),
            "error" => Some(Verdict::Error),
            _ => None,
        }
    }

    /// The token's identifier (RFC 7519, section 4.1.7).
    #[must_use]
    pub fn jti(&self) -> Option<&str> {
        self.text("jti")
    }
}

impl Reply<'_> {
    /// `GET` or `POST`.
    #[must_use]
    pub fn method(&self) -> String {
        self.host.reply_method()
    }

    /// The query of the request to the continue URL, without `state`.
    #[must_use]
    pub fn query(&self) -> Pairs {
        self.host.reply_query()
    }

    /// The form of a POST; else empty.
    #[must_use]
    pub fn form(&self) -> Pairs {
        self.host.reply_form()
    }

    /// The first value of a parameter; one of the form wins over one of the query.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let first = |pairs: Pairs| pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value);
        first(self.form()).or_else(|| first(self.query()))
    }

    /// The result token, which the host verified before this run as the manifest's `result` says.
    ///
    /// # Errors
    /// When there is none, or it does not verify.
    pub fn token(&self) -> Result<ResultToken, TokenError> {
        Ok(ResultToken { claims: from_text(&self.host.reply_token()?).map_err(TokenError::Other)? })
    }

    /// What this action put aside when it sent the browser away; none also where it has not the shape of `T`.
    #[must_use]
    pub fn stash<T: DeserializeOwned>(&self) -> Option<T> {
        from_text(&self.host.reply_stash()?).ok()
    }
}
