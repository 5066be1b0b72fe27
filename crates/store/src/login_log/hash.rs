//! The hashes by which indexes find logins and users: stored, and equally distributed whatever names are chosen.

use sha2::{Digest, Sha256};

/// The first 64 bits of the SHA-256 of a key.
pub(crate) fn hash(key: &[u8]) -> u64 {
    Sha256::digest(key).first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// The hash by which a user's logins are found. Those of one tenant have the same upper 24 bits, and stand together.
pub(crate) fn user_hash(tenant: &[u8], user: &[u8]) -> u64 {
    let (first, _) = tenant_hashes(tenant);
    first | hash(user) >> TENANT_BITS
}

/// The first and the last hash of a tenant's users.
pub(crate) fn tenant_hashes(tenant: &[u8]) -> (u64, u64) {
    let upper = u64::MAX << (64 - TENANT_BITS);
    let first = hash(tenant) & upper;
    (first, first | !upper)
}

const TENANT_BITS: u32 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_of_a_tenant_stand_together() {
        let (first, last) = tenant_hashes(b"acme");
        let users: std::collections::BTreeSet<_> = (0..100_u8).map(|user| user_hash(b"acme", &[user])).collect();
        assert!(users.len() == 100 && users.iter().all(|hash| (first..=last).contains(hash)));
        assert!(!(first..=last).contains(&user_hash(b"acme2", &[1])));
        assert_eq!(hash(b"a"), 0xca97_8112_ca1b_bdca, "it is stored, and stays what it is");
    }
}
