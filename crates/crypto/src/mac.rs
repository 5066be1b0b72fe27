//! The MAC of stored records and files, and digests of files.

use crate::labels;
use crate::prim::MacKey;
use crate::root::{Derived, RootKeys};
use postlude_model::names::Digest;
use std::fmt;
use std::sync::Arc;

pub use crate::prim::sha256;

/// Authenticates what was stored: only a host with the root key can have written it.
#[derive(Clone)]
pub struct RecordMac(Derived<MacKey>);

impl RecordMac {
    /// The MAC of the store's records.
    #[must_use]
    pub fn new(roots: Arc<RootKeys>) -> Self {
        Self::labelled(&roots, "store")
    }

    /// The MAC of another kind of record, such as compiled code; a tag of one kind is none of another.
    #[must_use]
    pub fn labelled(roots: &RootKeys, label: &str) -> Self {
        Self(Derived::new(roots, labels::RECORD, &[label.as_bytes()], MacKey::new))
    }

    /// The tag, by the current root key: HMAC-SHA256 truncated to 128 bits (RFC 2104, section 5).
    #[must_use]
    pub fn tag(&self, bytes: &[u8]) -> [u8; 16] {
        truncated(self.0.current(), bytes)
    }

    /// Whether the tag is the one of these bytes by the current or a previous root key, in constant time.
    #[must_use]
    pub fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool {
        self.made_by(bytes, tag).is_some()
    }

    /// Which root key made the tag of these bytes: 0 is the current one, 1 the first of the previous ones, and so on. The time
    /// depends on the number of keys only.
    #[must_use]
    pub fn made_by(&self, bytes: &[u8], tag: &[u8; 16]) -> Option<usize> {
        self.0.which(|key| truncated(key, bytes).to_vec(), tag)
    }

    /// The public names of the root keys, as [`Self::made_by`] counts them.
    #[must_use]
    pub fn kids(&self) -> Vec<String> {
        self.0.kids()
    }
}

impl fmt::Debug for RecordMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordMac({})", self.0.kid())
    }
}

fn truncated(key: &MacKey, bytes: &[u8]) -> [u8; 16] {
    key.mac(bytes).first_chunk().copied().unwrap_or_default()
}

/// The digest of a file's bytes.
#[must_use]
pub fn digest(bytes: &[u8]) -> Digest {
    Digest::from_bytes(sha256(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::RootKey;

    fn mac(current: u8, previous: &[u8]) -> RecordMac {
        let key = |n| RootKey::from_bytes([n; 32]);
        RecordMac::new(Arc::new(RootKeys::new(key(current), previous.iter().map(|n| key(*n)).collect()).unwrap()))
    }

    /// O09.
    #[test]
    fn a_changed_record_or_tag_is_refused() {
        let mac = mac(1, &[]);
        let tag = mac.tag(b"record");
        assert!(mac.verify(b"record", &tag));
        assert!(!mac.verify(b"Record", &tag));
        for at in 0..16 {
            let mut bad = tag;
            bad[at] ^= 1;
            assert!(!mac.verify(b"record", &bad));
        }
        assert!(!mac.verify(b"record", &[0; 16]));
    }

    #[test]
    fn a_previous_root_key_still_verifies_and_an_unknown_one_does_not() {
        let tag = mac(1, &[]).tag(b"record");
        assert!(mac(2, &[1]).verify(b"record", &tag));
        assert_eq!(mac(3, &[2, 1]).made_by(b"record", &tag), Some(2));
        assert_eq!(mac(1, &[2]).made_by(b"record", &tag), Some(0));
        assert_eq!(mac(3, &[2, 1]).kids()[2], mac(1, &[]).kids()[0]);
        assert!(!mac(2, &[]).verify(b"record", &tag));
        assert_ne!(mac(2, &[1]).tag(b"record"), tag);
    }

    #[test]
    fn labels_do_not_share_tags() {
        let roots = RootKeys::only(RootKey::from_bytes([1; 32]));
        let (a, b) = (RecordMac::labelled(&roots, "code"), RecordMac::labelled(&roots, "store"));
        assert!(!b.verify(b"x", &a.tag(b"x")));
        assert!(b.verify(b"x", &mac(1, &[]).tag(b"x")));
    }

    #[test]
    fn a_digest_is_sha256() {
        assert!(digest(b"abc").to_string().starts_with("sha256:ba7816bf8f01cfea"));
    }
}
