//! Tests of plugins as a partner writes them: stories of logins, played through a host in memory.
//!
//! ```text
//! PluginPool               plugins, each compiled once for any number of workbenches
//! Workbench::builder()     a real host in memory: clock, network, browsers, IdP and prompt site are simulated
//!   .login(..)             a user logs in
//!   .prompt(..)            the prompt site answers, and the browser is back
//!   .wait(..)              time passes, without sleeping
//!   -> Answer              what the host answered, and every run that led to it
//! ```

pub mod event;
pub mod partner;
pub mod pattern;
pub mod workbench;
