//! What a build made.

use crate::language::Language;
use crate::shim::ShimKept;
use postlude_model::names::Digest;
use postlude_sandbox::Tier;
use std::path::PathBuf;

/// A plugin that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The plugin's name.
    pub name: String,
    /// The project's language.
    pub language: Language,
    /// The file.
    pub path: PathBuf,
    /// Bytes of the file.
    pub size: usize,
    /// The file's SHA-256 digest.
    pub digest: Digest,
    /// Whether another build of the same source with the same tools gives the same digest.
    pub reproducible: bool,
    /// The functions of the contract that it calls, as `session.record-factor`.
    pub imports: Vec<String>,
    /// What it asks of a host besides the contract.
    pub tier: Tier,
    /// The tools that compiled it, for people.
    pub toolchain: String,
    /// Why each run of it makes and drops instances that only hand its imports on; none where it does not.
    pub shim_kept: Option<ShimKept>,
}
