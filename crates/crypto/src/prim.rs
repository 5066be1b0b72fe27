//! The few primitives under everything else, in forms that cannot fail: HMAC, one-block HKDF, framing, strict base64url.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct RandomError;

/// The SHA-256 digest of some bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(bytes)
}

/// HMAC-SHA256 (RFC 2104) with a key of any length.
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // A key is padded to the block by hand, because the constructor for a whole block cannot fail.
    let mut block = Zeroizing::new([0_u8; 64]);
    let hashed;
    let short = if key.len() > block.len() {
        hashed = Zeroizing::new(sha256(key));
        hashed.as_slice()
    } else {
        key
    };
    block.iter_mut().zip(short).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new(&(*block).into());
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// A key of HMAC-SHA256 that is ready: the two blocks that the key pads to are hashed once.
#[derive(Clone)]
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let mut block = Zeroizing::new([0_u8; 64]);
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        Self(Hmac::new(&(*block).into()))
    }

    /// The MAC of a message.
    pub(crate) fn mac(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    /// The MAC of parts, each with its length before it: that of [`frame`].
    pub(crate) fn of_parts(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&length(part));
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// HKDF-SHA256 without a salt (RFC 5869): extract, and expand to one block (section 2.3 with N = 1).
pub(crate) fn hkdf(secret: &[u8], info: &[u8]) -> [u8; 32] {
    let extracted = Zeroizing::new(hmac(&[0; 32], secret));
    hmac(extracted.as_slice(), &[info, &[1]].concat())
}

/// Parts in one text that reads back in one way only: each with its length before it, 32 bits big-endian.
pub(crate) fn frame(parts: &[&[u8]]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        framed.extend_from_slice(&length(part));
        framed.extend_from_slice(part);
    }
    framed
}

/// A part of 4 GiB cannot occur: callers pass names, counters and texts below their limits.
fn length(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// Takes one part of a framed text.
pub(crate) fn unframe(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Strict: no padding, no white space, no unused bits, so that bytes have one text only.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Equality in a time that depends on the lengths only.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Splits `v1.<kid>.<body>`.
pub(crate) fn versioned(text: &str) -> Option<(&str, &str)> {
    let (kid, body) = text.strip_prefix("v1.")?.split_once('.')?;
    (kid.len() == 8 && !body.is_empty()).then_some((kid, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn hkdf_gives_the_vector_of_rfc_5869_appendix_a3() {
        let okm = hkdf(&[0x0b; 22], b"");
        assert_eq!(okm.as_slice(), hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"));
    }

    #[test]
    fn hmac_gives_the_vectors_of_rfc_4231() {
        let short = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(short.as_slice(), hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
        let long = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(long.as_slice(), hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
    }

    #[test]
    fn base64url_is_strict() {
        for bad in ["AA==", "AB", "A", "AA\n", "+/8", "AA A"] {
            assert_eq!(decode(bad), None, "`{bad}`");
        }
        assert_eq!(decode("-_8").unwrap(), [0xfb, 0xff]);
    }

    proptest! {
        #[test]
        fn hkdf_is_the_reference(secret: Vec<u8>, info: Vec<u8>) {
            let mut okm = [0; 32];
            hkdf::Hkdf::<Sha256>::new(None, &secret).expand(&info, &mut okm).unwrap();
            prop_assert_eq!(hkdf(&secret, &info), okm);
        }

        #[test]
        fn frames_read_back_and_are_never_confused(a: Vec<Vec<u8>>, b: Vec<Vec<u8>>) {
            let framed = |parts: &[Vec<u8>]| frame(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(framed(&a) == framed(&b), a == b);
            let (bytes, mut read) = (framed(&a), Vec::new());
            let mut rest = bytes.as_slice();
            while let Some((part, after)) = unframe(rest) {
                read.push(part.to_vec());
                rest = after;
            }
            prop_assert!(rest.is_empty());
            prop_assert_eq!(read, a);
        }
    }
}
