//! Tokens to and from a prompt site: request tokens that Postlude signs, result tokens that it verifies.

mod action_key;
mod action_keys;
mod algorithm;
mod config;
mod forgeries;
pub(crate) mod jwks;
pub(crate) mod jws;
mod request;
mod result;
mod signer;
mod terms;
#[cfg(test)]
mod tests;

pub use action_keys::ActionKeys;
pub use algorithm::Algorithm;
pub use config::{KeyConfig, KeyConfigError, KeyConfigErrors, KeyProblem, KeyProfile, SECRET_BYTES, VerifyWith};
pub use forgeries::Forgery;
pub use signer::{SignerError, TenantSigner};
pub use terms::{LEEWAY, REQUEST_LABEL, REQUEST_TYP, RESULT_LABEL, RESULT_TYP};
