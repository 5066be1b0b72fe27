//! Looks at a file without compiling it: what a person wants to know before it is loaded, also of a file that never will be.

use crate::digest::digest;
use crate::load::error::LoadError;
use crate::load::{check, form, imports, manifest};
use postlude_model::manifest::Manifest;
use postlude_model::names::Digest;

/// What a component asks of its host, as its imports say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// The component imports nothing but the contract.
    ZeroWasi,
    /// The component imports WASI too, which this host does not offer yet.
    ClosedWasi,
    /// The component imports what no Postlude offers, or the file is not a component.
    Unknown,
}

impl Tier {
    /// The tier's name for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ZeroWasi => "zero WASI",
            Self::ClosedWasi => "closed WASI",
            Self::Unknown => "unknown",
        }
    }
}

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
            foreign: Vec::new(),
            tier: Tier::ZeroWasi,
            refused: None,
        },
        Err(why) => refused(bytes, digest, why),
    }
}

/// As much as can be said of a file that is not loaded.
fn refused(bytes: &[u8], digest: Digest, why: LoadError) -> Inspection {
    let component = form::component(bytes);
    let listed = component.as_ref().ok().and_then(|()| imports::list(bytes).ok());
    let tier = match &listed {
        Some(listed) if listed.foreign.is_empty() && listed.wasi.is_empty() => Tier::ZeroWasi,
        Some(listed) if listed.foreign.is_empty() => Tier::ClosedWasi,
        _ => Tier::Unknown,
    };
    let listed = listed.unwrap_or_default();
    Inspection {
        digest,
        size: bytes.len(),
        manifest: component.and_then(|()| manifest::read(bytes)),
        imports: listed.functions,
        foreign: listed.foreign.into_iter().chain(listed.wasi).collect(),
        tier,
        refused: Some(why),
    }
}
