//! End to end: a real server on a free port, real plugins, partners and browsers. One binary.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at what surprises them")]

mod admin;
mod bypass;
mod clock;
mod compiling;
mod config;
mod continue_url;
mod contract;
mod disk;
mod embed;
mod foreign_data;
mod frozen;
mod hostile;
mod http;
mod incidents;
mod kill;
mod logins;
mod network;
mod observability;
mod oidc_factor;
mod openapi;
mod plugin_resources;
mod plugins;
mod plugins_readme;
mod policy;
mod recordings;
mod reloads;
mod resume;
mod root_keys;
mod sessions;
mod soak;
mod story;
mod swaps;
mod tokens;
mod traces;
mod watching;
