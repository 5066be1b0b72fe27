//! From a configuration file and its plugin files to actions that can run, with every mistake at once.

use super::bind::{BoundTenant, FoundPlugin, PluginInfo, bind_found};
use super::files::{self, FileError, Links};
use super::load::{Config, read_file};
use super::plugins::PluginFile;
use super::problem::{Complaint, Log, Place, Problem, Problems, Severity};
use super::revision::{Binder, KeyMaker, MakeOwnKeys, ReadyKey};
use super::secret::Environment;
use super::signatures::{self, Use};
use super::signing::{self, Signing};
use super::tenant::Tenant;
use postlude_model::names::{ActionName, Digest, PluginName, TenantName};
use postlude_model::token::{NoKeys, TokenKeys};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a plugin file at most, whatever its tier: an interpreter and its standard library.
pub const PLUGIN_FILE_BYTES: u64 = 64 << 20;

/// Bytes of a signature file at most: some lines.
const SIGNATURE_BYTES: u64 = 4096;

/// What was found in each plugin file, or everything that is wrong with it.
pub type Found = BTreeMap<Digest, Result<PluginInfo, Vec<String>>>;

/// A configuration that can be served.
#[derive(Debug)]
pub struct Checked {
    /// The configuration.
    pub config: Config,
    /// Its tenants, bound.
    pub tenants: Vec<BoundTenant>,
    /// Root and signing keys.
    pub signing: Signing,
    /// The plugin files by digest, as they were checked: what runs is what was read.
    pub plugins: BTreeMap<Digest, PluginBytes>,
    /// What a person should look at, in the order of the file.
    pub warnings: Vec<Problem>,
}

/// A plugin file and what is in it.
#[derive(Debug, Clone)]
pub struct PluginBytes {
    /// Digest and manifest.
    pub info: PluginInfo,
    /// The component.
    pub bytes: Arc<[u8]>,
}

/// A configuration whose plugin files were read and not yet looked into.
#[derive(Debug)]
pub struct Draft {
    config: Config,
    signing: Option<Signing>,
    files: BTreeMap<Digest, Arc<[u8]>>,
    uses: Vec<Use>,
    problems: Problems,
}

impl Draft {
    /// Reads the file, the keys and the plugins that it names.
    ///
    /// # Errors
    /// When the file itself cannot be read; every other mistake is kept for [`Draft::bind`].
    pub fn read(file: &Path, environment: &Environment) -> Result<Self, Problems> {
        let log = Log::new(file);
        let Some(config) = read_file(file, environment, &log) else { return Err(log.into_problems()) };
        let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let folder = absolute.parent().unwrap_or(Path::new("/"));
        let links = if config.server.follow_symlinks { Links::Anywhere } else { Links::Within(folder) };
        let (mut files, mut uses) = (BTreeMap::new(), Vec::new());
        for tenant in &config.tenants {
            read_plugins(tenant, links, &mut files, &mut uses, &log);
        }
        let signing = signing::read(&config, environment, &log);
        Ok(Self { config, signing, files, uses, problems: log.into_problems() })
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Root and signing keys, if those are usable.
    #[must_use]
    pub const fn signing(&self) -> Option<&Signing> {
        self.signing.as_ref()
    }

    /// What is wrong so far, of a configuration that is not to be bound.
    #[must_use]
    pub fn into_problems(self) -> Problems {
        self.problems
    }

    /// Adds an error that the host found in what the configuration names, such as a certificate that is none.
    pub fn report(&mut self, at: Place, message: impl Into<String>, hint: Option<String>) {
        let (file, Place { line, column }) = (self.config.file.clone(), at);
        let problem = Problem { file, line, column, message: message.into(), hint, severity: Severity::Error };
        let reported = std::mem::take(&mut self.problems).into_vec().into_iter().chain([problem]);
        self.problems = Problems::new(reported.collect());
    }

    /// Each plugin file once, however many tenants use it.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (Digest, Arc<[u8]>)> {
        self.files.iter().map(|(digest, bytes)| (*digest, Arc::clone(bytes)))
    }

    /// Binds the configuration to what was found in its plugins: their manifests, or everything that is wrong with them.
    ///
    /// # Errors
    /// All problems of all parts, when one of them is an error.
    pub fn bind(self, found: Found, environment: &Environment, own_keys: MakeOwnKeys) -> Result<Checked, Problems> {
        let log = Log::new(&self.config.file);
        let plugins = Plugins::new(self.files, found, &self.uses, &log);
        let manifest = |digest: &Digest| plugins.files.get(digest).map(|file| &file.info.manifest);
        let lenient = self.config.server.development || environment.is_trial();
        signatures::check(&self.config, lenient, &self.uses, &manifest, &log);
        let lookup = |tenant: &TenantName, name: &PluginName| plugins.known(tenant, name);
        let keys: &dyn KeyMaker = self.signing.as_ref().map_or(&no_keys, |signing| signing);
        let (tenants, bound) = bind_found(&self.config, &lookup, Binder { environment, keys, own_keys });
        let parts = [self.problems, log.into_problems(), bound];
        let mut problems: Vec<_> = parts.into_iter().flat_map(Problems::into_vec).collect();
        problems.extend(incomplete(&self.config, &tenants, &problems));
        let problems = Problems::new(problems);
        // Without keys there is an error that says so.
        let Some(signing) = self.signing else { return Err(problems) };
        let (tenants, warnings) = problems.into_warnings(tenants)?;
        Ok(Checked { config: self.config, tenants, signing, plugins: plugins.files, warnings })
    }
}

