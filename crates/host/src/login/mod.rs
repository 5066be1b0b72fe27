//! The path of a login, step by step as the resume protocol orders them.
//!
//! ```text
//! Logins::start | resume         logins.rs         equal calls share one (single_flight.rs)
//!   Start | Resume               start.rs, resume.rs   what is due: idempotency and session, or the protocol's ruling
//!     Attempt::run               attempt.rs        shared by both: one attempt at the login
//!       drive                    drive.rs          while a run is due: attach, run, keep, feed
//!       Attempt::commit          attempt.rs        one transaction; then the event and the answer
//! Logins::show                   logins.rs         the outcome again
//! Logins::check_state, return_to prompt_return.rs  the browser is back from its prompt; nothing runs, nothing is stored
//! ```

mod answer;
mod attempt;
mod drive;
mod event;
mod logins;
mod parts;
mod prompt_return;
mod request;
mod resume;
mod run_context;
mod run_observer;
mod single_flight;
mod start;

pub use answer::{AnswerOutcome, LoginAnswer};
pub use event::{cause, outcome};
pub use logins::Logins;
pub use postlude_crypto::seal::SealedReply;
pub use prompt_return::{ReturnRefused, ReturnedBrowser};
pub use request::{ContinueRequest, Event, IdempotencyKey, LoginRequest};
