//! Checks before compiling: cheap ones first, so that a hostile file costs little before it is refused.

pub mod declared;
pub mod error;
mod exports;
mod features;
pub mod form;
pub mod imports;
pub mod manifest;
mod structure;

use crate::engine::EngineKind;
use crate::tier::Tier;
use error::LoadError;
use imports::Imports;
use postlude_model::manifest::Manifest;

/// What the checks found out.
#[derive(Debug)]
pub struct Checked {
    /// The manifest.
    pub manifest: Manifest,
    /// The imported functions of the contract, as `interface.function`, sorted.
    pub imports: Vec<String>,
    /// The imported interfaces of WASI.
    pub wasi: Vec<String>,
    /// The component's tier.
    pub tier: Tier,
    /// The engine that compiles and runs it.
    pub engine: EngineKind,
}

/// Checks a file.
///
/// # Errors
/// The first reason why this host does not run it.
pub fn check(bytes: &[u8]) -> Result<Checked, LoadError> {
    form::component(bytes)?;
    let names = imports::names(bytes)?;
    let tier = Tier::of_imports(&names);
    form::size(bytes, tier.limits().component_bytes)?;
    structure::check(bytes, tier.limits())?;
    let (types, engine) = features::validate(bytes)?;
    let Imports { functions: imports, wasi, .. } = imports::check(&names, types.as_ref())?;
    let manifest = manifest::read(bytes)?;
    exports::check(types.as_ref(), engine, manifest.abi)?;
    declared::check(&imports, &manifest)?;
    Ok(Checked { manifest, imports, wasi, tier, engine })
}
