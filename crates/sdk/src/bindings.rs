//! The contract's bindings for the guest's side, as `scripts/bindings.sh` generates them from `wit/0.1`. They are checked in, because the
//! macro that would make them here takes most of a plugin's first build.
#![expect(unsafe_code, reason = "generated code")]

include!("../bindings/post_login.rs");

/// What an export answers.
pub type Answer = Result<postlude::action::decisions::Decision, postlude::action::decisions::Failure>;
