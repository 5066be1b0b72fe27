//! Plugins in a registry, by the OCI distribution protocol (specification 1.1).
//!
//! [`oci_client`] speaks the protocol. Manifests are read here: it would take them whole, however long they are.

mod body;
mod errors;
mod session;

use super::access::Access;
use super::artifact::{Announced, Parts, Pulled};
use super::error::RegistryError;
use super::limits::DEADLINE;
use oci_client::{Reference, RegistryOperation};
use postlude_model::names::Digest;
use session::Session;
use std::future::Future;

/// Pushes blobs first and the manifest last, and looks whether the registry has what was meant.
pub(crate) async fn push(
    reference: &Reference,
    parts: &Parts,
    access: &Access,
    may_move: bool,
) -> Result<Digest, RegistryError> {
    let (Some(tag), None) = (reference.tag(), reference.digest()) else {
        let why = "names a digest, and what is pushed has its own: name a tag".to_owned();
        return Err(RegistryError::Location { text: reference.to_string(), why });
    };
    let new = parts.manifest.digest;
    in_time(reference, async {
        let session = Session::begin(reference, access, RegistryOperation::Push).await?;
        let present = match session.manifest(tag).await {
            Ok(present) => Some(present.digest),
            Err(RegistryError::NotFound { .. }) => None,
            Err(why) => return Err(why),
        };
        match present {
            Some(present) if present == new => return Ok(new),
            Some(present) if !may_move => {
                return Err(RegistryError::TagTaken { location: reference.to_string(), present, new });
            }
            _ => {}
        }
        for blob in [&parts.config, &parts.layer] {
            session.push_blob(blob).await?;
        }
        session.push_manifest(&parts.manifest).await?;
        session.manifest(&new.to_string()).await?;
        Ok(new)
    })
    .await
}

/// Pulls the manifest, and the plugin that it names.
pub(crate) async fn pull(reference: &Reference, access: &Access) -> Result<Pulled, RegistryError> {
    in_time(reference, async {
        let session = Session::begin(reference, access, RegistryOperation::Pull).await?;
        let manifest = session.manifest(reference.digest().or(reference.tag()).unwrap_or_default()).await?;
        let location = reference.to_string();
        let announced = Announced::read(&manifest.bytes, &location)?;
        let plugin = session.plugin(&announced).await?;
        Ok(Pulled { artifact: announced.with(plugin, &location)?, manifest: manifest.digest })
    })
    .await
}

async fn in_time<T>(
    reference: &Reference,
    work: impl Future<Output = Result<T, RegistryError>>,
) -> Result<T, RegistryError> {
    tokio::time::timeout(DEADLINE, work).await.unwrap_or_else(|_| {
        let why = format!("it took longer than {} minutes", DEADLINE.as_secs() / 60);
        Err(RegistryError::Unreached { registry: reference.registry().to_owned(), why })
    })
}
