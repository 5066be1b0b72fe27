//! The operator's calls below `/v1/admin`.

pub(crate) mod bypass;
