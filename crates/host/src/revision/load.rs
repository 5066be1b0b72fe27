//! From a configuration file to plugins that can run, with every mistake reported at once.

use crate::keys::own_keys;
use crate::plugin::{self, Compiler};
use postlude_config::{Checked, Draft, Environment, Found, PluginInfo, Problem, Problems, Severity};
use postlude_model::action::ActionSpec;
use postlude_model::names::Digest;
use postlude_sandbox::{Plugin, Sandbox};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// A configuration that holds together, with its plugins compiled.
#[derive(Debug)]
pub struct Loaded {
    pub(crate) checked: Checked,
    pub(crate) plugins: HashMap<Digest, Plugin>,
}

/// What the start of a plugin depends on: its code, its fuel, its memory.
pub(crate) type Start = (Digest, u64, u64);

pub(crate) fn start_of(spec: &ActionSpec) -> Start {
    (spec.digest, spec.budget.fuel, spec.budget.memory_bytes)
}

impl Loaded {
    /// What a person should look at.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.checked.warnings
    }

    /// Counts what would be served, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let actions: usize = self.checked.tenants.iter().map(|tenant| tenant.actions.len()).sum();
        let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        let (tenants, plugins) = (count(self.checked.tenants.len(), "tenant"), count(self.plugins.len(), "plugin"));
        format!("{tenants}, {}, {plugins}", count(actions, "action"))
    }

    /// The self-test: starts the plugin of every action once, within the action's budget, and calls nothing. Needs a tokio
    /// runtime with time enabled.
    ///
    /// # Errors
    /// Every action whose plugin does not start.
    pub async fn try_starts(&self, sandbox: &Sandbox) -> Result<(), Problems> {
        self.try_new_starts(sandbox, HashSet::new()).await
    }

    /// Starts the plugins once that are not known to start.
    pub(crate) async fn try_new_starts(&self, sandbox: &Sandbox, mut known: HashSet<Start>) -> Result<(), Problems> {
        let mut problems = Vec::new();
        for tenant in &self.checked.tenants {
            for (action, configured) in tenant.actions.iter().zip(&tenant.tenant.pipeline) {
                let Some(plugin) = self.plugins.get(&action.spec.digest) else { continue };
                if !known.insert(start_of(&action.spec)) {
                    continue;
                }
                if let Err(why) = sandbox.try_start(plugin, action).await {
                    let name = &action.spec.name;
                    let why = why.to_string().replacen(&format!("action `{name}`: "), "", 1);
                    problems.push(Problem {
                        file: self.checked.config.file.clone(),
                        line: configured.at.line,
                        column: configured.at.column,
                        message: format!("action `{name}`: {why}"),
                        hint: Some(
                            "every login would fail there; get another file, or raise the action's `limits`".to_owned(),
                        ),
                        severity: Severity::Error,
                    });
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Problems::new(problems)) }
    }
}

/// Reads and checks a configuration file and compiles the plugins that it names. Changes nothing.
///
/// # Errors
/// Every mistake at once.
pub async fn load(file: &Path, compiler: &Compiler, environment: &Environment) -> Result<Loaded, Problems> {
    let draft = read(file, environment).await?;
    finish(draft, compiler, environment).await
}

/// Loads a configuration for a host, which keeps the compiled code in its data folder.
pub(crate) async fn load_and_keep(
    file: &Path,
    compiler: &Compiler,
    environment: &Environment,
) -> Result<Loaded, Problems> {
    finish_and_keep(read(file, environment).await?, compiler, environment).await
}

/// Compiles the plugins of a configuration for a host, which keeps the compiled code in its data folder.
pub(crate) async fn finish_and_keep(
    draft: Draft,
    compiler: &Compiler,
    environment: &Environment,
) -> Result<Loaded, Problems> {
    if let Some(signing) = draft.signing() {
        compiler.keep_code(&draft.config().server.data_dir, signing.roots());
    }
    finish(draft, compiler, environment).await
}

/// Reads a configuration file; no plugin is looked at yet.
pub(crate) async fn read(file: &Path, environment: &Environment) -> Result<Draft, Problems> {
    let (path, environment) = (file.to_owned(), environment.clone());
    blocking(file, move || {
        let mut draft = Draft::read(&path, &environment)?;
        check_trust_roots(&mut draft);
        Ok(draft)
    })
    .await
}

/// A file of certificate authorities in which there is none would make every request of a plugin fail.
fn check_trust_roots(draft: &mut Draft) {
    let outbound = &draft.config().server.outbound;
    let (Some(file), Some(pem)) = (&outbound.ca_file, &outbound.ca_pem) else { return };
    if let Err(why) = postlude_outbound::read_roots(pem) {
        let message = format!("`server.outbound.ca_file`: `{}`: {why}", file.display());
        let hint = "a PEM file with the certificates of the authorities to trust".to_owned();
        draft.report(file.at, message, Some(hint));
    }
}

/// Compiles the plugins of a configuration, and binds it to them.
pub(crate) async fn finish(draft: Draft, compiler: &Compiler, environment: &Environment) -> Result<Loaded, Problems> {
    let (mut plugins, mut found) = (HashMap::new(), Found::new());
    for (digest, made) in plugin::all(compiler, draft.files()).await {
        match made {
            Ok(plugin) => {
                let (manifest, budget) = (plugin.manifest().clone(), plugin.budget());
                found.insert(digest, Ok(PluginInfo { digest, manifest, budget }));
                plugins.insert(digest, plugin);
            }
            Err(why) => {
                found.insert(digest, Err(vec![why.to_string()]));
            }
        }
    }
    let (file, environment) = (draft.config().file.clone(), environment.clone());
    let checked = blocking(&file, move || draft.bind(found, &environment, own_keys::make)).await?;
    Ok(Loaded { checked, plugins })
}

async fn blocking<T: Send + 'static>(
    file: &Path,
    work: impl FnOnce() -> Result<T, Problems> + Send + 'static,
) -> Result<T, Problems> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|why| {
        let message = format!("reading it was broken off: {why}");
        let (line, column, severity) = (1, 1, Severity::Error);
        Err(Problems::new(vec![Problem { file: file.to_owned(), line, column, message, hint: None, severity }]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file can be read, and a request of a plugin could still never be answered.
    #[test]
    fn a_file_of_certificate_authorities_without_a_certificate_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("no.pem"), "no certificate").unwrap();
        let config = folder.path().join("postlude.toml");
        std::fs::write(&config, "[server.outbound]\nca_file = \"no.pem\"\n").unwrap();
        let mut draft = Draft::read(&config, &Environment::process()).unwrap();
        check_trust_roots(&mut draft);
        let problems = draft.bind(Found::new(), &Environment::process(), own_keys::make).unwrap_err().to_string();
        assert!(problems.contains("the file has no certificate") && problems.contains("no.pem"), "{problems}");
    }
}
