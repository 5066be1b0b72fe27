//! One subcommand, one file.

pub(crate) mod answer_prompt;
pub(crate) mod auth0;
pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod compile_worker;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod dev;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod keys;
pub(crate) mod man;
pub(crate) mod new;
pub(crate) mod profile;
pub(crate) mod prompt_site;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod store;
pub(crate) mod test;
pub(crate) mod uploads;
pub(crate) mod verify;
pub(crate) mod watch;
