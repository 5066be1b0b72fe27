//! Compiled code as bytes: made in one process, kept on a disk, loaded in another.
//!
//! ```text
//! "postlude code 2\n" | engine 32 | digest 32 | size 8 | kind 1 | manifest | imports | machine code
//! ```
//! Numbers are big-endian; manifest and imports (a line each) have their length, 4 bytes, before them. The machine code is
//! wasmtime's own ELF image. The format is private to one version of this program: the engine's identity covers it.

use crate::digest::digest;
use crate::engine::{EngineError, EngineKind, compiler};
use crate::load::error::LoadError;
use crate::load::{check, manifest};
use crate::tier::Tier;
use postlude_model::names::Digest;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::hash::{Hash, Hasher};
use wasmtime::Engine;
use wasmtime::component::Component;

/// The first bytes. The number counts changes of this format, and of what the load check refuses.
const MAGIC: &[u8] = b"postlude code 2\n";

/// Machine code that its caller vouches for: it runs in this process as it is, outside of every sandbox. It must be what
/// [`precompile`] or [`crate::Sandbox::compile`] returned, unchanged: straight from the process that compiled it, or read
/// from a disk into private memory and authenticated there. Anything else is arbitrary code in the server.
#[derive(Clone, Copy)]
pub struct Vouched<'c>(&'c [u8]);

impl<'c> Vouched<'c> {
    /// Vouches for some bytes; see the type for what that means.
    #[must_use]
    pub const fn new(code: &'c [u8]) -> Self {
        Self(code)
    }

    pub(crate) const fn bytes(self) -> &'c [u8] {
        self.0
    }
}

impl fmt::Debug for Vouched<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vouched({} bytes)", self.0.len())
    }
}

/// What machine code is made for: the version of this program and of wasmtime, every setting of the engine that code
/// depends on, and what the processor can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineId([u8; 32]);

impl EngineId {
    /// The identity of both engines of this program on this processor.
    pub(crate) fn new(source_lines: bool) -> Result<Self, EngineError> {
        let engine = |kind| compiler(kind, source_lines);
        Ok(Self::of([&engine(EngineKind::Sync)?, &engine(EngineKind::Async)?]))
    }

    fn of(engines: [&Engine; 2]) -> Self {
        let mut hasher = Sha(Sha256::new());
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        MAGIC.hash(&mut hasher);
        for engine in engines {
            // Holds wasmtime's whole version, so that a repaired compiler compiles anew.
            engine.precompile_compatibility_hash().hash(&mut hasher);
        }
        Self(hasher.0.finalize().into())
    }

    /// The identity's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// SHA-256 as a hasher of Rust values: 64 bits would be too few to tell engines apart for certain.
struct Sha(Sha256);

impl Hasher for Sha {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        u64::from_be_bytes(self.0.clone().finalize().first_chunk().copied().unwrap_or_default())
    }
}

/// Why code is not loaded. Compile the component again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// The code was made by another version, under other settings, or for another processor.
    #[error("the code was compiled by another version of Postlude or for another processor")]
    OtherEngine,
    /// The code was made from another component.
    #[error("the code was compiled from the component `{0}`")]
    OtherComponent(Digest),
    /// The code is cut off or damaged.
    #[error("the code cannot be read: {0}")]
    Broken(String),
}

/// Checks a component and compiles it on an engine of its own that starts no thread and reserves no address space: for a
/// process that is limited and then thrown away. Returns code for [`crate::Sandbox::load_code`].
///
/// # Errors
/// When the component is refused or does not compile. An engine that does not start is a [`LoadError::Compile`] too.
pub fn precompile(bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
    compile(EngineId::new(false).map_err(LoadError::engine)?, bytes, |kind| compiler(kind, false))
}

/// Checks a component and compiles it on the engine that it needs.
pub fn compile(
    id: EngineId,
    bytes: &[u8],
    engine: impl FnOnce(EngineKind) -> Result<Engine, EngineError>,
) -> Result<Vec<u8>, LoadError> {
    let checked = check(bytes)?;
    let manifest = manifest::text(bytes)?;
    let engine = engine(checked.engine).map_err(LoadError::engine)?;
    let machine = engine.precompile_component(bytes).map_err(|e| LoadError::Compile(format!("{e:#}")))?;
    let imports = checked.imports.join("\n");
    let mut out = Vec::with_capacity(machine.len() + manifest.len() + imports.len() + 128);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(digest(bytes).as_bytes());
    out.extend_from_slice(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    out.push(kind(checked.tier, checked.engine));
    for part in [manifest, imports.as_bytes()] {
        // A component has 32 MiB at most, so every part of it has fewer than 4 GiB.
        out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(part);
    }
    out.extend_from_slice(&machine);
    Ok(out)
}

/// Code that was taken apart into its parts.
#[derive(Debug)]
pub struct Code<'c> {
    /// The manifest's text.
    pub manifest: &'c [u8],
    /// Bytes of the component's file.
    pub size: usize,
    /// The component's tier.
    pub tier: Tier,
    /// The engine that runs it.
    pub engine: EngineKind,
    imports: &'c str,
    machine: &'c [u8],
}

