//! Write a Postlude plugin in Rust: implement [`Action`], name it in [`export!`], and test it natively with
//! [`testing::FakeHost`].
//!
//! ```
//! use postlude_sdk::{Action, Context, Decision, Failure};
//!
//! /// Lets nobody in whose address is not verified.
//! struct VerifiedOnly;
//!
//! impl Action for VerifiedOnly {
//!     fn on_login(cx: &mut Context) -> Result<Decision, Failure> {
//!         if cx.event().email_verified()? {
//!             Ok(Decision::Continue)
//!         } else {
//!             Ok(Decision::deny("email_not_verified", "Please verify your email address first."))
//!         }
//!     }
//! }
//!
//! postlude_sdk::export!(VerifiedOnly);
//!
//! let host = postlude_sdk::testing::FakeHost::new();
//! let run = host.event(serde_json::json!({"user": {"email_verified": true}})).on_login::<VerifiedOnly>();
//! assert_eq!(run.decision, Ok(Decision::Continue));
//! ```
//!
//! There is one module for each interface of the contract, named like it, and one method of [`Context`] that leads to
//! it. A component imports only the interfaces that its code reaches, because on wasm32 every call is dispatched
//! statically; the host refuses a plugin whose imports its manifest does not account for.

mod action;
#[cfg(any(test, all(target_arch = "wasm32", feature = "arena")))]
mod arena;
mod backend;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod bindings;
pub mod cache;
pub mod claims;
pub mod clock;
mod decision;
mod error;
pub mod event;
#[cfg(target_arch = "wasm32")]
mod exports;
mod host;
pub mod http;
#[cfg(target_arch = "wasm32")]
mod imports;
pub mod keys;
pub mod log;
pub mod login;
pub mod random;
mod records;
pub mod redirect;
pub mod reply;
pub mod secrets;
pub mod session;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod text;
pub mod user;

pub use action::{Action, Context};
pub use decision::{Decision, Denial, Failure, Redirect, TokenRequest};
pub use error::{
    CacheError, ClaimError, EventError, FactorError, HttpError, KeyError, SecretError, TokenError, ValueError,
};
pub use host::Host;
pub use records::Pairs;
pub use serde_json::{Value, json};

/// Types from the settings schema of the crate's `manifest.json`: `postlude_sdk::settings!();` defines `Settings`, with a field for each
/// property. A field that the schema does not have is a compile error.
///
/// A property that is not required is an `Option`, unless the schema has a default for it. An enumeration of strings becomes an enum, an
/// object in the object a struct; what Rust has no type for stays a [`Value`].
///
/// ```compile_fail
/// postlude_sdk::settings!("tests/settings.json");
/// fn note(settings: &Settings) -> &Option<String> { &settings.noet }
/// ```
/// ```
/// postlude_sdk::settings!("tests/settings.json");
/// fn note(settings: &Settings) -> &Option<String> { &settings.note }
/// ```
pub use postlude_sdk_macros::settings;

/// What the macros expand to; not for use by hand.
#[doc(hidden)]
pub mod private {
    #[cfg(target_arch = "wasm32")]
    pub use crate::exports::{run_on_continue, run_on_login};
    pub use serde;
}

/// Makes an [`Action`] the plugin's exports `on-login` and `on-continue`. Once in a crate, at its root.
///
/// On other targets than wasm32 it checks only that the type is an action, so that native tests build.
#[macro_export]
macro_rules! export {
    ($action:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct PostludeGuest;
            impl $crate::bindings::Guest for PostludeGuest {
                fn on_login() -> $crate::bindings::Answer {
                    $crate::private::run_on_login::<$action>()
                }
                fn on_continue() -> $crate::bindings::Answer {
                    $crate::private::run_on_continue::<$action>()
                }
            }
    $crate::bindings::export_guest!(PostludeGuest with_types_in $crate::bindings);
        };
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            const fn is_an_action<T: $crate::Action>() {}
            is_an_action::<$action>();
        };
    };
}
