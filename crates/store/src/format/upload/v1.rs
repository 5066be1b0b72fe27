//! Version 1 of the stored note of an upload. Frozen: it is never changed, only followed by another version.

use crate::api;
use crate::format::common::v1::Digest;
use postlude_model::names::Timestamp;
use serde::{Deserialize, Serialize};

/// A note. It borrows from the note that is written, or from the bytes that are read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Upload<'a> {
    digest: Digest,
    manifest: &'a str,
    #[serde(borrow)]
    imports: Vec<&'a str>,
    bytes: u64,
    at: u64,
    by: &'a str,
}

impl<'a> From<&'a api::Upload> for Upload<'a> {
    fn from(upload: &'a api::Upload) -> Self {
        Self {
            digest: Digest(upload.digest),
            manifest: &upload.manifest,
            imports: upload.imports.iter().map(String::as_str).collect(),
            bytes: upload.bytes,
            at: upload.at.0,
            by: &upload.by,
        }
    }
}

impl From<Upload<'_>> for api::Upload {
    fn from(stored: Upload<'_>) -> Self {
        Self {
            digest: stored.digest.0,
            manifest: stored.manifest.to_owned(),
            imports: stored.imports.into_iter().map(str::to_owned).collect(),
            bytes: stored.bytes,
            at: Timestamp(stored.at),
            by: stored.by.to_owned(),
        }
    }
}
