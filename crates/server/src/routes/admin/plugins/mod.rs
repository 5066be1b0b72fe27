//! `/v1/admin/plugins`.

pub(crate) mod list;
pub(crate) mod revoke_factors;
pub(crate) mod upload;
mod view;
