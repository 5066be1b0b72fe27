//! Changes of `postlude.toml` that leave its comments and its order as they are.

use crate::output;
use anyhow::{Result, anyhow};
use postlude_model::manifest::Manifest;
use postlude_model::names::{ActionName, Digest, PluginName, TenantName};
use postlude_registry::Location;
use serde_json::Value as Json;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};

/// The beginning of the comment that says where a plugin came from.
const FROM: &str = "# from ";

/// A publisher that the tenant does not know yet.
#[derive(Debug)]
pub(super) struct NewPublisher {
    pub(super) name: String,
    /// The file of its key, as the configuration names it.
    pub(super) key: String,
}

/// The table of a plugin.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a PluginName,
    pub(super) path: &'a str,
    pub(super) digest: Digest,
    pub(super) reference: &'a str,
}

/// An action that runs the plugin.
#[derive(Debug)]
pub(super) struct Action {
    name: String,
    plugin: String,
    grants: Vec<(String, Vec<String>)>,
}

impl Action {
    /// With grants, what the manifest names: what it takes from settings is the operator's to write.
    pub(super) fn new(name: &ActionName, plugin: &PluginName, manifest: &Manifest, grant_all: bool) -> Self {
        let asked =
            if grant_all { serde_json::to_value(&manifest.capabilities).unwrap_or_default() } else { Json::Null };
        let literals = |values: &Json| {
            let values = values.as_array().into_iter().flatten();
            values.filter_map(Json::as_str).map(str::to_owned).collect::<Vec<_>>()
        };
        let asked = asked.as_object().into_iter().flatten().map(|(name, values)| (name.clone(), literals(values)));
        let grants = asked.filter(|(_, values)| !values.is_empty()).collect();
        Self { name: name.to_string(), plugin: plugin.to_string(), grants }
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.insert("name", value(&self.name));
        table.insert("plugin", value(&self.plugin));
        if !self.grants.is_empty() {
            let mut grants = InlineTable::new();
            for (name, values) in &self.grants {
                grants.insert(name, Value::Array(values.iter().collect::<Array>()));
            }
            table.insert("grants", value(grants));
        }
        table
    }
}

/// What is added to a tenant.
#[derive(Debug)]
pub(super) struct Changes<'a> {
    pub(super) tenant: &'a TenantName,
    pub(super) publisher: Option<&'a NewPublisher>,
    pub(super) entry: Option<&'a Entry<'a>>,
    pub(super) action: Option<&'a Action>,
}

impl Changes<'_> {
    /// The lines alone, as if nothing else were in the file.
    pub(super) fn lines(&self) -> String {
        let mut document = DocumentMut::new();
        match self.change(&mut document) {
            Ok(()) => document.to_string().trim_start().to_owned(),
            Err(why) => format!("# {why}\n"),
        }
    }

    /// The file with the changes.
    pub(super) fn apply(&self, text: &str) -> Result<String> {
        let mut document: DocumentMut = text.parse()?;
        self.change(&mut document)?;
        Ok(document.to_string())
    }

    fn change(&self, document: &mut DocumentMut) -> Result<()> {
        let tenants = table(document.as_table_mut(), "tenants")?;
        let tenant = table(tenants, self.tenant.as_str())?;
        if let Some(publisher) = self.publisher {
            let keys = [publisher.key.as_str()].into_iter().collect::<Array>();
            table(table(tenant, "publishers")?, &publisher.name)?.insert("keys", value(keys));
        }
        if let Some(entry) = self.entry {
            let plugins = table(tenant, "plugins")?;
            // The signature lies beside the new file; one that stands here would be the old file's.
            let plugin = table(plugins, entry.name.as_str())?;
            plugin.remove("signature");
            set(plugin, "path", entry.path);
            set(plugin, "digest", &entry.digest.to_string());
            note_origin(plugin, entry.reference);
        }
        if let Some(action) = self.action {
            let pipeline = tenant.entry("pipeline").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
            let pipeline = pipeline.as_array_of_tables_mut();
            let no_tables = || {
                anyhow!(
                    "`pipeline` of tenant `{}` is not written as [[tenants.{}.pipeline]]: add the action by hand",
                    self.tenant,
                    self.tenant
                )
            };
            pipeline.ok_or_else(no_tables)?.push(action.table());
        }
        Ok(())
    }
}

/// Whether the plugin was added from this location.
pub(super) fn came_from(text: &str, tenant: &TenantName, plugin: &PluginName, from: &Location) -> bool {
    let Ok(document) = text.parse::<DocumentMut>() else { return false };
    let plugins = document.get("tenants").and_then(|it| it.get(tenant.as_str())).and_then(|it| it.get("plugins"));
    let comment =
        plugins.and_then(|it| it.get(plugin.as_str())).and_then(Item::as_table).map(prefix).unwrap_or_default();
    let tagged = format!("{FROM}{from}@");
    comment.lines().any(|line| line.trim_start().starts_with(&tagged))
}

