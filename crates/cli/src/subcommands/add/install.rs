//! The files of a plugin that is added, and the configuration that takes the place of the present one.

use crate::atomic;
use crate::registry::Plugin;
use anyhow::{Context as _, Result, anyhow, bail};
use postlude_config::{Tenant, signature_file};
use postlude_registry::Artifact;
use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Where a tenant's plugins lie that has none yet.
const FOLDER: &str = "plugins";
/// Hexadecimal digits of the digest in a file's name: a file of that name has that content, so that the present one stays until the configuration is changed.
const DIGITS: usize = 12;
/// Characters of a version in a file's name.
const VERSION: usize = 32;

/// Where a plugin goes.
#[derive(Debug)]
pub(super) struct Installation {
    file: PathBuf,
    in_config: String,
    /// What was written, and is taken back when the configuration is not changed.
    written: RefCell<Vec<PathBuf>>,
}

impl Installation {
    /// Beside the tenant's other plugins, or in `plugins` beside the configuration.
    pub(super) fn plan(config: &Path, tenant: &Tenant, plugin: &Plugin) -> Result<Self> {
        let base = base(config)?;
        let beside = tenant.plugins.values().find_map(|present| {
            let folder = present.path.parent()?.strip_prefix(&base).ok()?;
            Some(folder.to_owned())
        });
        let folder = beside.unwrap_or_else(|| PathBuf::from(FOLDER));
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-') { c } else { '-' };
        let version: String = plugin.manifest.version.chars().take(VERSION).map(plain).collect();
        let hex = plugin.inspection.digest.hex();
        let name = format!("{}-{version}-{}.wasm", plugin.manifest.name, hex.get(..DIGITS).unwrap_or(&hex));
        let in_config = folder.join(name);
        let file = base.join(&in_config);
        let in_config = in_config.to_str().ok_or_else(|| anyhow!("`{}` is not UTF-8", in_config.display()))?.to_owned();
        Ok(Self { file, in_config, written: RefCell::default() })
    }

    /// The file as the configuration names it.
    pub(super) fn path_in_config(&self) -> &str {
        &self.in_config
    }

    /// The file.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Writes the plugin and its signature; the content of a file that is there is the same, or it is refused.
    pub(super) fn write_files(&self, artifact: &Artifact) -> Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).with_context(|| format!("the folder `{}` cannot be made", folder.display()))?;
        if fs::read(&self.file).is_ok_and(|present| present != artifact.plugin) {
            bail!("`{}` is there already, with other content: move it away", self.file.display());
        }
        let signature = artifact.signature.as_deref().unwrap_or_default();
        let files =
            [(self.file.clone(), artifact.plugin.as_slice()), (signature_file(&self.file), signature.as_bytes())];
        for (path, bytes) in files {
            if fs::read(&path).is_ok_and(|present| present == bytes) {
                continue;
            }
            let is_new = !path.exists();
            let outcome = atomic::write(&path, bytes, 0o644);
            if is_new && outcome.is_ok() {
                self.written.borrow_mut().push(path);
            }
            if outcome.is_err() {
                self.take_back();
            }
            outcome?;
        }
        Ok(())
    }

    /// Removes what was written.
    pub(super) fn take_back(&self) {
        self.written.borrow_mut().drain(..).for_each(|path| drop(fs::remove_file(path)));
    }
}

/// The folder from which the configuration's paths are meant.
fn base(config: &Path) -> Result<PathBuf> {
    let absolute = std::path::absolute(config).with_context(|| format!("`{}`", config.display()))?;
    Ok(absolute.parent().unwrap_or(Path::new("/")).to_owned())
}

/// A file as the configuration names it: relative below its folder, else absolute.
pub(super) fn relative(path: &Path, config: &Path) -> Result<String> {
    let absolute = std::path::absolute(path).with_context(|| format!("`{}`", path.display()))?;
    let base = base(config)?;
    let named = absolute.strip_prefix(&base).unwrap_or(&absolute);
    named.to_str().map(str::to_owned).ok_or_else(|| anyhow!("`{}` is not UTF-8", path.display()))
}

/// Puts the changed configuration in the place of the present one, unless somebody else changed it meanwhile.
pub(super) fn exchange(config: &Path, present: &str, changed: &str) -> Result<()> {
    // A link stays one.
    let path = fs::canonicalize(config).with_context(|| format!("cannot read `{}`", config.display()))?;
    let mode = fs::metadata(&path).map(|metadata| metadata.permissions().mode() & 0o777).unwrap_or(0o644);
    if fs::read_to_string(&path).ok().as_deref() != Some(present) {
        bail!("`{}` was changed by somebody else meanwhile: nothing was written; try again", config.display());
    }
    atomic::write(&path, changed.as_bytes(), mode)
}
