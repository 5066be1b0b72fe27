//! From a configuration file to plugins that can run, with everything that is wrong said at once.

use crate::config::{self, Checked, Environment, Problem, Problems};
use postlude_model::names::Digest;
use postlude_sandbox::{Plugin, Sandbox};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

/// A configuration that holds together, with its plugins compiled.
#[derive(Debug)]
pub struct Loaded {
    pub(crate) checked: Checked,
    pub(crate) plugins: HashMap<Digest, Plugin>,
}

impl Loaded {
    /// What a person should look at.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.checked.warnings
    }

    /// What would be served, in a line.
    #[must_use]
    pub fn summary(&self) -> String {
        let actions: usize = self.checked.tenants.iter().map(|tenant| tenant.actions.len()).sum();
        let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        let (tenants, plugins) = (count(self.checked.tenants.len(), "tenant"), count(self.plugins.len(), "plugin"));
        format!("{tenants}, {}, {plugins}", count(actions, "action"))
    }
}

/// Reads and checks a configuration file and compiles the plugins that it names. Changes nothing.
///
/// # Errors
/// Every mistake at once.
pub fn load(file: &Path, sandbox: &Sandbox, environment: &Environment) -> Result<Loaded, Problems> {
    let compiled = RefCell::new(HashMap::new());
    let inspect = |bytes: &[u8]| match sandbox.load(bytes) {
        Ok(plugin) => {
            let manifest = plugin.manifest().clone();
            compiled.borrow_mut().insert(plugin.digest(), plugin);
            Ok(manifest)
        }
        Err(why) => Err(vec![why.to_string()]),
    };
    let checked = config::check(file, environment, &inspect)?;
    Ok(Loaded { checked, plugins: compiled.into_inner() })
}
