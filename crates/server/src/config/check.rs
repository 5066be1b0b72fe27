//! The whole way from a file to actions that can run, with every mistake at once: `postlude check`, and how `serve` begins.

use super::bind::{Binder, BoundTenant, Known, PluginInfo, bind_known};
use super::files::{self, FileError, Links};
use super::problem::{Complaint, Log, Place, Problem, Problems};
use super::revision::{KeyMaker, ReadyKey};
use super::secret::Environment;
use super::signing::{self, Signing};
use super::tenant::{PluginFile, Tenant};
use super::{Config, read_file};
use postlude_model::manifest::Manifest;
use postlude_model::names::{ActionName, Digest, PluginName, TenantName};
use postlude_model::token::{NoKeys, TokenKeys};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Bytes of a plugin file at most, whatever its tier: an interpreter and its standard library.
pub const PLUGIN_FILE_BYTES: u64 = 64 << 20;

/// Looks into a component without running it: its manifest, or everything that is wrong with it.
pub type Inspect<'a> = dyn Fn(&[u8]) -> Result<Manifest, Vec<String>> + 'a;

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

/// Reads the file, looks into the plugins and binds them.
///
/// # Errors
/// All problems of all parts, when one of them is an error.
pub fn check(file: &Path, environment: &Environment, inspect: &Inspect<'_>) -> Result<Checked, Problems> {
    let log = Log::new(file);
    let Some(config) = read_file(file, environment, &log) else { return Err(log.into_problems()) };
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let folder = absolute.parent().unwrap_or(Path::new("/"));
    let links = if config.server.follow_symlinks { Links::Anywhere } else { Links::Within(folder) };
    let mut plugins = Plugins::default();
    for tenant in &config.tenants {
        plugins.read(tenant, links, inspect, &log);
    }
    let signing = signing::read(&config, environment, &log);
    let lookup = |tenant: &TenantName, name: &PluginName| plugins.known(tenant, name);
    let keys: &dyn KeyMaker = signing.as_ref().map_or(&no_keys, |signing| signing);
    let (tenants, bound) = bind_known(&config, &lookup, Binder { environment, keys });
    let mut problems = log.into_problems().into_vec();
    problems.extend(bound.into_vec());
    problems.extend(incomplete(&config, &tenants, &problems));
    let problems = Problems::new(problems);
    // Without keys there is an error that says so.
    let Some(signing) = signing else { return Err(problems) };
    let (tenants, warnings) = problems.settle(tenants)?;
    Ok(Checked { config, tenants, signing, plugins: plugins.files, warnings })
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

#[derive(Default)]
struct Plugins {
    files: BTreeMap<Digest, PluginBytes>,
    refused: BTreeMap<Digest, Vec<String>>,
    names: BTreeMap<(TenantName, PluginName), Digest>,
}

impl Plugins {
    fn known(&self, tenant: &TenantName, name: &PluginName) -> Known<'_> {
        let digest = self.names.get(&(tenant.clone(), name.clone()));
        digest.and_then(|digest| self.files.get(digest)).map_or(Known::Refused, |file| Known::Accepted(&file.info))
    }

    fn read(&mut self, tenant: &Tenant, links: Links<'_>, inspect: &Inspect<'_>, log: &Log) {
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
            self.inspect(digest, bytes, inspect);
            for why in self.refused.get(&digest).into_iter().flatten() {
                log.error_hint(
                    file.at,
                    format!("{subject}: {why}"),
                    "`postlude build` makes plugin files; get another file, or remove the plugin",
                );
            }
            self.names.insert((tenant.name.clone(), name.clone()), digest);
        }
    }

    /// Looks into a file once, however many tenants use it.
    fn inspect(&mut self, digest: Digest, bytes: Vec<u8>, inspect: &Inspect<'_>) {
        if self.files.contains_key(&digest) || self.refused.contains_key(&digest) {
            return;
        }
        match inspect(&bytes) {
            Ok(manifest) => {
                let info = PluginInfo { digest, manifest };
                self.files.insert(digest, PluginBytes { info, bytes: bytes.into() });
            }
            Err(why) => {
                self.refused.insert(digest, why);
            }
        }
    }
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
