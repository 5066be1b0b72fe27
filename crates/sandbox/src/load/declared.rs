//! Compares what a component imports with what its manifest declares.

use super::LoadError;
use super::error::Undeclared;
use postlude_model::manifest::Manifest;

/// Refuses imported functions that need a declaration which the manifest lacks: they could only ever answer
/// `not-granted`, and the operator who reads the manifest would not expect them.
pub fn check(imports: &[String], manifest: &Manifest) -> Result<(), LoadError> {
    let missing: Vec<Undeclared> = imports
        .iter()
        .filter_map(|function| {
            let (field, declared) = needs(function, manifest)?;
            (!declared).then(|| Undeclared { function: function.clone(), field })
        })
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(LoadError::Undeclared(missing)) }
}

/// The manifest's field that a function needs, and whether it says anything.
fn needs(function: &str, manifest: &Manifest) -> Option<(&'static str, bool)> {
    let asked = &manifest.capabilities;
    Some(match function {
        "event.get" => ("capabilities.event", !asked.event.is_empty()),
        "secrets.get" => ("capabilities.secrets", !asked.secrets.is_empty()),
        "http.send" => ("capabilities.hosts", !asked.hosts.is_empty()),
        "claims.set-id-token" | "claims.set-access-token" => ("capabilities.claims", !asked.claims.is_empty()),
        "claims.add-scope" | "claims.remove-scope" => ("capabilities.scopes", !asked.scopes.is_empty()),
        "user.set-app-metadata" => ("capabilities.app_metadata", !asked.app_metadata.is_empty()),
        "user.set-user-metadata" => ("capabilities.user_metadata", !asked.user_metadata.is_empty()),
        "session.record-factor" => ("factors", !manifest.factors.is_empty()),
        name if name.starts_with("keys.") => ("capabilities.keys", !asked.keys.is_empty()),
        _ => return None,
    })
}
