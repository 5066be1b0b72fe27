//! The plugins that this program carries.

/// Lets in users whose address is of a listed domain.
pub(crate) const EMAIL_DOMAIN: &[u8] = include_bytes!("../plugins/email-domain.wasm");
/// A second factor on a prompt site.
pub(crate) const CUSTOM_FACTOR: &[u8] = include_bytes!("../plugins/custom-factor.wasm");