impl<'c> Code<'c> {
    /// Takes code apart. It must have been made for this engine and from this component.
    pub fn read(bytes: &'c [u8], engine: &EngineId, digest: &Digest) -> Result<Self, CodeError> {
        let broken = || CodeError::Broken("the file is cut off".to_owned());
        let rest = bytes.strip_prefix(MAGIC).ok_or(CodeError::OtherEngine)?;
        let (of_engine, rest) = rest.split_first_chunk::<32>().ok_or_else(broken)?;
        if of_engine != engine.as_bytes() {
            return Err(CodeError::OtherEngine);
        }
        let (of_component, rest) = rest.split_first_chunk::<32>().ok_or_else(broken)?;
        if of_component != digest.as_bytes() {
            return Err(CodeError::OtherComponent(Digest::from_bytes(*of_component)));
        }
        let (size, rest) = rest.split_first_chunk::<8>().ok_or_else(broken)?;
        let (kind, rest) = rest.split_first().ok_or_else(broken)?;
        let (tier, of_kind) =
            of_kind(*kind).ok_or_else(|| CodeError::Broken(format!("it has the unknown kind {kind}")))?;
        let (manifest, rest) = part(rest).ok_or_else(broken)?;
        let (imports, machine) = part(rest).ok_or_else(broken)?;
        let imports = std::str::from_utf8(imports).map_err(|e| CodeError::Broken(e.to_string()))?;
        let size = usize::try_from(u64::from_be_bytes(*size)).map_err(|e| CodeError::Broken(e.to_string()))?;
        Ok(Self { manifest, size, tier, engine: of_kind, imports, machine })
    }

    /// The imported functions, sorted.
    pub fn imports(&self) -> Vec<String> {
        self.imports.lines().map(str::to_owned).collect()
    }

    /// The component, ready to be linked.
    #[expect(unsafe_code, reason = "wasmtime cannot check machine code; `Vouched` says who did")]
    pub fn component(&self, engine: &Engine) -> Result<Component, CodeError> {
        // SAFETY: the bytes came in as `Vouched`: they are what wasmtime's `precompile_component` returned to this program,
        // on an engine with the same identity.
        unsafe { Component::deserialize(engine, self.machine) }.map_err(|e| CodeError::Broken(format!("{e:#}")))
    }
}

/// A byte for a component's tier and engine.
const fn kind(tier: Tier, engine: EngineKind) -> u8 {
    let tier = match tier {
        Tier::ZeroWasi | Tier::Unknown => 0,
        Tier::ClosedWasi => 1,
    };
    match engine {
        EngineKind::Sync => tier,
        EngineKind::Async => tier | 2,
    }
}

const fn of_kind(kind: u8) -> Option<(Tier, EngineKind)> {
    match kind {
        0 => Some((Tier::ZeroWasi, EngineKind::Sync)),
        1 => Some((Tier::ClosedWasi, EngineKind::Sync)),
        2 => Some((Tier::ZeroWasi, EngineKind::Async)),
        3 => Some((Tier::ClosedWasi, EngineKind::Async)),
        _ => None,
    }
}

fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{SandboxConfig, engine};

    /// What the small engine of the compiling process makes is for the pooled engine of the server, and for no other.
    #[test]
    fn both_engines_make_the_same_code() {
        let pooled = |kind| engine(kind, &SandboxConfig::single(), 2).unwrap();
        let (sync, awaiting) = (pooled(EngineKind::Sync), pooled(EngineKind::Async));
        let pooled = EngineId::of([&sync, &awaiting]);
        assert_eq!(EngineId::new(false).unwrap(), pooled);
        assert_ne!(EngineId::new(true).unwrap(), pooled);
        let other = Engine::new(wasmtime::Config::new().consume_fuel(true)).unwrap();
        for others in [[&other, &awaiting], [&sync, &other], [&sync, &sync]] {
            assert_ne!(EngineId::of(others), pooled);
        }
    }
}
