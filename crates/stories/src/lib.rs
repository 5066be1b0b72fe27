//! Tests of plugins as a partner writes them: stories of logins, played through a host in memory.
//!
//! ```text
//! PluginPool               plugins, each compiled once for any number of workbenches
//! Workbench::open(..)      a real host in memory: clock, network, browsers, IdP and prompt sites are simulated
//!   .login(..)             a user logs in
//!   .prompt(..)            the prompt site answers, and the browser is back
//!   .wait(..)              time passes, without sleeping
//!   -> Answer              what the host answered, and every run that led to it
//! story::read(..)          a file of stories
//! play::Player             plays them, each in a workbench of its own
//! report::junit(..)        says what came of them
//! ```

pub mod event;
pub mod partner;
pub mod pattern;
pub mod play;
pub mod report;
pub mod story;
pub mod workbench;
