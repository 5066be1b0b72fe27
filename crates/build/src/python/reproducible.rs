//! The library that makes builds of Python plugins equal, which the build program of the SDK has linked into the plugin.

use crate::error::BuildError;

/// The library as text, which says what it does.
const TEXT: &str = include_str!("reproducible.wat");

/// The library as a WebAssembly module.
///
/// # Errors
/// When the text in this program is malformed.
pub(super) fn library() -> Result<Vec<u8>, BuildError> {
    wat::parse_str(TEXT)
        .map_err(|why| BuildError::Project(format!("the library for reproducible builds is malformed: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_has_one_place_for_the_seed_and_both_of_its_exports() {
        let bytes = library().unwrap();
        wasmparser::Validator::new().validate_all(&bytes).unwrap();
        let times = |text: &[u8]| bytes.windows(text.len()).filter(|window| window == &text).count();
        assert_eq!(times(b"PYTHONHASHSEED\x000000000000\x00"), 1);
        assert_eq!(times(b"PyInit_postlude_reproducible"), 1);
        assert_eq!(times(b"__wasm_call_ctors"), 1);
    }
}