/// A table below another one; made where it is missing, without a header of its own.
fn table<'t>(parent: &'t mut Table, name: &str) -> Result<&'t mut Table> {
    let is_new = !parent.contains_key(name);
    let item = parent.entry(name).or_insert(Item::Table(Table::new()));
    let table = item.as_table_mut();
    let table = table.ok_or_else(|| {
        anyhow!("`{name}` is written in one line, and is left alone: write it as a table of its own ([..])")
    })?;
    if is_new {
        table.set_implicit(true);
    }
    Ok(table)
}

/// Sets a value in the place of another one, with the comment behind it.
fn set(table: &mut Table, key: &str, text: &str) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(present) => {
            let decor = present.decor().clone();
            *present = Value::from(text);
            *present.decor_mut() = decor;
        }
        None => drop(table.insert(key, value(text))),
    }
}

fn prefix(table: &Table) -> String {
    table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned()
}

/// Says above the table where the plugin came from; in the place of what was said before.
fn note_origin(table: &mut Table, reference: &str) {
    let lines = prefix(table);
    let mut kept: Vec<&str> = lines.lines().filter(|line| !line.trim_start().starts_with(FROM)).collect();
    if kept.is_empty() {
        kept.push("");
    }
    // A line of its own, whatever is in the name of a folder.
    let origin = format!("{FROM}{}", output::plain(reference));
    kept.push(&origin);
    table.decor_mut().set_prefix(format!("{}\n", kept.join("\n")));
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# The host.\n[server]\nlisten = \"127.0.0.1:1\" # here\n\n[tenants.acme]\nissuer = \"https://login.example\"\n\n\
        # Looked at in May.\n[tenants.acme.plugins.gate]\npath = \"gate.wasm\" # ours\ndigest = \"sha256:0\"\nsignature = \"old\"\n\n\
        [[tenants.acme.pipeline]]\nname = \"gate\" # first\nplugin = \"gate\"\n\n[tenants.other]\nissuer = \"https://other.example\"\n";

    fn digest() -> Digest {
        Digest::from_bytes([0xab; 32])
    }

    fn manifest() -> Manifest {
        let text = r#"{ "name": "face", "version": "1.2.0", "publisher": "acme.example", "abi": "0.1.0",
            "capabilities": { "event": ["/user/email"], "hosts": [{ "setting": "/host" }], "claims": ["a", "b"] } }"#;
        serde_json::from_str(text).unwrap()
    }

    fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_added_leaves_the_rest_as_it_is() {
        let (tenant, plugin) = (name("acme"), name("face"));
        let entry = Entry {
            name: &plugin,
            path: "plugins/face.wasm",
            digest: digest(),
            reference: "r.example/face:1@sha256:c",
        };
        let publisher = NewPublisher { name: "acme.example".to_owned(), key: "acme.pem".to_owned() };
        let action = Action::new(&name("face"), &plugin, &manifest(), true);
        let changes =
            Changes { tenant: &tenant, publisher: Some(&publisher), entry: Some(&entry), action: Some(&action) };
        insta::assert_snapshot!("added", changes.apply(TEXT).unwrap());
        insta::assert_snapshot!("lines", changes.lines());
        for line in TEXT.lines() {
            assert!(changes.apply(TEXT).unwrap().contains(line), "{line}");
        }
    }

    #[test]
    fn a_replaced_plugin_keeps_its_comments_and_loses_the_old_signature() {
        let (tenant, plugin) = (name("acme"), name("gate"));
        let reference = |version: &str| format!("r.example/gate:{version}@sha256:c");
        let replaced = |text: &str, version: &str| {
            let reference = reference(version);
            let entry = Entry { name: &plugin, path: "plugins/gate.wasm", digest: digest(), reference: &reference };
            Changes { tenant: &tenant, publisher: None, entry: Some(&entry), action: None }.apply(text).unwrap()
        };
        let one = replaced(TEXT, "1");
        insta::assert_snapshot!("replaced", one);
        assert!(came_from(&one, &tenant, &plugin, &name("r.example/gate:1")));
        assert!(!came_from(&one, &tenant, &plugin, &name("r.example/gate:2")));
        let two = replaced(&one, "2");
        assert!(!two.contains("gate:1@") && two.contains("gate:2@") && two.contains("# Looked at in May."), "{two}");
    }

    #[test]
    fn what_is_written_in_one_line_is_left_alone() {
        let (tenant, plugin) = (name("acme"), name("face"));
        let entry = Entry { name: &plugin, path: "face.wasm", digest: digest(), reference: "r" };
        let changes = Changes { tenant: &tenant, publisher: None, entry: Some(&entry), action: None };
        let text = "[tenants.acme]\nplugins = { gate = { path = \"gate.wasm\" } }\n";
        assert!(changes.apply(text).unwrap_err().to_string().contains("`plugins` is written in one line"));
        let action = Action::new(&name("face"), &plugin, &manifest(), false);
        let changes = Changes { tenant: &tenant, publisher: None, entry: None, action: Some(&action) };
        assert!(changes.apply("[tenants.acme]\npipeline = []\n").unwrap_err().to_string().contains("by hand"));
    }
}
