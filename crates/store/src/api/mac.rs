//! The authentication of stored records; its cryptography is another crate's.

use std::fmt;

/// Authenticates stored records.
pub trait RecordMac: Send + Sync + fmt::Debug {
    /// The tag of some bytes.
    fn tag(&self, bytes: &[u8]) -> [u8; 16];
    /// Whether it is the tag of these bytes, in constant time.
    fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool;
}
