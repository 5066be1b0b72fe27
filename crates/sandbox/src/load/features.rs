//! Validates a component under the features that are on, and names the one that a refused component needs.

use super::error::LoadError;
use super::structure::malformed;
use crate::engine::EngineKind;
use wasmparser::types::Types;
use wasmparser::{Validator, WasmFeatures};

/// What guests may use: WebAssembly 2.0, tail calls, extended constant expressions, and the component model.
const ON: WasmFeatures = WasmFeatures::WASM2
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::COMPONENT_MODEL);

/// What is off, by the names that people know.
const OFF: [(&str, WasmFeatures); 17] = [
    ("threads", WasmFeatures::THREADS),
    ("shared-everything-threads", WasmFeatures::SHARED_EVERYTHING_THREADS.union(WasmFeatures::THREADS)),
    ("memory64", WasmFeatures::MEMORY64),
    ("multi-memory", WasmFeatures::MULTI_MEMORY),
    ("exceptions", WasmFeatures::EXCEPTIONS),
    ("legacy-exceptions", WasmFeatures::LEGACY_EXCEPTIONS.union(WasmFeatures::EXCEPTIONS)),
    ("function-references", WasmFeatures::FUNCTION_REFERENCES),
    ("gc", WasmFeatures::GC.union(WasmFeatures::FUNCTION_REFERENCES)),
    ("stack-switching", WasmFeatures::STACK_SWITCHING.union(WasmFeatures::FUNCTION_REFERENCES)),
    ("relaxed-simd", WasmFeatures::RELAXED_SIMD),
    ("custom-page-sizes", WasmFeatures::CUSTOM_PAGE_SIZES),
    ("wide-arithmetic", WasmFeatures::WIDE_ARITHMETIC),
    ("component-model-async", ASYNC),
    ("component-model-error-context", WasmFeatures::CM_ERROR_CONTEXT),
    ("component-model-gc", WasmFeatures::CM_GC),
    ("component-model-values", WasmFeatures::CM_VALUES),
    ("component-model-fixed-length-lists", WasmFeatures::CM_FIXED_LENGTH_LISTS),
];

/// What a component may use besides whose exports are async functions. The rest of [`ASYNC`] is further from being done.
const AWAITING: WasmFeatures = WasmFeatures::CM_ASYNC;

const ASYNC: WasmFeatures = WasmFeatures::CM_ASYNC
    .union(WasmFeatures::CM_ASYNC_STACKFUL)
    .union(WasmFeatures::CM_MORE_ASYNC_BUILTINS)
    .union(WasmFeatures::CM_THREADING);

/// Validates everything, function bodies too, and says which engine has the features that are used.
pub fn validate(bytes: &[u8]) -> Result<(Types, EngineKind), LoadError> {
    let error = match with(ON, bytes) {
        Ok(types) => return Ok((types, EngineKind::Sync)),
        Err(error) => error,
    };
    if let Ok(types) = with(ON.union(AWAITING), bytes) {
        return Ok((types, EngineKind::Async));
    }
    let needed = needed(bytes);
    Err(if needed.is_empty() { malformed(error) } else { LoadError::Features(needed) })
}

fn with(features: WasmFeatures, bytes: &[u8]) -> Result<Types, wasmparser::BinaryReaderError> {
    Validator::new_with_features(features).validate_all(bytes)
}

/// The features without which the component is not valid; none where it is not valid with all of them.
fn needed(bytes: &[u8]) -> Vec<&'static str> {
    let on = ON.union(AWAITING);
    let all = OFF.iter().fold(on, |all, (_, feature)| all.union(*feature));
    if with(all, bytes).is_err() {
        return Vec::new();
    }
    // One feature alone is the usual case, and names it more exactly than leaving each one out does.
    if let Some((name, _)) = OFF.iter().find(|(_, feature)| with(on.union(*feature), bytes).is_ok()) {
        return vec![name];
    }
    let without = |feature: WasmFeatures| with(all.difference(feature).union(on), bytes).is_err();
    OFF.iter().filter(|(_, feature)| without(*feature)).map(|(name, _)| *name).collect()
}
