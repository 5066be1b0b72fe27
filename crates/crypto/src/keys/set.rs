//! Other people's public keys (RFC 7517, section 5) and tokens that they signed.

use crate::token::Algorithm;
use crate::token::jwks::{PRIVATE, PartnerKey, fits, kid, public, usable};
use crate::token::jws::Jws;
use postlude_model::json::{Json, parse_value};
use postlude_model::keys::KeyError;
use postlude_model::limits::OWN_TOKEN_BYTES;
use postlude_model::token::TokenError;
use serde_json::Value;
use std::fmt;

/// Keys in a set at most: large providers publish a dozen.
pub const MOST_KEYS: usize = 64;

/// Header parameters that would say how to verify a token, or change what is signed (RFC 7515, section 4.1; RFC 7797;
/// RFC 7516): with one of them a token is refused. Others are ignored (RFC 7515, section 4).
const REFUSED: [&str; 8] = ["b64", "crit", "enc", "jku", "jwk", "x5c", "x5u", "zip"];

/// Why a text is no usable set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetProblem {
    /// Not JSON, a member twice, or no array `keys`.
    #[error("the JWK set cannot be read (RFC 7517, section 5): {0}")]
    Unreadable(String),
    /// More keys than anyone needs.
    #[error("the JWK set has {0} keys, more than {MOST_KEYS}")]
    TooMany(usize),
    /// The set holds what only its owner may have.
    #[error("the JWK set holds private key material in `{0}`")]
    Private(&'static str),
    /// No key for the algorithm.
    #[error("the JWK set has no usable key for {0}")]
    NoKeyFor(Algorithm),
    /// Two keys for the algorithm have the same `kid`.
    #[error("the JWK set has `kid` `{0}` twice")]
    KidTwice(String),
}

/// The public keys of one algorithm.
pub struct KeySet(pub(super) Vec<(Option<String>, PartnerKey)>);

/// Why a set did not verify a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unverified {
    /// No key of the set has its `kid`: a newer set may.
    UnknownKey,
    /// A check failed.
    Invalid(String),
}

impl From<Unverified> for KeyError {
    fn from(why: Unverified) -> Self {
        Self::Invalid(match why {
            Unverified::UnknownKey => "`kid` names none of the keys".to_owned(),
            Unverified::Invalid(why) => why,
        })
    }
}

/// A token that was read and has the algorithm of its key. Nothing in it is believed.
pub struct Token<'t>(Jws<'t>);

impl<'t> Token<'t> {
    /// Reads a token strictly.
    ///
    /// # Errors
    /// When it is no compact JWS of that algorithm, or its header asks for another way to verify.
    pub fn read(alg: Algorithm, text: &'t str) -> Result<Self, KeyError> {
        let ignored = |name: &str| !REFUSED.contains(&name);
        let jws = Jws::read_with(text, OWN_TOKEN_BYTES, ignored).map_err(key_error)?;
        if jws.alg == alg.as_str() { Ok(Self(jws)) } else { Err(KeyError::Invalid(format!("`alg` is not {alg}"))) }
    }

    pub(super) const fn signed(&self) -> &[u8] {
        self.0.signed
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.0.signature
    }

    /// The claims; only after the signature has been checked.
    pub(super) fn claims(&self) -> Result<Json, KeyError> {
        Ok(Json::from_value(&Value::Object(self.0.claims().map_err(key_error)?)))
    }
}

fn key_error(why: TokenError) -> KeyError {
    match why {
        TokenError::Invalid(check) => KeyError::Invalid(check),
        other => KeyError::Other(other.to_string()),
    }
}

impl KeySet {
    /// Reads the keys for one algorithm. Keys for something else, and keys that cannot be read, are skipped (RFC 7517,
    /// section 5).
    ///
    /// # Errors
    /// When the text is no set of public keys, or has none for the algorithm.
    pub fn parse(text: &str, alg: Algorithm) -> Result<Self, SetProblem> {
        let set = parse_value(text.as_bytes()).map_err(|why| SetProblem::Unreadable(why.to_string()))?;
        let keys = set.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or_else(|| SetProblem::Unreadable("it is not `{\"keys\": [..]}`".to_owned()))?;
        if keys.len() > MOST_KEYS {
            return Err(SetProblem::TooMany(keys.len()));
        }
        let mut read: Vec<(Option<String>, PartnerKey)> = Vec::new();
        for key in keys.iter().filter_map(Value::as_object) {
            if let Some(member) = PRIVATE.into_iter().find(|member| key.contains_key(*member)) {
                return Err(SetProblem::Private(member));
            }
            if !fits(key, alg) || usable(key, alg).is_some() {
                continue;
            }
            let (Ok(kid), Ok(public)) = (kid(key), public(key, alg)) else { continue };
            if let Some(kid) = kid.as_ref().filter(|kid| read.iter().any(|(known, _)| known.as_ref() == Some(kid))) {
                return Err(SetProblem::KidTwice(kid.clone()));
            }
            read.push((kid, public));
        }
        if read.is_empty() { Err(SetProblem::NoKeyFor(alg)) } else { Ok(Self(read)) }
    }

    /// The claims of a token, once its signature verifies by the key that its `kid` names, or by the only one.
    ///
    /// # Errors
    /// `UnknownKey` where another set may have the key; else the check that failed.
    pub fn verify(&self, token: &Token<'_>) -> Result<Json, Unverified> {
        let invalid = |why: &str| Unverified::Invalid(why.to_owned());
        let key = match (self.0.as_slice(), &token.0.kid) {
            ([(_, only)], None) => only,
            (_, None) => return Err(invalid("`kid` is missing, and there are several keys")),
            (keys, kid) => {
                let named = keys.iter().find(|(name, _)| name == kid);
                &named.ok_or(Unverified::UnknownKey)?.1
            }
        };
        if !key.verifies(token.signed(), token.signature()) {
            return Err(invalid("its signature is wrong"));
        }
        token.claims().map_err(|why| Unverified::Invalid(why.to_string()))
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(kid, _)| kid)).finish()
    }
}
