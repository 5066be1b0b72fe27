//! Looks at a file without compiling it: what a person wants to know before it is loaded, also of a file that never will be.

use crate::digest::digest;
use crate::load::error::LoadError;
use crate::load::{check, form, imports, manifest};
use crate::tier::Tier;
use postlude_model::manifest::Manifest;
use postlude_model::names::Digest;

/// What can be said of a file without compiling it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The SHA-256 digest of the file.
    pub digest: Digest,
    /// Bytes of the file.
    pub size: usize,
    /// The manifest, or why there is none.
    pub manifest: Result<Manifest, LoadError>,
    /// The contract's functions that the component imports, as `interface.function`, sorted.
    pub imports: Vec<String>,
    /// The interfaces of WASI that the component imports, and that this host offers, shut.
    pub wasi: Vec<String>,
    /// What else the component imports, by name.
    pub foreign: Vec<String>,
    /// The component's tier.
    pub tier: Tier,
    /// Why this host would not load it, if it would not. Compiling may still fail.
    pub refused: Option<LoadError>,
}

/// Inspects a file. Never compiles or runs anything of it; takes milliseconds.
#[must_use]
pub fn inspect(bytes: &[u8]) -> Inspection {
    let (digest, size) = (digest(bytes), bytes.len());
    match check(bytes) {
        Ok(checked) => Inspection {
            digest,
            size,
            manifest: Ok(checked.manifest),
            imports: checked.imports,
            wasi: checked.wasi,
            foreign: Vec::new(),
            tier: checked.tier,
            refused: None,
        },
        Err(why) => refused(bytes, digest, why),
    }
}

/// The tier of a plugin's file that was accepted before: nothing else of it is looked at.
#[must_use]
pub fn tier_of(bytes: &[u8]) -> Tier {
    imports::names(bytes).map_or(Tier::Unknown, |names| Tier::of_imports(&names))
}

/// As much as can be said of a file that is not loaded.
fn refused(bytes: &[u8], digest: Digest, why: LoadError) -> Inspection {
    let component = form::component(bytes);
    let listed = component.as_ref().ok().and_then(|()| imports::list(bytes).ok());
    let tier = match &listed {
        Some(listed) if listed.foreign.is_empty() => Tier::of_imports(&listed.wasi),
        _ => Tier::Unknown,
    };
    let listed = listed.unwrap_or_default();
    Inspection {
        digest,
        size: bytes.len(),
        manifest: component.and_then(|()| manifest::read(bytes)),
        imports: listed.functions,
        wasi: listed.wasi,
        foreign: listed.foreign,
        tier,
        refused: Some(why),
    }
}
