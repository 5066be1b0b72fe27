//! The handlers, each a few lines: authenticate, read, call the host, answer. A handler's file is found from its URL.

pub(crate) mod admin;
pub(crate) mod health;
pub(crate) mod issuer;
pub(crate) mod logins;
pub(crate) mod metrics;
pub(crate) mod openapi;
pub(crate) mod sessions;
