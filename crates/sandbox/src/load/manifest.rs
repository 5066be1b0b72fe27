//! Finds the manifest's custom section: exactly one, at the outermost level.

use super::error::LoadError;
use super::form;
use super::structure::malformed;
use postlude_model::limits::MANIFEST_BYTES;
use postlude_model::manifest::{Manifest, SECTION};
use wasmparser::{Parser, Payload};

/// Reads the manifest of a component file without validating or compiling the rest of it.
///
/// # Errors
/// When the file is no component, has no manifest of its own or more than one, or the manifest is not acceptable.
pub fn manifest_section(bytes: &[u8]) -> Result<Manifest, LoadError> {
    form::component(bytes)?;
    read(bytes)
}

/// The manifest of what is known to be a component.
pub fn read(bytes: &[u8]) -> Result<Manifest, LoadError> {
    Ok(Manifest::parse(text(bytes)?)?)
}

/// The section's content, not yet parsed.
pub fn text(bytes: &[u8]) -> Result<&[u8], LoadError> {
    let (mut depth, mut nested, mut found) = (0_u32, false, Vec::new());
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(malformed)? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if section.name() == SECTION => {
                if depth == 1 {
                    found.push(section.data())
                } else {
                    nested = true
                }
            }
            _ => {}
        }
    }
    match found.as_slice() {
        _ if nested => Err(LoadError::ManifestNested),
        [] => Err(LoadError::NoManifest),
        [text] if text.len() > MANIFEST_BYTES => Err(LoadError::ManifestTooLarge(text.len())),
        [text] => Ok(text),
        more => Err(LoadError::ManifestRepeated(more.len())),
    }
}
