//! Whether a plugin may enter: signed by a publisher that its tenant knows, and not below a floor.
//!
//! Every way into a pipeline is a configuration that is read: at the start, at a reload, for files and for uploads.

use super::load::Config;
use super::problem::{Log, Place};
use super::publishers::Publisher;
use super::read::shown;
use super::tenant::Tenant;
use postlude_model::manifest::Manifest;
use postlude_model::names::{Digest, PluginName, TenantName};
use semver::Version;
use std::path::PathBuf;

/// A tenant's plugin, and the file that it is.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) tenant: TenantName,
    pub(super) plugin: PluginName,
    pub(super) at: Place,
    pub(super) digest: Digest,
    /// The file, for messages.
    pub(super) path: PathBuf,
    /// Signatures of the publisher, unverified; none where there is none.
    pub(super) signature: Option<String>,
}

/// Checks every plugin of every tenant; where this is lenient, one may be unsigned.
pub(super) fn check<'m>(
    config: &Config,
    lenient: bool,
    uses: &[Use],
    manifest: &dyn Fn(&Digest) -> Option<&'m Manifest>,
    log: &Log,
) {
    for used in uses {
        let Some(tenant) = config.tenants.iter().find(|tenant| tenant.name == used.tenant) else { continue };
        let Some(manifest) = manifest(&used.digest) else { continue };
        let entry = Entry { tenant, used, manifest, lenient, log };
        match tenant.publishers.get(&entry.manifest.publisher) {
            Some(publisher) => {
                entry.signed(publisher);
                entry.floor(publisher);
            }
            None => entry.unknown(),
        }
    }
}

/// One plugin of one tenant.
struct Entry<'a> {
    tenant: &'a Tenant,
    used: &'a Use,
    manifest: &'a Manifest,
    /// In development mode, and where a configuration is only tried.
    lenient: bool,
    log: &'a Log,
}

impl Entry<'_> {
    fn says(&self, what: &str) -> String {
        format!("tenant `{}`, plugin `{}`: {what}", self.used.tenant, self.used.plugin)
    }

    fn publisher(&self) -> String {
        shown(&self.manifest.publisher)
    }

    /// The manifest says that it is this publisher's: one of its keys must say so too.
    fn signed(&self, publisher: &Publisher) {
        let Some(signature) = &self.used.signature else { return self.unsigned() };
        if publisher.keys.iter().any(|key| key.verify(signature, &self.used.digest).is_ok()) {
            return;
        }
        let message = self.says(&format!(
            "its signature was not made for this file by a key of the publisher `{}`",
            self.publisher()
        ));
        let hint = format!(
            "get the file and its signature again; `postlude verify {} --publisher-key KEY.pem` tries a key",
            self.used.path.display()
        );
        self.log.error_hint(self.used.at, message, hint);
    }

    /// In development mode a plugin is built and tried a hundred times a day.
    fn unsigned(&self) {
        let message =
            self.says(&format!("it is not signed, and says that it is of the publisher `{}`", self.publisher()));
        let hint = format!("`postlude sign {} --key PUBLISHER.key.pem` signs it", self.used.path.display());
        if self.lenient {
            self.log.warn(self.used.at, message, hint);
        } else {
            self.log.error_hint(self.used.at, message, hint);
        }
    }

    fn unknown(&self) {
        if self.lenient {
            return;
        }
        let (name, publisher) = (&self.tenant.name, self.publisher());
        let lines = format!("[tenants.{name}.publishers.\"{publisher}\"]\n    keys = [\"{publisher}.pem\"]");
        let (what, hint) = if self.used.signature.is_some() {
            let what = format!("its publisher `{publisher}` is not one of the tenant's");
            (what, format!("if you trust it, add the publisher's public key:\n    {lines}"))
        } else {
            let what =
                format!("it is not signed, which is for development mode alone; its publisher would be `{publisher}`");
            let path = self.used.path.display();
            (
                what,
                format!(
                    "`postlude sign {path} --key PUBLISHER.key.pem` signs it; then add the public key:\n    {lines}"
                ),
            )
        };
        self.log.error_hint(self.used.at, self.says(&what), hint);
    }

    fn floor(&self, publisher: &Publisher) {
        let Some(floor) = publisher.floors.get(&self.manifest.name) else { return };
        // A version that cannot be compared is below everything.
        if Version::parse(&self.manifest.version).is_ok_and(|version| version >= floor.value) {
            return;
        }
        let (plugin, version) = (&self.manifest.name, shown(&self.manifest.version));
        let message =
            self.says(&format!("it is `{plugin}` {version}, below the floor {} that `floors` sets", floor.value));
        self.log.error_hint(
            self.used.at,
            message,
            format!("get `{plugin}` {} or later from `{}`", floor.value, self.publisher()),
        );
    }
}
