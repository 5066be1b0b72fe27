//! Postlude's domain, pure: no I/O, no async, no clock. Time is an argument and JSON values are opaque canonical text.

pub mod action;
pub mod claims;
pub mod decision;
pub mod factor;
pub mod handle;
pub mod json;
pub mod limits;
pub mod login;
pub mod manifest;
pub mod names;
pub mod orders;
pub mod pipeline;
pub mod run;
pub mod session;
pub mod token;
