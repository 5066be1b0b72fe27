//! Whether a host would take a changed configuration: it is loaded as `postlude check` does, before it takes anything's place.

use crate::subcommands::compile_worker;
use anyhow::{Context as _, Result, bail};
use postlude_config::Environment;
use postlude_host::Compiler;
use postlude_sandbox::Sandbox;
use std::io::Write as _;
use std::path::Path;

/// Loads the changed configuration; mistakes that the present one has as well are not its own.
pub(super) fn must_be_accepted(config: &Path, changed: &str, environment: &Environment) -> Result<()> {
    let folder = config.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // In the same folder: the paths in it are meant from there.
    let trial = tempfile::Builder::new().prefix(".postlude-add-").suffix(".toml").tempfile_in(folder);
    let mut trial = trial.with_context(|| format!("the folder `{}` cannot be written to", folder.display()))?;
    trial.write_all(changed.as_bytes()).with_context(|| format!("`{}` was not written", trial.path().display()))?;
    let mistakes = mistakes(trial.path(), environment)?;
    if mistakes.is_empty() {
        return Ok(());
    }
    let present = self::mistakes(config, environment)?;
    let new: Vec<_> = mistakes.into_iter().filter(|mistake| !present.contains(mistake)).collect();
    if new.is_empty() {
        return Ok(());
    }
    bail!("a host would refuse the configuration with this plugin, and nothing was written:\n  {}", new.join("\n  "))
}

fn mistakes(config: &Path, environment: &Environment) -> Result<Vec<String>> {
    let compiler = Compiler::new(Sandbox::new(Default::default())?, compile_worker::compilation()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let told = |problem: &postlude_config::Problem| match &problem.hint {
        Some(hint) => format!("{}\n    hint: {}", problem.message, hint.replace('\n', "\n    ")),
        None => problem.message.clone(),
    };
    match runtime.block_on(postlude_host::load(config, &compiler, environment)) {
        Ok(_) => Ok(Vec::new()),
        Err(problems) => Ok(problems.errors().map(told).collect()),
    }
}
