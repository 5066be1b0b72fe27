//! Why a component keeps its shim.

use wasmparser::BinaryReaderError;

/// Why a component is left as `wit-component` made it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShimKept {
    /// No import of the component goes through a shim.
    #[error("there is none")]
    NoShim,
    /// The language's own tools made the component.
    #[error("the toolchain makes the component itself")]
    Toolchain,
    /// The component was not made by `wit-component` from one module, or by another version.
    #[error("the component has another form: {0}")]
    Form(&'static str),
    /// The module's debug information names addresses of its code, which would move.
    #[error("the module has debug information")]
    DebugInformation,
    /// The module's start function runs before its imports are there.
    #[error("the module has a start function")]
    Start,
    /// The module reads or changes tables by instruction, and would see the places of its imports there.
    #[error("the module has instructions that read or change its tables")]
    TableInstructions,
    /// The module imports a memory, a table or a global.
    #[error("the module imports something else than functions")]
    Imports,
    /// A file could not be read.
    #[error("the component cannot be read: {0}")]
    Malformed(String),
    /// What was made does not validate.
    #[error("the component without it would be invalid: {0}")]
    Invalid(String),
}

impl From<BinaryReaderError> for ShimKept {
    fn from(error: BinaryReaderError) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl From<wasm_encoder::reencode::Error<Self>> for ShimKept {
    fn from(error: wasm_encoder::reencode::Error<Self>) -> Self {
        match error {
            wasm_encoder::reencode::Error::UserError(kept) => kept,
            other => Self::Malformed(other.to_string()),
        }
    }
}

impl From<wasm_encoder::reencode::Error> for ShimKept {
    fn from(error: wasm_encoder::reencode::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}
