//! The authentication of stored records; its cryptography is another crate's.

use std::fmt;

/// Authenticates stored records, by the root key in use and those before it that are still honoured.
pub trait RecordMac: Send + Sync + fmt::Debug {
    /// The tag of some bytes, by the key in use.
    fn tag(&self, bytes: &[u8]) -> [u8; 16];

    /// Whether it is the tag of these bytes by one of the keys, in constant time.
    fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool;

    /// Which key made the tag of these bytes: 0 is the one in use, 1 the first before it, and so on.
    fn made_by(&self, bytes: &[u8], tag: &[u8; 16]) -> Option<usize> {
        self.verify(bytes, tag).then_some(0)
    }

    /// The public names of the keys, as [`Self::made_by`] counts them.
    fn key_names(&self) -> Vec<String> {
        vec!["current".to_owned()]
    }
}
