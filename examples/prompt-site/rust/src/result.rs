//! The result token: what the browser takes back to Postlude.

use crate::{PromptKit, Request};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD as B64, Engine as _};
use jsonwebtoken::Header;
use serde_json::json;

const RESULT_TYP: &str = "prompt-result+jwt";
/// Seconds that a result lives: it is used at once.
const LIFE: u64 = 5 * 60;

/// What came of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The person proved to be the user.
    Ok,
    /// The person refused, or is not the user.
    Refused,
    /// The site could not find out.
    Error,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Error => "error",
        }
    }
}

/// Why a result cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The system has no random numbers.
    #[error("no random numbers: {0}")]
    Random(getrandom::Error),
    /// Signing failed.
    #[error("the result cannot be signed: {0}")]
    Signing(jsonwebtoken::errors::Error),
}

pub(crate) fn random() -> Result<String, SignError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(SignError::Random)?;
    Ok(B64.encode(bytes))
}

pub(crate) fn sign(
    kit: &PromptKit,
    request: &Request,
    verdict: Verdict,
    jti: &str,
    now: u64,
) -> Result<String, SignError> {
    let mut claims = json!({
        "iss": kit.site, "sub": request.sub, "aud": request.action, "iat": now, "exp": now.saturating_add(LIFE),
        "jti": jti, "state": request.state, "verdict": verdict.as_str(),
    });
    if let (Some(factor), Some(claims)) = (&request.factor, claims.as_object_mut()) {
        claims.insert("factor".to_owned(), factor.as_str().into());
    }
    let mut header = Header::new(kit.alg);
    header.typ = Some(RESULT_TYP.to_owned());
    header.kid.clone_from(&kit.kid);
    jsonwebtoken::encode(&header, &claims, &kit.result_key).map_err(SignError::Signing)
}
