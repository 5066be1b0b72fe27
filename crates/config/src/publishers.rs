//! The tables `[tenants.<name>.publishers."<publisher>"]`: whose plugins a tenant runs, by which keys they are known, which factors are
//! theirs alone, and below which versions their plugins have a hole.

use super::context::Context;
use super::files;
use super::problem::{Complaint, Place};
use super::read::{At, Section, shown};
use super::tree::{Kind, Node};
use postlude_crypto::publisher::PublisherKey;
use postlude_model::names::{FactorName, PluginName};
use semver::Version;
use std::collections::BTreeMap;

/// Bytes of a key file at most.
const KEY_BYTES: u64 = 16 * 1024;

/// A publisher whose plugins a tenant runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    /// Where its table begins.
    pub at: Place,
    /// The keys of which one must have signed a plugin: several while the publisher changes keys.
    pub keys: Vec<PublisherKey>,
    /// Factors that no other publisher's plugin may declare.
    pub factors: Vec<FactorName>,
    /// By a plugin's own name: the version below which it does not run.
    pub floors: BTreeMap<PluginName, At<Version>>,
}

/// The publishers of a tenant by their name, as manifests have it.
pub type Publishers = BTreeMap<String, Publisher>;

/// Reads the tables.
pub(super) fn read(section: &mut Section<'_>, context: &Context<'_>) -> Publishers {
    let Some(table) = section.table("publishers") else { return BTreeMap::new() };
    let read = |(name, at, node)| Some((String::from(name), publisher(&table, name, at, node, context)?));
    let publishers: Publishers = table.entries().filter_map(read).collect();
    let mut owners: BTreeMap<&FactorName, &str> = BTreeMap::new();
    for (name, publisher) in &publishers {
        for factor in &publisher.factors {
            if let Some(other) = owners.insert(factor, name) {
                let message =
                    format!("{}: `{factor}` belongs to `{}` and to `{}`", table.subject(), shown(other), shown(name));
                table.log.error_hint(
                    publisher.at,
                    message,
                    "a factor belongs to one publisher: remove it from the other",
                );
            }
        }
    }
    publishers
}

fn publisher(table: &Section<'_>, name: &str, at: Place, node: &Node, context: &Context<'_>) -> Option<Publisher> {
    let mut section = Section::of(table.log, table.subject_of(&format!("publisher `{}`", shown(name))), at, node)?;
    let keys = section.list("keys", |text| key(text, context));
    if !section.has("keys") || section.array("keys").is_some_and(<[Node]>::is_empty) {
        section.missing("keys", "name files with the publisher's public key: `keys = [\"acme.publisher.pem\"]`");
    }
    let factors = section.list("factors", |text| FactorName::new(text).map_err(|why| Complaint::new(why.to_string())));
    let floors = floors(&mut section);
    section.finish();
    let (keys, factors) = (keys.into_iter().map(|key| key.value), factors.into_iter().map(|factor| factor.value));
    Some(Publisher { at, keys: keys.collect(), factors: factors.collect(), floors })
}

fn key(path: &str, context: &Context<'_>) -> Result<PublisherKey, Complaint> {
    let path = context.origin.base.join(path);
    let text = files::read_text(&path, KEY_BYTES).map_err(|why| {
        Complaint::new(format!("`{}` {why}", path.display())).hint("paths are relative to the folder of this file")
    })?;
    PublisherKey::from_pem(&text).map_err(|why| {
        Complaint::new(format!("`{}`: {why}", path.display()))
            .hint("`postlude keys new publisher` prints the public key that a publisher gives away")
    })
}

fn floors(section: &mut Section<'_>) -> BTreeMap<PluginName, At<Version>> {
    let Some(table) = section.table("floors") else { return BTreeMap::new() };
    let read = |(name, at, node): (&str, Place, &Node)| {
        let name_read = PluginName::new(name).map_err(|why| Complaint::new(why.to_string()));
        let name_read = table.value_or_report(&shown(name), at, name_read)?.value;
        let Kind::String(text) = &node.kind else { return table.mistyped(name, node, "a version as a string") };
        let version = Version::parse(text).map_err(|why| {
            Complaint::new(format!("`{}` is no version: {why}", shown(text)))
                .hint("write three numbers, such as `\"1.3.0\"`")
        });
        Some((name_read, table.value_or_report(name, node.at, version)?))
    };
    table.entries().filter_map(read).collect()
}
