//! The table `[server.outbound]`: which certificate authorities requests of plugins trust, and which hosts may have private addresses.

use super::problem::Complaint;
use super::read::{At, Section};
use super::web;
use std::path::{Path, PathBuf};

/// Bytes of a file of trust roots: the whole public Web has some 200 KiB.
const CA_FILE_BYTES: u64 = 1 << 20;

/// What the requests of plugins may do beyond the grants of their actions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutboundSettings {
    /// A PEM file of trust roots besides the system's.
    pub ca_file: Option<At<PathBuf>>,
    /// The content of that file.
    pub ca_pem: Option<Vec<u8>>,
    /// Hosts, `host` or `host:port`, whose addresses may be private ones.
    pub allow_private: Vec<String>,
}

/// Reads the table.
pub(super) fn read(server: &mut Section<'_>, base: &Path) -> OutboundSettings {
    let Some(mut table) = server.table("outbound") else { return OutboundSettings::default() };
    let file = table.parsed("ca_file", |text| roots(&base.join(text)).map(|pem| (base.join(text), pem)));
    let (ca_file, ca_pem) = file.map(|file| (At::new(file.value.0, file.at), file.value.1)).unzip();
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
    std::fs::read(path).map_err(unreadable)
}
