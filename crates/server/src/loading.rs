//! From a configuration file to plugins that can run, with everything that is wrong said at once.

use crate::config::{self, Checked, Environment, Problem, Problems, Severity};
use postlude_model::action::ActionSpec;
use postlude_model::names::Digest;
use postlude_sandbox::{LoadError, Plugin, Sandbox};
use std::cell::RefCell;
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

    /// What would be served, in a line.
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

    /// The same without those that are known to start.
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
pub fn load(file: &Path, sandbox: &Sandbox, environment: &Environment) -> Result<Loaded, Problems> {
    load_with(file, environment, &|bytes| sandbox.load(bytes))
}

/// The same with a compiler of the caller's.
pub(crate) fn load_with(
    file: &Path,
    environment: &Environment,
    compile: &dyn Fn(&[u8]) -> Result<Plugin, LoadError>,
) -> Result<Loaded, Problems> {
    let compiled = RefCell::new(HashMap::new());
    let inspect = |bytes: &[u8]| match compile(bytes) {
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
