//! The log of a server: one line for each event, formatted once, on its way to standard error without holding a login up.
//!
//! `tracing-subscriber` has such a layer. Its lines cost a login several times what these do: for each event it reads the fields of
//! the spans back from text, and it writes them twice (ADR 51).

mod fields;
mod lines;
mod moment;
mod shares;
mod writer;

pub(crate) use fields::Shape;
pub(crate) use lines::Lines;
pub(crate) use writer::{Flush, LogWriter};
