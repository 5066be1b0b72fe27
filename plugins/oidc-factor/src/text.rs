//! Random texts, and texts from elsewhere.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use postlude_sdk::Context;

/// Random bytes of a PKCE verifier (RFC 7636, section 4.1), a nonce and a token's identifier.
const RANDOM_BYTES: u32 = 32;

/// A text of somebody else's, fit for a log.
pub(crate) fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn random(cx: &Context) -> String {
    base64url(cx.random().bytes(RANDOM_BYTES))
}
