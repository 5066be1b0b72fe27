//! Compares what a component imports with what its manifest declares.

use super::error::{LoadError, Undeclared};
use crate::abi::functions;
use postlude_model::manifest::Manifest;

/// Refuses imported functions that need a declaration which the manifest lacks: they could only ever answer
/// `not-granted`, and the operator who reads the manifest would not expect them.
pub fn check(imports: &[String], manifest: &Manifest) -> Result<(), LoadError> {
    let missing: Vec<Undeclared> = imports
        .iter()
        .filter_map(|import| {
            let function = functions(manifest.abi).iter().find(|function| function.is(import))?;
            let (field, declared) = function.needs.field(manifest)?;
            (!declared).then(|| Undeclared { function: import.clone(), field })
        })
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(LoadError::Undeclared(missing)) }
}
