//! Version 1 of the stored list of bypasses. Frozen: it is never changed, only followed by another version.

use crate::format::common::v1::Bypass;
use crate::format::stored::DecodeError;
use postlude_model::policy::bypass;
use serde::{Deserialize, Serialize};

/// A user's bypasses, oldest first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Bypasses<'a>(#[serde(borrow)] Vec<Bypass<'a>>);

impl<'a> From<&'a [bypass::Bypass]> for Bypasses<'a> {
    fn from(bypasses: &'a [bypass::Bypass]) -> Self {
        Self(bypasses.iter().map(Bypass::from).collect())
    }
}

impl TryFrom<Bypasses<'_>> for Vec<bypass::Bypass> {
    type Error = DecodeError;
    fn try_from(stored: Bypasses<'_>) -> Result<Self, DecodeError> {
        stored.0.into_iter().map(TryInto::try_into).collect()
    }
}
