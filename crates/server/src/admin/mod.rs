//! What operators do and readers look at, below `/v1/admin`.

pub(crate) mod bypass;
pub(crate) mod login_view;
pub(crate) mod tail;
