//! Stored types that several kinds of records contain. A change of one is a new version of every kind that contains it.

pub(crate) mod v1;
pub(crate) mod v2;
