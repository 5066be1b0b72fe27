//! One subcommand, one file.

pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod explain;
pub(crate) mod keys;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod watch;
