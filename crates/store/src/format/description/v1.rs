//! Version 1 of the description of a store. Frozen: it is never changed, only followed by another version.

use serde::{Deserialize, Serialize};

/// The description.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Description<'a> {
    pub(crate) versions: Vec<(u8, u8)>,
    #[serde(borrow)]
    pub(crate) root_keys: Vec<(&'a str, u64)>,
}
