//! One action of the user's own configuration with the plugin that is run in the place of its own: settings, grants, secrets, keys
//! and policy are the operator's.

use anyhow::{Context as _, Result, bail};
use postlude_model::action::Secret;
use postlude_stories::workbench::PooledPlugin;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A configuration with that action alone.
#[derive(Debug)]
pub(super) struct Chosen {
    config: Table,
    tenant: String,
}

/// The action that has this plugin, or this name.
pub(super) fn choose(file: &Path, action: Option<&str>, plugin: &PooledPlugin) -> Result<Chosen> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{shown}`"))?;
    let mut config: Table = text.parse().with_context(|| format!("`{shown}` is not TOML; see `postlude check`"))?;
    let name = plugin.manifest().name.as_str();
    let fits = |one: &Value| match action {
        Some(action) => one.get("name").and_then(Value::as_str) == Some(action),
        None => one.get("plugin").and_then(Value::as_str) == Some(name),
    };
    let mut found = Vec::new();
    for (tenant, table) in tables(&config, "tenants") {
        let pipeline = table.get("pipeline").and_then(Value::as_array).into_iter().flatten();
        found.extend(pipeline.filter(|one| fits(one)).map(|one| (tenant.clone(), one.clone())));
    }
    let wanted = action.map_or_else(|| format!("the plugin `{name}`"), |action| format!("the name `{action}`"));
    let (tenant, one) = match found.as_slice() {
        [one] => one.clone(),
        [] => bail!("`{shown}` has no action with {wanted}; name one of its actions with `--action`"),
        all => {
            let names: Vec<_> =
                all.iter().map(|(tenant, one)| format!("`{}` of tenant `{tenant}`", text_of(one, "name"))).collect();
            bail!("`{shown}` has several actions with {wanted}: {}; choose with `--action`", names.join(", "))
        }
    };
    keep(&mut config, &tenant, one, plugin)?;
    let absolute = std::path::absolute(file)?;
    let base = absolute.parent().unwrap_or(Path::new("/"));
    config.iter_mut().for_each(|(_, value)| resolve(value, base));
    Ok(Chosen { config, tenant })
}

/// Leaves the tenant with that action alone.
fn keep(config: &mut Table, tenant: &str, mut action: Value, plugin: &PooledPlugin) -> Result<()> {
    let name = text_of(&action, "plugin");
    if let Some(action) = action.as_table_mut() {
        // The others of its group are not there.
        action.remove("any_of");
    }
    let tenants = config.get_mut("tenants").and_then(Value::as_table_mut).context("no tenants")?;
    tenants.retain(|other, _| other == tenant);
    let table = tenants.get_mut(tenant).and_then(Value::as_table_mut).context("no tenant")?;
    let path = plugin.file.to_str().context("the temporary folder's path is not text")?;
    let entry = Table::from_iter([("path".to_owned(), Value::from(path))]);
    table.insert("plugins".to_owned(), Value::Table(Table::from_iter([(name, Value::Table(entry))])));
    table.insert("pipeline".to_owned(), Value::Array(vec![action]));
    Ok(())
}

impl Chosen {
    /// The action with these secrets, which are kept in files of that folder, and this limit instead of its own.
    pub(super) fn change(
        &mut self,
        folder: &Path,
        secrets: &BTreeMap<String, Secret>,
        fuel: Option<u64>,
    ) -> Result<()> {
        let tenant = self.config.get_mut("tenants").and_then(|tenants| tenants.get_mut(&self.tenant));
        let action = tenant.and_then(|tenant| tenant.get_mut("pipeline")?.get_mut(0)?.as_table_mut());
        let action = action.context("the configuration has no action")?;
        if let Some(fuel) = fuel {
            let fuel = i64::try_from(fuel).context("`--fuel` is too large")?;
            table_in(action, "limits")?.insert("fuel".to_owned(), Value::Integer(fuel));
        }
        for (at, (name, secret)) in secrets.iter().enumerate() {
            let path = folder.join(format!("secret-{at}"));
            std::fs::write(&path, secret.reveal()).with_context(|| format!("cannot write `{}`", path.display()))?;
            let reference = Table::from_iter([("file".to_owned(), Value::from(path.to_string_lossy().into_owned()))]);
            table_in(action, "secrets")?.insert(name.clone(), Value::Table(reference));
        }
        Ok(())
    }

    /// Writes the configuration into that folder.
    pub(super) fn write(&self, folder: &Path) -> Result<PathBuf> {
        let path = folder.join("postlude.toml");
        let text = toml::to_string(&self.config)?;
        std::fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
        Ok(path)
    }
}

/// A table of the action, made where it is not there.
fn table_in<'t>(action: &'t mut Table, name: &str) -> Result<&'t mut Table> {
    let entry = action.entry(name.to_owned()).or_insert_with(|| Value::Table(Table::new()));
    entry.as_table_mut().with_context(|| format!("`{name}` of the action is no table"))
}

/// Names files that a configuration names relative to itself by their whole paths.
fn resolve(value: &mut Value, base: &Path) {
    match value {
        Value::Table(table) => {
            let single = table.len() == 1;
            for (name, value) in table.iter_mut() {
                match value {
                    Value::String(text) if (name == "file" && single) || FILES.contains(&name.as_str()) => {
                        *text = base.join(&*text).to_string_lossy().into_owned();
                    }
                    // The plugin's own, whatever its members are called.
                    _ if name == "settings" => {}
                    value => resolve(value, base),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolve(item, base)),
        _ => {}
    }
}

/// Keys whose value is a path.
const FILES: [&str; 3] = ["data_dir", "high_water_file", "ca_file"];

fn tables<'t>(config: &'t Table, name: &str) -> impl Iterator<Item = (&'t String, &'t Table)> {
    let tables = config.get(name).and_then(Value::as_table).into_iter().flatten();
    tables.filter_map(|(name, value)| Some((name, value.as_table()?)))
}

fn text_of(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
