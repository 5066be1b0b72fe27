//! Trust roots: the system's, and those of a file for a private certificate authority.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Why a file's certificates cannot be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootsError {
    /// Not PEM.
    #[error("the file is not PEM (RFC 7468): {0}")]
    Pem(String),
    /// No certificate in it.
    #[error("the file has no certificate")]
    Empty,
    /// A certificate cannot be a root.
    #[error("the file's certificate {0} cannot be used as a root: {1}")]
    Certificate(usize, String),
}

/// Reads the certificates of a PEM file.
///
/// # Errors
/// When the file has no certificate, or one of them cannot be a root.
pub fn read_roots(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, RootsError> {
    let read = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates = read.map_err(|why| RootsError::Pem(why.to_string()))?;
    if certificates.is_empty() {
        return Err(RootsError::Empty);
    }
    let mut store = RootCertStore::empty();
    for (at, certificate) in certificates.iter().enumerate() {
        let added = store.add(certificate.clone());
        added.map_err(|why| RootsError::Certificate(at + 1, why.to_string()))?;
    }
    Ok(certificates)
}

/// The system's roots and some more.
pub(crate) fn store(more: &[CertificateDer<'static>]) -> RootCertStore {
    let mut store = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for why in &system.errors {
        tracing::warn!(cause = %why, "some of the system's trust roots cannot be read");
    }
    let (_, ignored) = store.add_parsable_certificates(system.certs);
    store.add_parsable_certificates(more.iter().cloned());
    if store.is_empty() {
        tracing::warn!(
            ignored,
            "no trust roots: install the system's CA certificates, or set `server.outbound.ca_file`"
        );
    }
    store
}
