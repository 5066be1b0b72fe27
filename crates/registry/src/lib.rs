//! Plugins as OCI artifacts: pushed to and pulled from registries (OCI distribution specification 1.1) and image layouts.
//!
//! A plugin is the one layer of its artifact, in the form that the CNCF's TAG Runtime gave Wasm artifacts, so that other tools read it too. Its publisher's
//! signature and what its manifest says of itself stand in annotations. Whatever comes from a registry is unproved until its digest fits; whose plugin it is,
//! the signature proves.

mod access;
mod artifact;
mod credentials;
mod error;
mod layout;
pub mod limits;
mod location;
mod remote;

pub use access::Access;
pub use artifact::{Artifact, Labels, Pulled};
pub use credentials::{Credentials, find_credentials};
pub use error::RegistryError;
pub use location::{LayoutReference, Location, Version};

use layout::Layout;
use postlude_model::names::Digest;

/// Pushes an artifact and returns the digest of its manifest. A tag that names another artifact is moved only with `may_move`.
///
/// # Errors
/// When the location takes nothing, names no tag, or names another artifact already.
pub async fn push(
    location: &Location,
    artifact: &Artifact,
    access: &Access,
    may_move: bool,
) -> Result<Digest, RegistryError> {
    let parts = artifact.to_parts()?;
    match location {
        Location::Layout(reference) => Layout(reference).push(&parts, may_move),
        Location::Registry(reference) => remote::push(reference, &parts, access, may_move).await,
    }
}

/// Pulls an artifact: every digest is checked.
///
/// # Errors
/// When there is nothing, it is no plugin, or it is not what its digests say.
pub async fn pull(location: &Location, access: &Access) -> Result<Pulled, RegistryError> {
    match location {
        Location::Layout(reference) => Layout(reference).pull(),
        Location::Registry(reference) => remote::pull(reference, access).await,
    }
}
