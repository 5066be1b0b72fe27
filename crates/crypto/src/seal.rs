//! The sealed reply: what the browser brought back from a prompt, on its way through the IdP, which cannot read it.

use crate::labels;
use crate::prim::{self, RandomError};
use crate::root::{Derived, RootKeys};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use postlude_model::limits;
use postlude_model::names::TenantName;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What the browser brought to the continue URL.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedReply {
    /// The state, as the browser brought it: it is checked again after unsealing.
    pub state: String,
    /// `GET` or `POST`.
    pub method: String,
    /// The query, without `state`.
    pub query: Vec<(String, String)>,
    /// The form of a POST.
    pub form: Vec<(String, String)>,
}

impl fmt::Debug for SealedReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be codes and tokens.
        let Self { method, query, form, .. } = self;
        write!(f, "SealedReply({method}, {} of query, {} of form)", query.len(), form.len())
    }
}

/// Why a reply was not sealed or not unsealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The reply does not fit a URL.
    #[error("the sealed reply has {bytes} bytes, more than {}", limits::SEALED_REPLY_BYTES)]
    TooLarge {
        /// The length of the encoded reply, in bytes.
        bytes: usize,
    },
    /// The text does not have the form of a sealed reply.
    #[error("the reply is not one that postlude sealed")]
    Malformed,
    /// No present root key has sealed it.
    #[error("the reply was sealed with a root key that this host does not have")]
    UnknownKey,
    /// The sealed reply was changed, or is another tenant's.
    #[error("the sealed reply was changed, or belongs to another tenant")]
    NotAuthentic,
    /// There is no nonce.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A nonce of XChaCha20-Poly1305: 192 bits, so that random ones never repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealNonce([u8; 24]);

impl SealNonce {
    /// A nonce from the operating system's random numbers.
    ///
    /// # Errors
    /// When the operating system has none.
    pub fn random() -> Result<Self, RandomError> {
        prim::random().map(Self)
    }

    /// A nonce of these bytes. Never use the same bytes twice.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 24]) -> Self {
        Self(bytes)
    }
}

/// Seals and unseals the replies of one tenant: XChaCha20-Poly1305, bound to tenant, version and root key.
#[derive(Clone)]
pub struct Sealer {
    tenant: TenantName,
    key: Derived<Zeroizing<[u8; 32]>>,
}

impl Sealer {
    /// The sealer of this tenant.
    #[must_use]
    pub fn new(roots: Arc<RootKeys>, tenant: TenantName) -> Self {
        Self {
            key: Derived::new(&roots, labels::SEAL, &[tenant.as_str().as_bytes()], |key| Zeroizing::new(*key)),
            tenant,
        }
    }

    /// Seals a reply with a random nonce: `v1.<kid>.<base64url>`.
    ///
    /// # Errors
    /// `TooLarge` beyond [`limits::SEALED_REPLY_BYTES`]; `Random` without random numbers.
    pub fn seal(&self, reply: &SealedReply) -> Result<String, SealError> {
        self.seal_with(reply, SealNonce::random()?)
    }

    /// Seals a reply with this nonce.
    ///
    /// # Errors
    /// `TooLarge` beyond [`limits::SEALED_REPLY_BYTES`].
    pub fn seal_with(&self, reply: &SealedReply, nonce: SealNonce) -> Result<String, SealError> {
        let plain = serde_json::to_vec(reply).map_err(|_| SealError::Malformed)?;
        let kid = self.key.kid();
        let aad = self.aad(kid);
        let sealed = shut(self.key.current(), &nonce.0, &plain, &aad);
        let sealed = sealed.ok_or(SealError::TooLarge { bytes: plain.len() })?;
        let text = format!("v1.{kid}.{}", prim::encode([nonce.0.as_slice(), &sealed].concat()));
        within_limit(&text)?;
        Ok(text)
    }

    /// Opens a sealed reply.
    ///
    /// # Errors
    /// `TooLarge`, `Malformed`, `UnknownKey` or `NotAuthentic`.
    pub fn unseal(&self, text: &str) -> Result<SealedReply, SealError> {
        within_limit(text)?;
        let (kid, body) = prim::versioned(text).ok_or(SealError::Malformed)?;
        let bytes = prim::decode(body).ok_or(SealError::Malformed)?;
        let (nonce, sealed) = bytes.split_first_chunk::<24>().ok_or(SealError::Malformed)?;
        let key = self.key.by_kid(kid).ok_or(SealError::UnknownKey)?;
        let plain = open(key, nonce, sealed, &self.aad(kid)).ok_or(SealError::NotAuthentic)?;
        serde_json::from_slice(&plain).map_err(|_| SealError::Malformed)
    }

    fn aad(&self, kid: &str) -> Vec<u8> {
        prim::frame(&[b"v1", kid.as_bytes(), self.tenant.as_str().as_bytes()])
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({}, {})", self.tenant, self.key.kid())
    }
}

/// Encrypts; none where the text is too long for the cipher.
pub(crate) fn shut(key: &[u8; 32], nonce: &[u8; 24], plain: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
    XChaCha20Poly1305::new(key.into()).encrypt(&XNonce::from(*nonce), Payload { msg: plain, aad }).ok()
}

