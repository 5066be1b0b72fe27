//! The tables `[tenants.<name>.plugins.<name>]`: the plugin files that a tenant's pipeline may name.

use super::context::Context;
use super::problem::{Complaint, Place};
use super::read::{At, Section, shown};
use super::tree::Node;
use postlude_model::names::{Digest, PluginName};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A plugin file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginFile {
    /// Where its table begins.
    pub at: Place,
    /// The component file.
    pub path: PathBuf,
    /// There is no such file, and that has been said.
    pub missing: bool,
    /// The digest that the file must have.
    pub digest: Option<At<Digest>>,
    /// The publisher's signature; without it, what `<path>.sig` holds.
    pub signature: Option<String>,
}

/// Reads the tables.
pub(super) fn read(section: &mut Section<'_>, context: &Context<'_>) -> BTreeMap<PluginName, PluginFile> {
    let Some(table) = section.table("plugins") else { return BTreeMap::new() };
    let read = |(key, at, node)| Some((plugin_name(&table, key, at)?, plugin(&table, key, at, node, context)?));
    table.entries().filter_map(read).collect()
}

fn plugin_name(table: &Section<'_>, key: &str, at: Place) -> Option<PluginName> {
    table
        .value_or_report(&shown(key), at, PluginName::new(key).map_err(|why| Complaint::new(why.to_string())))
        .map(|name| name.value)
}

fn plugin(table: &Section<'_>, key: &str, at: Place, node: &Node, context: &Context<'_>) -> Option<PluginFile> {
    let mut section = Section::of(table.log, table.subject_of(&format!("plugin `{}`", shown(key))), at, node)?;
    let path = section.parsed("path", |text| Ok(context.origin.base.join(text)));
    let digest = section.parsed("digest", |text| {
        text.parse::<Digest>()
            .map_err(|why| Complaint::new(why.to_string()).hint("`sha256sum` prints it, and it may be left out"))
    });
    let signature = section.string("signature").map(|text| text.value.to_owned());
    if !section.has("path") {
        return uploaded(section, at, digest, signature, context);
    }
    let missing = path.as_ref().is_some_and(|path| !path.is_file());
    if let Some(path) = path.as_ref().filter(|_| missing) {
        let state = if path.exists() { "is not a regular file" } else { "does not exist" };
        let message = format!("{}: `{}` {state}", section.label("path"), path.display());
        section.log.error_hint(path.at, message, "paths are relative to the folder of this file");
    }
    section.finish();
    Some(PluginFile { at, path: path?.value, missing, digest, signature })
}

/// A plugin that is named by its digest alone: one that was uploaded.
fn uploaded(
    section: Section<'_>,
    at: Place,
    digest: Option<At<Digest>>,
    signature: Option<String>,
    context: &Context<'_>,
) -> Option<PluginFile> {
    if !section.has("digest") {
        section.missing("path", "write `path = \"plugins/name.wasm\"`, or the `digest` of a plugin that was uploaded");
    }
    let Some(digest) = digest else {
        section.finish();
        return None;
    };
    let path = context.data_dir.join("plugins").join(format!("{}.wasm", digest.value.hex()));
    let missing = !path.is_file();
    if missing {
        let message = format!("{}: no plugin of this digest was uploaded", section.label("digest"));
        section.log.error_hint(
            digest.at,
            message,
            "upload it with `POST /v1/admin/plugins`, or name its file with `path`",
        );
    }
    section.finish();
    Some(PluginFile { at, path, missing, digest: Some(digest), signature })
}
