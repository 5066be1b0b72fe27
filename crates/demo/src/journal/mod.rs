//! Every message that the demo's servers really received and sent, in the order in which they did.

mod answered;
mod message;
mod milestone;
mod record;
mod token;

pub(crate) use answered::{Answered, Sso, USERS};
pub(crate) use message::{Body, Draft, Message, Party};
pub(crate) use milestone::Milestone;
pub(crate) use record::{Flow, Journal, State, Visit};
pub(crate) use token::Token;
