//! The table `[server]`: where it listens, where its data is, and its root key.

use super::outbound::{self, OutboundSettings};
use super::problem::{Complaint, Place};
use super::read::{At, Section, shown};
use super::runs::{self, RunsSettings};
use super::secret::{Origin, SecretRef};
use super::units::{duration_within, size};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the IdP's API listens unless the configuration says otherwise: this machine only.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8480";

/// Bytes of the data folder's disk that uploads leave for logins, unless the configuration says otherwise: half a million records of two
/// kilobytes, and time for an operator to hear of it.
pub const DISK_RESERVE: u64 = 1 << 30;

/// How long a call to the disk may take before the process ends, unless the configuration says otherwise: longer than a disk array takes to
/// swap a path, short enough for a supervisor to help.
pub const DISK_PATIENCE: Duration = Duration::from_secs(60);

/// Below this the callers, who wait five seconds, would hear of the end before they hear of the disk.
const LEAST_DISK_PATIENCE: Duration = Duration::from_secs(10);

/// After an hour nobody waits for the server any more.
const MOST_DISK_PATIENCE: Duration = Duration::from_secs(3600);

/// The process: listeners, data and keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Where the table begins.
    pub at: Place,
    /// The IdP's API and health; the public routes too unless [`Self::public_listen`] is set.
    pub listen: SocketAddr,
    /// The public routes alone: the continue URL and the JWKS.
    pub public_listen: Option<SocketAddr>,
    /// The metrics alone; on [`Self::listen`] unless it is set.
    pub metrics_listen: Option<SocketAddr>,
    /// The folder of the data.
    pub data_dir: PathBuf,
    /// The file that tells a restored backup from the newest data; outside of the data folder.
    pub high_water_file: PathBuf,
    /// The root key.
    pub root_key: At<SecretRef>,
    /// Root keys that are still accepted.
    pub previous_root_keys: Vec<At<SecretRef>>,
    /// Development mode: http to loopback is allowed.
    pub development: bool,
    /// The plugins' way out.
    pub outbound: OutboundSettings,
    /// What runs of plugins may have together.
    pub runs: RunsSettings,
    /// A change of the files is taken without being asked to.
    pub watch: bool,
    /// The newest logins whose runs are kept in memory, to be saved and replayed; zero: none.
    pub recordings: usize,
    /// Bytes of the data folder's disk that uploads leave for logins.
    pub disk_reserve: u64,
    /// How long a call to the disk may take before the process ends for its supervisor.
    pub disk_patience: Duration,
    /// A plugin file may be a symbolic link that leads out of its folder.
    pub follow_symlinks: bool,
}

/// Reads the table. What cannot be read is replaced by its default; the complaint stands in the log.
pub(super) fn read(root: &mut Section<'_>, origin: &Origin<'_>) -> Server {
    let fallback = SecretRef::Env(String::new());
    let Some(mut section) = root.table("server") else {
        if !root.has("server") {
            root.missing("server", "add a table `[server]` with a `root_key`");
        }
        return server(origin.base, fallback);
    };
    let development = section.boolean("development").unwrap_or_default();
    let mut server = server(origin.base, fallback);
    server.development = development;
    server.watch = section.boolean("watch").unwrap_or(true);
    server.follow_symlinks = section.boolean("follow_symlinks").unwrap_or_default();
    server.recordings = recordings(&mut section).unwrap_or_default();
    if let Some(reserve) = section.parsed("disk_reserve", size) {
        server.disk_reserve = reserve.value;
    }
    let patience = |text: &str| duration_within(text, LEAST_DISK_PATIENCE, MOST_DISK_PATIENCE);
    if let Some(patience) = section.parsed("disk_patience", patience) {
        server.disk_patience = patience.value;
    }
    server.at = section.place("");
    listeners(&mut section, &mut server);
    files(&mut section, origin.base, &mut server);
    keys(&mut section, origin, &mut server);
    server.outbound = outbound::read(&mut section, origin.base);
    server.runs = runs::read(&mut section);
    section.finish();
    server
}

/// The most logins whose runs may be kept: they are in memory.
const MOST_RECORDINGS: i64 = 1000;

fn recordings(section: &mut Section<'_>) -> Option<usize> {
    let most = section.integer("recordings")?;
    let within =
        (0..=MOST_RECORDINGS).contains(&most).then_some(most.value).and_then(|most| usize::try_from(most).ok());
    let hint = format!("it must be from 0 to {MOST_RECORDINGS}; 0 keeps none");
    let complaint = Complaint::new(format!("`{}` is out of range", *most)).hint(hint);
    section.value_or_report("recordings", most.at, within.ok_or(complaint)).map(|most| most.value)
}

