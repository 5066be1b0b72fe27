//! Postlude's configuration: one file is read into data with every mistake at once, then bound to the plugins that it names.
//!
//! A host reads a [`Draft`], looks into the plugin files itself, and [binds](Draft::bind) the draft to what it found.

mod action;
mod api_key;
mod bind;
mod check;
mod context;
mod cross;
mod files;
mod grants;
mod jwks;
mod keys;
mod load;
mod outbound;
mod plugins;
mod policy;
mod problem;
mod publishers;
mod read;
pub mod reader;
mod return_url;
mod revision;
mod runs;
mod secret;
mod server;
mod signatures;
mod signing;
mod tenant;
mod tree;
mod units;
mod values;
mod watched;
mod web;

pub use action::{ActionConfig, FactorConfig, LimitsConfig};
pub use api_key::{ApiKey, Role, hash_of};
pub use bind::{BoundTenant, PluginInfo, bind};
pub use check::{Checked, Draft, Found, PLUGIN_FILE_BYTES, PluginBytes, signature_file};
pub use grants::GrantsConfig;
pub use keys::{KeyConfig, Material};
pub use load::{CONFIG_FILE_BYTES, Config, load};
pub use outbound::OutboundSettings;
pub use plugins::PluginFile;
pub use policy::RulesConfig;
pub use problem::{Complaint, Place, Problem, Problems, Severity};
pub use publishers::{Publisher, Publishers};
pub use read::At;
pub use return_url::ReturnUrl;
pub use revision::{
    ActionSource, Binder, KeyMaker, KeySource, MakeOwnKeys, ReadyKey, ReadyMaterial, Revision, RevisionError,
    SourceError,
};
pub use runs::RunsSettings;
pub use secret::{Environment, SecretError, SecretRef};
pub use server::{DEFAULT_LISTEN, Server};
pub use signing::Signing;
pub use tenant::{Lifetimes, Tenant};
pub use watched::watched_files;
pub use web::{CONTINUE_PATH, JWKS_PATH, REPLY_PARAMETER};

#[cfg(test)]
mod tests;
