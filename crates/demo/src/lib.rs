//! Postlude's story in one process, over real HTTP: an IdP, a partner's prompt site, browsers, a hostile plugin, and a page that shows
//! every message. `postlude demo` starts it; `postlude dev` has the same around a partner's own plugin.

mod browser;
mod config;
mod demo;
mod dev;
mod gateway;
mod journal;
mod jwt;
mod names;
mod partner_keys;
mod pipeline;
pub mod plugins;
mod resolver;
mod site;
mod stack;
mod stage;
mod story;
mod time;

pub use demo::{Demo, DemoOptions};
pub use dev::{Dev, DevPlugin, RunLine};
pub use journal::EndedLogin;
pub use stack::{PORT, Sockets};
pub use story::Step;
