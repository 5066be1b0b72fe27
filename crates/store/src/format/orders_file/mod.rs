//! The file of orders beside the high-water file: a mark, a version, the orders in postcard, a MAC (16 bytes) and a CRC-32 (4 bytes, little
//! endian) of all before them. The MAC says that this host wrote it, the CRC that it is whole: orders that are whole hold even where
//! no root key explains them, since orders can only forbid.

mod v1;

use super::common::v1::Digest as StoredDigest;
use super::stored::{DecodeError, Stored, append, parse};
use crate::api::{RecordMac, StoreError};
use postlude_model::names::{Digest, TenantName};
use postlude_model::policy::orders::Orders;
use std::borrow::Cow;
use std::collections::BTreeMap;

const MARK: &[u8; 8] = b"PLORDERS";
const VERSION: u8 = 1;
/// The name of what the file holds, for messages.
const NAME: &str = "file of orders";

/// The orders of a tenant as the file has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct KeptOrders {
    pub(crate) orders: Orders,
    /// Kills that were lifted, and the version of the orders that did it, oldest first.
    pub(crate) lifts: Vec<(Digest, u64)>,
}

/// What a file says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub(crate) tenants: BTreeMap<TenantName, KeptOrders>,
    /// Whether one of this host's root keys made it.
    pub(crate) ours: bool,
}

/// The bytes of the file.
///
/// # Errors
/// When the format cannot express the orders.
pub(crate) fn encode(tenants: &BTreeMap<TenantName, KeptOrders>, mac: &dyn RecordMac) -> Result<Vec<u8>, StoreError> {
    let failed = |why: postcard::Error| StoreError::Encoding(NAME, why.to_string());
    let mut all = Vec::new();
    for (tenant, kept) in tenants {
        let record = kept.orders.write(vec![Orders::VERSION]).map_err(failed)?;
        let lifts = kept.lifts.iter().map(|(digest, version)| (StoredDigest(*digest), *version)).collect();
        all.push(v1::TenantOrders { tenant: tenant.as_str(), record: Cow::Owned(record), lifts });
    }
    let mut bytes = MARK.to_vec();
    bytes.push(VERSION);
    let mut bytes = append(&v1::OrdersFile { tenants: all }, bytes).map_err(failed)?;
    let tag = mac.tag(&bytes);
    bytes.extend_from_slice(&tag);
    let crc = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    Ok(bytes)
}

/// What a file says; none where it is damaged.
///
/// # Errors
/// When a newer version of this program wrote it.
pub(crate) fn decode(bytes: &[u8], mac: &dyn RecordMac) -> Result<Option<Parsed>, StoreError> {
    let Some((body, tag)) = whole(bytes) else { return Ok(None) };
    let Some((version, value)) = body.strip_prefix(MARK).and_then(<[u8]>::split_first) else { return Ok(None) };
    if *version > VERSION {
        return Err(StoreError::Newer(NAME));
    }
    match tenants(value) {
        Ok(tenants) => Ok(Some(Parsed { tenants, ours: mac.verify(body, tag) })),
        Err(DecodeError::Version(_)) => Err(StoreError::Newer(NAME)),
        Err(_) => Ok(None),
    }
}

/// The body and the MAC, where the CRC fits.
fn whole(bytes: &[u8]) -> Option<(&[u8], &[u8; 16])> {
    let (checked, crc) = bytes.split_last_chunk::<4>()?;
    (crc32fast::hash(checked) == u32::from_le_bytes(*crc)).then_some(())?;
    checked.split_last_chunk::<16>()
}

fn tenants(value: &[u8]) -> Result<BTreeMap<TenantName, KeptOrders>, DecodeError> {
    let file: v1::OrdersFile<'_> = parse(value)?;
    let kept = |tenant: v1::TenantOrders<'_>| {
        let (version, body) = tenant.record.split_first().ok_or(DecodeError::Version(0))?;
        let orders = Orders::read(*version, body)?;
        let lifts = tenant.lifts.into_iter().map(|(digest, version)| (digest.0, version)).collect();
        Ok((TenantName::new(tenant.tenant)?, KeptOrders { orders, lifts }))
    };
    file.tenants.into_iter().map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::records::{orders, tenant};
    use sha2::{Digest as _, Sha256};

    #[derive(Debug)]
    struct Mac(u8);

    impl RecordMac for Mac {
        fn tag(&self, bytes: &[u8]) -> [u8; 16] {
            *Sha256::digest([&[self.0], bytes].concat()).first_chunk().unwrap()
        }
        fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool {
            self.tag(bytes) == *tag
        }
    }

    fn all() -> BTreeMap<TenantName, KeptOrders> {
        let lifts = vec![(Digest::from_bytes([9; 32]), 3)];
        BTreeMap::from([(tenant(), KeptOrders { orders: Orders { version: 4, ..orders() }, lifts })])
    }

    #[test]
    fn what_is_written_is_read_and_no_damage_passes() {
        let bytes = encode(&all(), &Mac(1)).unwrap();
        assert_eq!(decode(&bytes, &Mac(1)), Ok(Some(Parsed { tenants: all(), ours: true })));
        assert_eq!(decode(&bytes, &Mac(2)), Ok(Some(Parsed { tenants: all(), ours: false })));
        for bit in 0..bytes.len() * 8 {
            let mut bent = bytes.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&bent, &Mac(1)), Ok(None), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length], &Mac(1)), Ok(None), "{length} bytes");
        }
    }

    #[test]
    fn a_newer_file_says_so() {
        let mut bytes = encode(&all(), &Mac(1)).unwrap();
        bytes[8] = VERSION + 1;
        let end = bytes.len() - 4;
        let crc = crc32fast::hash(&bytes[..end]).to_le_bytes();
        bytes[end..].copy_from_slice(&crc);
        assert_eq!(decode(&bytes, &Mac(1)), Err(StoreError::Newer(NAME)));
    }

    /// The bytes of version 1, with orders of version 2 in them, which say so themselves. When this fails, a stored type changed: give it
    /// a new version and a reader for the old one.
    #[test]
    fn bytes_of_version_1() {
        let kept = KeptOrders { orders: Orders { version: 2, ..Orders::default() }, lifts: Vec::new() };
        let bytes = encode(&BTreeMap::from([(tenant(), kept)]), &Mac(1)).unwrap();
        let body = b"PLORDERS\x01\x01\x04acme\x04\x02\x02\x00\x00\x00";
        assert_eq!(&bytes[..body.len()], body);
        assert_eq!(bytes.len(), body.len() + 16 + 4);
    }
}