/// Decrypts; none where something was changed.
pub(crate) fn open(key: &[u8; 32], nonce: &[u8; 24], sealed: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
    XChaCha20Poly1305::new(key.into()).decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad }).ok()
}

const fn within_limit(text: &str) -> Result<(), SealError> {
    if text.len() > limits::SEALED_REPLY_BYTES {
        return Err(SealError::TooLarge { bytes: text.len() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::RootKey;
    use proptest::prelude::*;

    fn sealer(tenant: &str, current: u8, previous: &[u8]) -> Sealer {
        let key = |n| RootKey::from_bytes([n; 32]);
        let roots = RootKeys::new(key(current), previous.iter().map(|n| key(*n)).collect()).unwrap();
        Sealer::new(Arc::new(roots), TenantName::new(tenant).unwrap())
    }

    fn reply(value: &str) -> SealedReply {
        SealedReply {
            state: "v1.x".to_owned(),
            method: "POST".to_owned(),
            query: vec![("a".to_owned(), value.to_owned()), ("a".to_owned(), "é\"".to_owned())],
            form: vec![("token".to_owned(), "t".to_owned())],
        }
    }

    #[test]
    fn a_sealed_reply_has_this_text_under_a_fixed_root_key_and_nonce() {
        let sealed = sealer("acme", 1, &[]).seal_with(&reply("1"), SealNonce::from_bytes([5; 24])).unwrap();
        let golden = concat!(
            "v1.s-UGeOEv.BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFzDTD34CXyr8DLnAckclr_rtNZGlt1n0bUrYMGstkP06Tdy",
            "dSHhgRKetsp6jLfyyRGMFIRe7eRLn-joLfWXEtNixnbNlw4k6vNOP5Ov6MZCKwd8AAtqm-s_eLwn3EdeAez9KIGhf0rSw",
        );
        assert_eq!(sealed, golden);
    }

    #[test]
    fn a_reply_reads_back_and_no_two_seals_are_alike() {
        let sealer = sealer("acme", 1, &[]);
        let (a, b) = (sealer.seal(&reply("1")).unwrap(), sealer.seal(&reply("1")).unwrap());
        assert_ne!(a, b);
        assert_eq!(sealer.unseal(&a).unwrap(), reply("1"));
        assert_eq!(sealer.unseal(&b).unwrap(), reply("1"));
    }

    #[test]
    fn the_limit_holds_at_its_edge() {
        let sealer = sealer("acme", 1, &[]);
        let sizes = |n: usize| sealer.seal(&reply(&"x".repeat(n)));
        let largest = (4000..5000).rev().find(|n| sizes(*n).is_ok()).unwrap();
        let sealed = sizes(largest).unwrap();
        assert!(
            (limits::SEALED_REPLY_BYTES - 1..=limits::SEALED_REPLY_BYTES).contains(&sealed.len()),
            "{}",
            sealed.len()
        );
        assert!(sealer.unseal(&sealed).is_ok());
        assert!(matches!(sizes(largest + 1), Err(SealError::TooLarge { bytes }) if bytes > limits::SEALED_REPLY_BYTES));
        let longer = "A".repeat(limits::SEALED_REPLY_BYTES + 1);
        assert!(matches!(sealer.unseal(&longer), Err(SealError::TooLarge { .. })));
        assert_eq!(sealer.unseal(&longer[1..]), Err(SealError::Malformed));
    }

    #[test]
    fn another_tenant_cannot_unseal() {
        let sealed = sealer("acme", 1, &[]).seal(&reply("1")).unwrap();
        assert_eq!(sealer("other", 1, &[]).unseal(&sealed), Err(SealError::NotAuthentic));
    }

    #[test]
    fn a_previous_root_key_still_unseals_and_an_unknown_one_does_not() {
        let sealed = sealer("acme", 1, &[]).seal(&reply("1")).unwrap();
        assert_eq!(sealer("acme", 2, &[1]).unseal(&sealed).unwrap(), reply("1"));
        assert_eq!(sealer("acme", 2, &[]).unseal(&sealed), Err(SealError::UnknownKey));
    }

    #[test]
    fn what_is_no_sealed_reply_is_malformed() {
        let sealer = sealer("acme", 1, &[]);
        let sealed = sealer.seal(&reply("1")).unwrap();
        for bad in ["", "v1", "v1.aaaaaaaa.AA", &sealed.replacen("v1", "v2", 1), &format!("{sealed}=")] {
            assert_eq!(sealer.unseal(bad), Err(SealError::Malformed), "`{bad}`");
        }
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", reply("secret")), "SealedReply(POST, 2 of query, 1 of form)");
    }

    proptest! {
        #[test]
        fn a_changed_character_is_refused(at in 0_usize..400, to in "[A-Za-z0-9_.=-]") {
            let sealer = sealer("acme", 1, &[2]);
            let sealed = sealer.seal_with(&reply("1"), SealNonce::from_bytes([5; 24])).unwrap();
            let at = at % sealed.len();
            let changed = format!("{}{to}{}", &sealed[..at], &sealed[at + 1..]);
            prop_assert_eq!(sealer.unseal(&changed).is_ok(), changed == sealed);
        }
    }
}
