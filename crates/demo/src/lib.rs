//! Postlude's story in one process, over real HTTP: an IdP, a partner's prompt site, browsers, a hostile plugin, and a page that shows
//! every message. `postlude demo` starts it.

mod browser;
mod config;
mod demo;
mod gateway;
mod journal;
mod jwt;
mod names;
mod partner_keys;
mod plugins;
mod resolver;
mod site;
mod stage;
mod story;
mod time;

pub use demo::{Demo, DemoOptions, PORT};
pub use story::Step;
