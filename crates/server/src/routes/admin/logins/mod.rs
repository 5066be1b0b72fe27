//! `/v1/admin/logins`.

pub(crate) mod detail;
pub(crate) mod list;
pub(crate) mod recording;
