//! What kind of file it is, by its first bytes and its size.

use super::error::LoadError;
use postlude_model::limits;

/// Accepts component binaries alone, by the largest size of any tier and first bytes (the component model's binary format: `\0asm`, version 13,
/// layer 1). Looks no further, so it costs nothing.
///
/// # Errors
/// What kind of file it is instead; precompiled machine code has an error of its own.
pub fn component(bytes: &[u8]) -> Result<(), LoadError> {
    size(bytes, limits::CLOSED_WASI_COMPONENT_BYTES)?;
    match bytes {
        [0, b'a', b's', b'm', 13, 0, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Err(LoadError::CoreModule),
        [0, b'a', b's', b'm', v0, v1, l0, l1, ..] => {
            Err(LoadError::Version { version: u16::from_le_bytes([*v0, *v1]), layer: u16::from_le_bytes([*l0, *l1]) })
        }
        [0, b'a', b's', b'm', ..] => Err(LoadError::Malformed("it ends within its first 8 bytes".to_owned())),
        [0x1f, 0x8b, ..] => Err(LoadError::Gzip),
        // What `wasmtime compile` writes is an ELF object.
        [0x7f, b'E', b'L', b'F', ..] => Err(LoadError::Precompiled),
        other if is_text(other) => Err(LoadError::Text),
        _ => Err(LoadError::NotWasm),
    }
}

/// Accepts files of this many bytes at most. What a file imports says how large it may be.
pub fn size(bytes: &[u8], limit: usize) -> Result<(), LoadError> {
    if bytes.len() > limit { Err(LoadError::TooLarge { size: bytes.len(), limit }) } else { Ok(()) }
}

/// Whether the file begins as WebAssembly text does, after white space and comments.
fn is_text(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let mut rest = text.trim_start();
    while let Some(comment) = rest.strip_prefix(";;") {
        rest = comment.split_once('\n').map_or("", |(_, after)| after).trim_start();
    }
    ["(component", "(module", "(;"].iter().any(|start| rest.starts_with(start))
}
