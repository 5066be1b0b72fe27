//! The table `[server.outbound]`: whom the plugins' way out trusts, and which hosts may have private addresses.

use super::problem::Complaint;
use super::read::Section;
use super::web;
use postlude_outbound::{Outbound, OutboundConfig, OutboundError, read_roots};
use std::path::{Path, PathBuf};

/// Bytes of a file of trust roots: the whole public Web has some 200 KiB.
const CA_FILE_BYTES: u64 = 1 << 20;

/// The plugins' way out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutboundSettings {
    /// A PEM file of trust roots besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Its content, as it was checked.
    pub ca_pem: Option<Vec<u8>>,
    /// Hosts, `host` or `host:port`, whose addresses may be private ones.
    pub allow_private: Vec<String>,
}

impl OutboundSettings {
    /// Makes the way out.
    ///
    /// # Errors
    /// When it cannot be used; what was read here can.
    pub fn open(&self, development: bool) -> Result<Outbound, OutboundError> {
        let (ca_pem, allow_private) = (self.ca_pem.clone(), self.allow_private.clone());
        Outbound::new(OutboundConfig { development, ca_pem, allow_private, resolver: None })
    }
}

/// Reads the table.
pub(super) fn read(server: &mut Section<'_>, base: &Path) -> OutboundSettings {
    let Some(mut table) = server.table("outbound") else { return OutboundSettings::default() };
    let file = table.parsed("ca_file", |text| roots(&base.join(text)).map(|pem| (base.join(text), pem)));
    let (ca_file, ca_pem) = file.map(|file| file.value).unzip();
    let allow_private = table.list("allow_private", web::host).into_iter().map(|host| host.value).collect();
    table.finish();
    OutboundSettings { ca_file, ca_pem, allow_private }
}

fn roots(path: &Path) -> Result<Vec<u8>, Complaint> {
    let shown = path.display();
    let unreadable = |why: std::io::Error| Complaint::new(format!("`{shown}` cannot be read: {why}"));
    if std::fs::metadata(path).map_err(unreadable)?.len() > CA_FILE_BYTES {
        return Err(Complaint::new(format!("`{shown}` has more than {CA_FILE_BYTES} bytes")));
    }
    let pem = std::fs::read(path).map_err(unreadable)?;
    let hint = "a PEM file with the certificates of the authorities to trust";
    read_roots(&pem).map_err(|why| Complaint::new(format!("`{shown}`: {why}")).hint(hint))?;
    Ok(pem)
}
