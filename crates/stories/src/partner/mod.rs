//! A partner as it is simulated: the keys of a prompt site, what it checks of a request token, and the results that it signs,
//! right and wrong ones.

mod keys;
mod request;
mod result;
mod token;

pub use keys::{Alg, PartnerKey, TokenProfile};
pub use request::{AskingTenant, PromptRefused, PromptRequest};
pub use result::{PromptAnswer, PromptKind, ResultContext, ReturnMethod};
