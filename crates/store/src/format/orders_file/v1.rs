//! Version 1 of the file of orders. Frozen: it is never changed, only followed by another version.

use crate::format::common::v1::Digest;
use serde::{Deserialize, Serialize};

/// The orders of all tenants.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OrdersFile<'a> {
    #[serde(borrow)]
    pub(crate) tenants: Vec<TenantOrders<'a>>,
}

/// The orders of a tenant: a record of orders without its tag, and the kills that were lifted, with the version that did it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TenantOrders<'a> {
    pub(crate) tenant: &'a str,
    #[serde(borrow)]
    pub(crate) record: std::borrow::Cow<'a, [u8]>,
    pub(crate) lifts: Vec<(Digest, u64)>,
}