fn server(base: &Path, root_key: SecretRef) -> Server {
    Server {
        at: Place::default(),
        listen: SocketAddr::from(([127, 0, 0, 1], 8480)),
        public_listen: None,
        metrics_listen: None,
        data_dir: base.join("data"),
        high_water_file: base.join("data.high-water"),
        root_key: At::new(root_key, Place::default()),
        previous_root_keys: Vec::new(),
        development: false,
        outbound: OutboundSettings::default(),
        runs: RunsSettings::default(),
        watch: true,
        recordings: 0,
        disk_reserve: DISK_RESERVE,
        disk_patience: DISK_PATIENCE,
        follow_symlinks: false,
    }
}

fn address(text: &str) -> Result<SocketAddr, Complaint> {
    text.parse().map_err(|_| {
        Complaint::new(format!("`{}` is not an address with a port", shown(text)))
            .hint(format!("write `{DEFAULT_LISTEN}` or `0.0.0.0:8480`"))
    })
}

fn listeners(section: &mut Section<'_>, server: &mut Server) {
    if let Some(listen) = section.parsed("listen", address) {
        server.listen = listen.value;
    }
    let ours = ("server.listen", server.listen);
    server.public_listen = another(section, "public_listen", &[ours]);
    let public = server.public_listen.map(|public| ("server.public_listen", public));
    let taken: Vec<_> = [ours].into_iter().chain(public).collect();
    server.metrics_listen = another(section, "metrics_listen", &taken);
}

/// An address beside others.
fn another(section: &mut Section<'_>, key: &'static str, taken: &[(&str, SocketAddr)]) -> Option<SocketAddr> {
    let found = section.parsed(key, address)?;
    let theirs = found.value;
    for (name, ours) in taken {
        let overlap = ours.ip() == theirs.ip() || ours.ip().is_unspecified() || theirs.ip().is_unspecified();
        // Port 0 is whatever is free, so two of them differ.
        if overlap && ours.port() == theirs.port() && ours.port() != 0 {
            let message = format!("{}: `{theirs}` is the same as `{name}`", section.label(key));
            section.log.error_hint(found.at, message, "choose another port, or remove one");
        }
    }
    Some(theirs)
}

fn path(base: &Path, text: &str) -> Result<PathBuf, Complaint> {
    if text.is_empty() { Err(Complaint::new("the path is empty")) } else { Ok(base.join(text)) }
}

fn files(section: &mut Section<'_>, base: &Path, server: &mut Server) {
    if let Some(data) = section.parsed("data_dir", |text| path(base, text)) {
        if data.is_file() {
            let message = format!("{}: `{}` is a file, not a folder", section.label("data_dir"), data.display());
            section.log.error(data.at, message);
        }
        server.data_dir = data.value;
    }
    let mut name = server.data_dir.file_name().unwrap_or("data".as_ref()).to_owned();
    name.push(".high-water");
    server.high_water_file = server.data_dir.with_file_name(name);
    let Some(file) = section.parsed("high_water_file", |text| path(base, text)) else { return };
    if file.starts_with(&server.data_dir) {
        let message = format!("{}: lies inside of `server.data_dir`", section.label("high_water_file"));
        let hint = "put it elsewhere: it must not come back with a restored backup of the data";
        section.log.error_hint(file.at, message, hint);
    }
    server.high_water_file = file.value;
}

fn keys(section: &mut Section<'_>, origin: &Origin<'_>, server: &mut Server) {
    let root = origin.secret(section, "root_key");
    if !section.has("root_key") {
        section
            .missing("root_key", "`postlude keys new root` makes one; then write `root_key = { file = \"root.key\" }`");
    }
    let mut seen = Vec::new();
    if let Some((reference, secret)) = root {
        server.root_key = reference;
        seen.push(secret);
    }
    for node in section.array("previous_root_keys").unwrap_or_default() {
        let Some((reference, secret)) = origin.secret_at(section, "previous_root_keys", node) else { continue };
        if seen.contains(&secret) {
            let message =
                format!("{}: {} holds a key that is already listed", section.label("previous_root_keys"), *reference);
            section.log.error_hint(reference.at, message, "list only keys that came before `root_key`");
        }
        server.previous_root_keys.push(reference);
        seen.push(secret);
    }
}