/// An action that is not bound must have been complained about: a pipeline is never served without one of its actions.
fn incomplete(config: &Config, bound: &[BoundTenant], problems: &[Problem]) -> Option<Problem> {
    let whole = config.tenants.iter().zip(bound).all(|(tenant, bound)| tenant.pipeline.len() == bound.actions.len());
    if whole || problems.iter().any(Problem::is_error) {
        return None;
    }
    let log = Log::new(&config.file);
    log.error(Place::default(), "an action could not be bound to its plugin");
    log.into_problems().into_vec().pop()
}

/// Without a usable root key the rest is still checked.
fn no_keys(_: &TenantName, _: &ActionName, _: Vec<ReadyKey>) -> Result<Arc<dyn TokenKeys>, String> {
    Ok(Arc::new(NoKeys))
}

/// What was looked into.
struct Plugins {
    files: BTreeMap<Digest, PluginBytes>,
    names: BTreeMap<(TenantName, PluginName), Digest>,
}

impl Plugins {
    fn new(bytes: BTreeMap<Digest, Arc<[u8]>>, mut found: Found, uses: &[Use], log: &Log) -> Self {
        let mut plugins = Self { files: BTreeMap::new(), names: BTreeMap::new() };
        for Use { tenant, plugin, at, digest, .. } in uses {
            for why in found.get(digest).and_then(|found| found.as_ref().err()).into_iter().flatten() {
                let hint = "`postlude build` makes plugin files; get another file, or remove the plugin";
                log.error_hint(*at, format!("tenant `{tenant}`, plugin `{plugin}`: {why}"), hint);
            }
            plugins.names.insert((tenant.clone(), plugin.clone()), *digest);
        }
        for (digest, bytes) in bytes {
            if let Some(Ok(info)) = found.remove(&digest) {
                plugins.files.insert(digest, PluginBytes { info, bytes });
            }
        }
        plugins
    }

    fn known(&self, tenant: &TenantName, name: &PluginName) -> FoundPlugin<'_> {
        let digest = self.names.get(&(tenant.clone(), name.clone()));
        digest
            .and_then(|digest| self.files.get(digest))
            .map_or(FoundPlugin::Refused, |file| FoundPlugin::Accepted(&file.info))
    }
}

/// Reads the plugin files of a tenant.
fn read_plugins(
    tenant: &Tenant,
    links: Links<'_>,
    files: &mut BTreeMap<Digest, Arc<[u8]>>,
    uses: &mut Vec<Use>,
    log: &Log,
) {
    for (name, file) in &tenant.plugins {
        let subject = format!("tenant `{}`, plugin `{name}`", tenant.name);
        // It has been said already.
        if file.missing {
            continue;
        }
        let bytes = match read_plugin(&file.path, links) {
            Ok(bytes) => bytes,
            Err(complaint) => {
                log.complain(file.at, &subject, complaint);
                continue;
            }
        };
        let digest = Digest::from_bytes(Sha256::digest(&bytes).into());
        pinned(file, digest, &subject, log);
        files.entry(digest).or_insert_with(|| bytes.into());
        let signature = signature(file, links, &subject, log);
        let (tenant, path) = (tenant.name.clone(), file.path.clone());
        uses.push(Use { tenant, plugin: name.clone(), at: file.at, digest, path, signature });
    }
}

/// The signature of the configuration, or of the file beside the plugin.
fn signature(file: &PluginFile, links: Links<'_>, subject: &str, log: &Log) -> Option<String> {
    if file.signature.is_some() {
        return file.signature.clone();
    }
    let path = signature_file(&file.path);
    if !path.exists() {
        return None;
    }
    let text = files::read(&path, SIGNATURE_BYTES, links).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let complain =
        |why: FileError| log.complain(file.at, subject, Complaint::new(format!("`{}` {why}", path.display())));
    text.map_err(complain).ok()
}

/// Where the signature of a plugin file lies: `<file>.sig`.
#[must_use]
pub fn signature_file(plugin: &Path) -> PathBuf {
    let mut path = plugin.to_owned().into_os_string();
    path.push(".sig");
    path.into()
}

fn pinned(file: &PluginFile, digest: Digest, subject: &str, log: &Log) {
    let Some(pin) = file.digest.as_ref().filter(|pin| pin.value != digest) else { return };
    let message = format!("{subject}: `digest` is {}, the file has {digest}", pin.value);
    log.error_hint(pin.at, message, format!("if the change is wanted, write `digest = \"{digest}\"`"));
}

fn read_plugin(path: &Path, links: Links<'_>) -> Result<Vec<u8>, Complaint> {
    files::read(path, PLUGIN_FILE_BYTES, links).map_err(|why| {
        let complaint = Complaint::new(format!("`{}` {why}", path.display()));
        match why {
            FileError::Link => complaint.hint(
                "name the file that it leads to, or write `follow_symlinks = true` in `[server]` if you trust whoever may \
                 write to that folder",
            ),
            FileError::Changed => complaint.hint("write to another name and rename it when it is whole"),
            _ => complaint,
        }
    })
}
