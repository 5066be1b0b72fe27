//! Every message that the demo's servers really received and sent, in the order in which they did.

mod answered;
mod logins;
mod message;
mod milestone;
mod record;
mod token;
mod told;
mod visit;

pub(crate) use answered::{Answered, Sso, USERS};
pub use logins::EndedLogin;
pub(crate) use message::{Body, Draft, Message, Party};
pub(crate) use milestone::Milestone;
pub(crate) use record::{Flow, Journal, State};
pub(crate) use token::Token;
pub(crate) use visit::Visit;
