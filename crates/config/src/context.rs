//! What every table of a tenant is read with.

use super::secret::Origin;
use std::path::Path;

/// What every table of a tenant is read with.
#[derive(Debug, Clone)]
pub(super) struct Context<'a> {
    /// Files and variables.
    pub(super) origin: Origin<'a>,
    /// Development mode.
    pub(super) development: bool,
    /// Where uploads are.
    pub(super) data_dir: &'a Path,
}
