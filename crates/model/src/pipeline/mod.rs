//! The pipeline of one login as a state machine without I/O: `next_run` says which run is due, `feed` takes its report.
//!
//! The pipeline never waits. A login paused for a redirect is this state, stored as its [`LoginRecord`](crate::login::LoginRecord).
//!
//! [`Login`] holds one working copy, the draft, and each file below is one rule over it:
//!
//! ```text
//! login.rs                 which run is due, and whose report is folded
//!   turn.rs                an action that does not run, and what its group makes of a refusal
//!   apply_orders.rs        an operator's orders, which beat all else
//!   decide.rs              what a decision or a failure does
//!     fold.rs              which effects survive which decision
//!     prompt.rs            what a redirect comes to; redirect.rs checks and completes its URL, own_result.rs for one profile
//!   report_only.rs         the same questions, asked for an action that changes nothing
//!   record_use.rs          a login counts as a use of earlier logins' records
//! login_draft.rs, session_draft.rs    the working copies
//! resume.rs                whether a suspended login may resume
//! ```

mod apply_orders;
mod context;
mod decide;
mod finished;
mod fold;
mod idp_requests;
mod login;
mod login_draft;
mod own_result;
mod prompt;
mod record_use;
mod redirect;
mod reply;
mod report_only;
mod resume;
mod run_failure;
mod run_input;
mod session_draft;
mod trace_details;
mod turn;

pub use context::PipelineContext;
pub use finished::{Finished, Overload};
pub use idp_requests::idp_requests;
pub use login::Login;
pub use reply::BrowserReply;
pub use resume::{Presented, Ruling, ended, rule, session_ended};
