//! The files that a configuration depends on, found even where it has mistakes.

use super::check::signature_file;
use super::files;
use super::load::CONFIG_FILE_BYTES;
use super::problem::Log;
use super::tree::{self, Kind, Node, Table};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The configuration file itself and every plugin, its signature, secret, key and JWK set that it names, by whole paths. A file with a mistake
/// names them as well: the mistake may be that one of them is not there yet.
#[must_use]
pub fn watched_files(file: &Path) -> BTreeSet<PathBuf> {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let mut found = BTreeSet::new();
    if let Ok(text) = files::read_text(&file, CONFIG_FILE_BYTES) {
        let folder = file.parent().unwrap_or(Path::new("/"));
        within(&tree::parse(&text, &Log::new(&file)), folder, &mut found);
    }
    found.insert(file);
    found
}

fn within(table: &Table, folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for (key, (_, node)) in table {
        if key == "plugins" {
            let paths = plugin_paths(node).map(|path| folder.join(path));
            found.extend(paths.flat_map(|path| [signature_file(&path), path]));
        }
        if key == "publishers" {
            found.extend(key_paths(node).map(|path| folder.join(path)));
        }
        node_within(node, folder, found);
    }
}

fn node_within(node: &Node, folder: &Path, found: &mut BTreeSet<PathBuf>) {
    match &node.kind {
        Kind::Array(items) => items.iter().for_each(|item| node_within(item, folder, found)),
        // A reference to a secret: a table of this one key.
        Kind::Table(table) => match (table.len(), text(table, "file")) {
            (1, Some(path)) => {
                found.insert(folder.join(path));
            }
            _ => within(table, folder, found),
        },
        _ => {}
    }
}

fn plugin_paths(node: &Node) -> impl Iterator<Item = &str> {
    let plugins = if let Kind::Table(plugins) = &node.kind { Some(plugins) } else { None };
    plugins.into_iter().flat_map(|plugins| plugins.values()).filter_map(|(_, node)| match &node.kind {
        Kind::Table(plugin) => text(plugin, "path"),
        _ => None,
    })
}

fn key_paths(node: &Node) -> impl Iterator<Item = &str> {
    let publishers = if let Kind::Table(publishers) = &node.kind { Some(publishers) } else { None };
    let keys =
        publishers.into_iter().flat_map(|publishers| publishers.values()).filter_map(|(_, node)| match &node.kind {
            Kind::Table(publisher) => Some(&publisher.get("keys")?.1.kind),
            _ => None,
        });
    let lists = keys.filter_map(|kind| if let Kind::Array(items) = kind { Some(items) } else { None });
    lists.flatten().filter_map(|node| if let Kind::String(text) = &node.kind { Some(text.as_str()) } else { None })
}

fn text<'t>(table: &'t Table, key: &str) -> Option<&'t str> {
    match &table.get(key)?.1.kind {
        Kind::String(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_with_mistakes_names_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("postlude.toml");
        let text = r#"
[server]
root_key = { file = "root.key" }
previous_root_keys = [{ file = "/old.key" }, { env = "OLD" }]
lsten = 1
[tenants.acme.plugins.face]
path = "plugins/face.wasm"
[[tenants.acme.pipeline]]
settings = { path = "/setting", file = "setting", more = 1 }
secrets = { api = { file = "api.secret" } }
[tenants.acme.pipeline.keys.partner]
jwks = { file = "partner.json" }
"#;
        std::fs::write(&file, text).unwrap();
        let found = watched_files(&file);
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(folder.path()).unwrap_or(path)).collect();
        let expected =
            ["/old.key", "api.secret", "partner.json", "plugins/face.wasm", "postlude.toml", "root.key"].map(Path::new);
        assert_eq!(names, expected);
        assert_eq!(watched_files(Path::new("/nowhere/p.toml")), [PathBuf::from("/nowhere/p.toml")].into());
    }
}
