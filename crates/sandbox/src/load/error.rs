//! Why a file is not loaded, each reason with what to do about it.

use crate::abi::function::Needs;
use crate::engine::EngineError;
use crate::escape::escaped;
use postlude_model::abi::accepted_packages;
use postlude_model::limits;
use postlude_model::manifest::{self, ManifestError};

/// Why a file is not loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The file is larger than a plugin of its tier may be.
    #[error(
        "the file has {size} bytes, a plugin that imports {} may have {limit}; strip debug information, or build with \
         `opt-level = \"s\"`",
        if *.limit == limits::COMPONENT_BYTES { "no WASI" } else { "WASI" }
    )]
    TooLarge {
        /// Bytes of the file.
        size: usize,
        /// Bytes that it may have.
        limit: usize,
    },
    /// The file is not WebAssembly.
    #[error("the file is not WebAssembly; build a component with `postlude build`")]
    NotWasm,
    /// The file is WebAssembly text.
    #[error("the file is WebAssembly text; turn it into a binary with `wasm-tools parse`")]
    Text,
    /// The file is compressed.
    #[error("the file is compressed with gzip; decompress it first, plugins are loaded as they are")]
    Gzip,
    /// A module without the component around it.
    #[error("the file is a core module; make it a component with `postlude build`")]
    CoreModule,
    /// Machine code: it would run outside the sandbox.
    #[error(
        "the file is precompiled machine code, which is never loaded; give the `.wasm` component that it was made from"
    )]
    Precompiled,
    /// A version of the binary format that this host does not know.
    #[error(
        "the file is WebAssembly of the unknown version {version} and layer {layer}; build it with `postlude build`"
    )]
    Version {
        /// The version number.
        version: u16,
        /// 0: modules, 1: components.
        layer: u16,
    },
    /// The component is malformed or cut off.
    #[error("the component is malformed or cut off: {0}; build it again, or copy it again")]
    Malformed(String),
    /// The component needs parts of WebAssembly that are off.
    #[error("the component needs WebAssembly features that are off here: {}; build it without them", list(.0))]
    Features(Vec<&'static str>),
    /// The component has more parts than a run may have.
    #[error("the component has {count} {what}, a plugin may have {limit}; split it or simplify it")]
    TooMany {
        /// The parts.
        what: &'static str,
        /// How many there are.
        count: u64,
        /// How many there may be.
        limit: u64,
    },
    /// The component begins with more memory than any run may have.
    #[error(
        "the component begins with {} of memory, a plugin may have {} at most; link it with a smaller initial memory",
        size(*.bytes), size(*.limit)
    )]
    Memory {
        /// Bytes of its memories, as they begin.
        bytes: u64,
        /// Bytes that the operator can allow at most.
        limit: u64,
    },
    /// The component imports what this host does not offer, by name.
    #[error(
        "the component imports what this host does not offer: {}; a plugin may import `{}` and, of WASI 0.2, `cli`, \
         `clocks`, `filesystem`, `io`, `random` and `sockets`: build it for the contract's world `post-login`",
        list(.0), accepted_packages()
    )]
    Imports(Vec<String>),
    /// An import of ours whose type differs.
    #[error("the component does not fit this host's contract: {0}; build it against `{package}`", package = accepted_packages())]
    Link(String),
    /// An export is missing.
    #[error(
        "the component does not export `{0}`; a plugin exports `on-login` and `on-continue`: build it for the world `post-login`"
    )]
    ExportMissing(&'static str),
    /// An export has another type.
    #[error("the component exports `{name}` as `{found}`, the contract says `{expected}`; build it against `{package}`", package = accepted_packages())]
    ExportType {
        /// The export.
        name: &'static str,
        /// The export's type, as WIT text.
        found: String,
        /// The contract's type.
        expected: String,
    },
    /// No manifest.
    #[error("the component has no custom section `{section}`; add the manifest with `postlude build`", section = manifest::SECTION)]
    NoManifest,
    /// Two manifests.
    #[error("the component has {0} custom sections `{section}`, it must have one; build it again", section = manifest::SECTION)]
    ManifestRepeated(usize),
    /// The manifest is large, in bytes.
    #[error("the manifest has {0} bytes, {limit} are allowed; shorten the schema of its settings", limit = postlude_model::limits::MANIFEST_BYTES)]
    ManifestTooLarge(usize),
    /// A manifest within a nested component or module, where it would speak for something else.
    #[error("the custom section `{section}` is nested within the component; it belongs at the outermost level", section = manifest::SECTION)]
    ManifestNested,
    /// A manifest that is not acceptable.
    #[error("{0}; correct the manifest and build again")]
    Manifest(#[from] ManifestError),
    /// Imports that the manifest does not declare.
    #[error("{}", undeclared(.0))]
    Undeclared(Vec<Undeclared>),
    /// The engine refuses to compile it.
    #[error("the component does not compile: {0}")]
    Compile(String),
}

impl LoadError {
    /// The engine that the component needs does not start.
    pub(crate) fn engine(error: EngineError) -> Self {
        Self::Compile(error.to_string())
    }
}

/// Functions that are imported, and what the manifest lacks for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeclared {
    /// The functions, as `interface.function`.
    pub functions: Vec<String>,
    /// What the manifest must declare.
    pub needs: Needs,
}

/// What is called, what is not asked for, and the line to add.
fn undeclared(all: &[Undeclared]) -> String {
    let each = all.iter().map(|Undeclared { functions, needs }| {
        let (noun, line) = needs.example().unwrap_or_default();
        let within = if *needs == Needs::Factors { "" } else { " to `capabilities`" };
        let calls = list(functions);
        format!("calls {calls}, but its manifest does not ask for {noun}: add `{line}`{within} in manifest.json")
    });
    format!("the plugin {}", each.collect::<Vec<_>>().join("; it "))
}

/// A number of bytes as people write it; 64 KiB is a page, and no memory is less.
fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ => format!("{} KiB", bytes >> 10),
    }
}

/// Items of a list in a message, the first ones by name.
fn list<T: std::fmt::Display>(items: &[T]) -> String {
    const SHOWN: usize = 16;
    let mut text =
        items.iter().take(SHOWN).map(|item| format!("`{}`", escaped(&item.to_string()))).collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN {
        text.push_str(&format!(" and {} more", items.len() - SHOWN));
    }
    text
}
