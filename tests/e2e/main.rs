//! End to end: a real server on a free port, real plugins, partners and browsers. One binary.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at what surprises them")]

mod compiling;
mod bypass;
mod config;
mod continue_url;
mod contract;
mod hostile;
mod http;
mod kill;
mod logins;
mod oidc_factor;
mod plugins;
mod plugins_readme;
mod reloads;
mod policy;
mod outside;
mod resume;
mod sessions;
mod story;
mod swaps;
mod tidy;
mod tokens;
mod watching;
