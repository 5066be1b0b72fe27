//! Uploads of plugins: checked and compiled as any other plugin, and stored by digest. Nothing runs an upload until a configuration
//! names it.

use super::audit;
use crate::error::HostError;
use crate::plugin::CompileError;
use crate::services::Services;
use crate::tenants::Caller;
use postlude_model::names::{Digest, TenantName};
use postlude_sandbox::Plugin;
use postlude_store::{StoreError, Upload};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Uploads at a time, one for each tenant: each holds a component in memory. How many compile at once is the compiler's.
const AT_A_TIME: usize = 8;

/// Uploads that a tenant may have. Files are kept for as long as a login may need them, so this bounds its part of the disk.
pub const UPLOADS: usize = 1000;

/// The uploads of all tenants.
#[derive(Debug)]
pub struct Uploads {
    services: Arc<Services>,
    under_way: UnderWay,
}

/// The uploads that are under way, by tenant: a slow one holds up its own tenant alone.
#[derive(Debug, Clone, Default)]
struct UnderWay(Arc<Mutex<HashSet<TenantName>>>);

/// The place of an upload that is under way; it is given back when it is dropped.
#[derive(Debug)]
pub struct UploadPlace {
    under_way: UnderWay,
    tenant: TenantName,
}

impl UnderWay {
    fn place(&self, tenant: &TenantName) -> Result<UploadPlace, HostError> {
        let mut under_way = self.lock();
        if under_way.contains(tenant) {
            let detail = "another upload of this tenant is under way; send this one when it has ended";
            return Err(HostError::Busy(detail));
        }
        if under_way.len() >= AT_A_TIME {
            let detail = "as many uploads as this server takes are under way; send this one a little later";
            return Err(HostError::Busy(detail));
        }
        under_way.insert(tenant.clone());
        Ok(UploadPlace { under_way: self.clone(), tenant: tenant.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<TenantName>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UploadPlace {
    fn drop(&mut self) {
        self.under_way.lock().remove(&self.tenant);
    }
}

impl Uploads {
    pub(super) fn new(services: Arc<Services>) -> Self {
        Self { services, under_way: UnderWay::default() }
    }

    /// A place for an upload, to be taken before a byte of it is read.
    ///
    /// # Errors
    /// [`HostError::Busy`] while the tenant has one, or the host has as many as it takes.
    pub fn place(&self, caller: &Caller) -> Result<UploadPlace, HostError> {
        self.under_way.place(&caller.tenant.name)
    }

    /// Checks, compiles and stores a component. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`HostError::PluginRefused`], [`HostError::LimitReached`], [`HostError::Unavailable`].
    pub async fn put(
        &self,
        _place: &UploadPlace,
        caller: &Caller,
        digest: Digest,
        bytes: Vec<u8>,
    ) -> Result<(), HostError> {
        let known = self.services.store.uploads(&caller.tenant.name).await.map_err(HostError::unavailable)?;
        if known.iter().any(|upload| upload.digest == digest) {
            return Ok(());
        }
        if known.len() >= UPLOADS {
            return Err(full());
        }
        let bytes: Arc<[u8]> = bytes.into();
        let plugin = self.compile(digest, Arc::clone(&bytes)).await?;
        if plugin.digest() != digest {
            return Err(HostError::internal("an upload has two digests"));
        }
        let upload = Upload {
            digest,
            manifest: serde_json::to_string(plugin.manifest()).map_err(HostError::internal)?,
            imports: plugin.imports().to_vec(),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            at: self.services.clock.now(),
            by: caller.key.to_string(),
        };
        self.services.to_its_end(store(Arc::clone(&self.services), caller.clone(), upload, bytes)).await
    }

    /// The way of every plugin into the host.
    async fn compile(&self, digest: Digest, bytes: Arc<[u8]>) -> Result<Plugin, HostError> {
        self.services.compiler.upload(digest, bytes).await.map_err(|why| match why {
            CompileError::Worker { .. } | CompileError::Deadline(_) => HostError::unavailable(why),
            why => HostError::PluginRefused(why.to_string()),
        })
    }
}

/// Stores the file and then the note of it.
async fn store(services: Arc<Services>, caller: Caller, upload: Upload, bytes: Arc<[u8]>) -> Result<(), HostError> {
    // While garbage is collected, a file without its note would be taken for one that no login needs.
    let _files = services.plugin_files.lock().await;
    let digest = upload.digest;
    services.store.put_plugin(&bytes).await.map_err(HostError::unavailable)?;
    let noted = services.store.put_upload(&caller.tenant.name, upload, UPLOADS).await.map_err(|why| match why {
        StoreError::Encoding(..) => HostError::PluginRefused("its manifest is too large to be kept".to_owned()),
        why => HostError::unavailable(why),
    })?;
    if noted {
        audit::note(&caller, "upload", digest, "");
    }
    noted.then_some(()).ok_or_else(full)
}

fn full() -> HostError {
    HostError::LimitReached(format!(
        "this tenant has uploaded {UPLOADS} plugins, as many as it may have; name others by file"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_one_for_each_tenant_and_limited_at_the_edge() {
        let under_way = UnderWay::default();
        let tenant = |number: usize| TenantName::new(format!("t{number}")).unwrap();
        let mut places: Vec<_> = (0..AT_A_TIME).map(|number| under_way.place(&tenant(number)).unwrap()).collect();
        assert!(under_way.place(&tenant(AT_A_TIME)).is_err(), "all are taken");
        assert!(under_way.place(&tenant(0)).is_err());
        places.pop();
        assert!(under_way.place(&tenant(0)).is_err(), "a tenant has one");
        assert!(under_way.place(&tenant(AT_A_TIME)).is_ok());
    }
}
