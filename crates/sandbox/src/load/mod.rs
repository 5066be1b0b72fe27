//! Checks before compiling: cheap ones first, so that a hostile file costs little before it is refused.

pub mod declared;
pub mod error;
mod exports;
mod features;
pub mod form;
pub mod imports;
pub mod manifest;
mod structure;

use error::LoadError;
use postlude_model::manifest::Manifest;

/// What the checks found out.
#[derive(Debug)]
pub struct Checked {
    /// The manifest.
    pub manifest: Manifest,
    /// The imported functions, as `interface.function`, sorted.
    pub imports: Vec<String>,
}

/// Checks a file.
///
/// # Errors
/// The first reason why this host does not run it.
pub fn check(bytes: &[u8]) -> Result<Checked, LoadError> {
    form::component(bytes)?;
    structure::check(bytes)?;
    let types = features::validate(bytes)?;
    let imports = imports::check(bytes, types.as_ref())?;
    let manifest = manifest::read(bytes)?;
    exports::check(types.as_ref(), manifest.abi)?;
    declared::check(&imports, &manifest)?;
    Ok(Checked { manifest, imports })
}
