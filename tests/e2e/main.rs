//! End to end: a real server on a free port, real plugins, partners and browsers. One binary.

mod config;
mod continue_url;
mod hostile;
mod http;
mod kill;
mod logins;
mod resume;
mod sessions;
mod story;
mod tokens;
