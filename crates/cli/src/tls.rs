//! The process's cryptography for outgoing TLS.

/// Chooses it, unless something did before.
pub(crate) fn install() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
