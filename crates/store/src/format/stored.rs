//! What a type must say to be stored: its kind, the version that is written, and how each version is read.

use super::kind::RecordKind;
use postlude_model::json::JsonError;
use postlude_model::names::NameError;
use serde::{Deserialize, Serialize};

/// A value of the domain that has a stored format.
pub(crate) trait Stored: Sized + Send + 'static {
    /// What the record is.
    const KIND: RecordKind;
    /// The newest version: the one that is written.
    const VERSION: u8;

    /// Appends the value in the newest version.
    ///
    /// # Errors
    /// When the format cannot express the value.
    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error>;

    /// Reads a value of any version up to the newest.
    ///
    /// # Errors
    /// When the bytes are not a value of that version, or the version is unknown.
    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError>;
}

/// Why stored bytes are not a value. Their MAC was right, so this program, or another version of it, wrote them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    /// The bytes do not have the version's layout.
    #[error("its layout is not that of its version: {0}")]
    Layout(#[from] postcard::Error),
    /// A name in it breaks the rule for such names.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A JSON text in it cannot be read.
    #[error("a JSON text in it cannot be read: {0}")]
    Json(#[from] JsonError),
    /// This program does not know the version.
    #[error("version {0} is not known")]
    Version(u8),
}

/// Appends a stored type.
pub(crate) fn append<T: Serialize>(value: &T, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_extend(value, to)
}

/// Reads a stored type, which may borrow from the bytes.
pub(crate) fn parse<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, DecodeError> {
    Ok(postcard::from_bytes(body)?)
}
