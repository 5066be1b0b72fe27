//! The configuration file: read into data with every mistake at once, then bound to the plugins that it names.

mod action;
mod api_key;
mod bind;
mod check;
mod cross;
mod files;
mod grants;
mod jwks;
mod keys;
mod outbound;
mod policy;
mod problem;
mod read;
mod return_url;
mod revision;
mod secret;
mod server;
mod signing;
mod tenant;
mod tree;
mod units;
mod watched;
mod web;

pub use action::{ActionConfig, FactorConfig, LimitsConfig};
pub use api_key::{ApiKey, Role, hash_of};
pub use bind::{Binder, BoundTenant, PluginInfo, bind};
pub use check::{Checked, Draft, Found, Inspect, PLUGIN_FILE_BYTES, PluginBytes, check};
pub use grants::GrantsConfig;
pub use keys::{KeyConfig, Material};
pub use outbound::OutboundSettings;
pub use policy::RulesConfig;
pub use problem::{Complaint, Place, Problem, Problems, Severity};
pub use read::At;
pub use return_url::ReturnUrl;
pub use revision::{ActionSource, KeyMaker, KeySource, ReadyKey, ReadyMaterial, Revision, RevisionError, SourceError};
pub use secret::{Environment, SecretError, SecretRef};
pub use server::{DEFAULT_LISTEN, Server};
pub use signing::Signing;
pub use tenant::{Lifetimes, PluginFile, Tenant};
pub(crate) use watched::watched_files;
pub use web::REPLY_PARAMETER;

use problem::Log;
use read::Section;
use secret::Origin;
use std::path::{Path, PathBuf};
use tenant::Context;

/// Bytes of a configuration file: a hundred tenants with ten actions each have a tenth of it.
pub const CONFIG_FILE_BYTES: u64 = 4 << 20;

/// The whole configuration, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file, as it was named to us.
    pub file: PathBuf,
    /// The process.
    pub server: Server,
    /// The tenants, by name.
    pub tenants: Vec<Tenant>,
}

/// Reads a configuration file: the configuration with its warnings.
///
/// # Errors
/// All problems, when one of them is an error.
pub fn load(file: &Path, environment: &Environment) -> Result<(Config, Vec<Problem>), Problems> {
    let log = Log::new(file);
    let config = read_file(file, environment, &log);
    let problems = log.into_problems();
    match config {
        Some(config) => problems.settle(config),
        None => Err(problems),
    }
}

/// What could be read of the file; everything else is in the log.
fn read_file(file: &Path, environment: &Environment, log: &Log) -> Option<Config> {
    let text = match files::read_text(file, CONFIG_FILE_BYTES) {
        Ok(text) => text,
        Err(why) => {
            log.error_hint(Place::default(), why.to_string(), "name the file with `--config`");
            return None;
        }
    };
    // A stored revision names its files by whole paths, so that it does not matter where the process was started.
    let absolute = std::path::absolute(file).map_err(|why| log.error(Place::default(), format!("has no place: {why}")));
    let folder = absolute.ok()?.parent().unwrap_or(Path::new("/")).to_owned();
    Some(read_text(file, &text, &Origin { base: &folder, environment }, log))
}

fn read_text(file: &Path, text: &str, origin: &Origin<'_>, log: &Log) -> Config {
    let tree = tree::parse(text, log);
    let mut root = Section::root(log, &tree);
    let server = server::read(&mut root, origin);
    let context = Context { origin: origin.clone(), development: server.development, data_dir: &server.data_dir };
    let tenants = tenants(&mut root, &context);
    root.finish();
    cross::tenants(&tenants, &server, log);
    Config { file: file.to_owned(), server, tenants }
}

fn tenants(root: &mut Section<'_>, context: &Context<'_>) -> Vec<Tenant> {
    let table = root.table("tenants");
    let tenants: Vec<Tenant> = table
        .iter()
        .flat_map(|table| table.entries().filter_map(|(key, at, node)| tenant::read(key, at, node, table, context)))
        .collect();
    if table.as_ref().is_some_and(|table| table.entries().next().is_none()) {
        let hint = "add a table `[tenants.acme]` with an `issuer`";
        root.log.error_hint(root.place("tenants"), "`tenants` is empty", hint);
    }
    if !root.has("tenants") {
        root.missing("tenants", "add a table `[tenants.acme]` with an `issuer`");
    }
    tenants
}

#[cfg(test)]
mod tests;
