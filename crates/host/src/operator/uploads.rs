//! Uploads of plugins: checked and compiled as any other plugin, and stored by digest. Nothing runs an upload until a configuration
//! names it.

use super::audit;
use crate::disk;
use crate::error::HostError;
use crate::plugin::CompileError;
use crate::revision::collect_garbage;
use crate::services::Services;
use crate::tenant::Tenant;
use crate::tenants::{Caller, TenantsInForce};
use postlude_config::Server;
use postlude_model::names::{Digest, TenantName};
use postlude_sandbox::Plugin;
use postlude_store::{StoreError, Upload};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How much an upload takes on the disk, as a multiple of its file: the file, and machine code of some six times its size.
const CODE_FACTOR: u64 = 8;

/// Uploads at a time, one for each tenant: each holds a component in memory. How many compile at once is the compiler's.
const AT_A_TIME: usize = 8;

/// Uploads that a tenant may have. Files are kept for as long as a login may need them, so this bounds its part of the disk.
pub const UPLOADS: usize = 1000;

/// The uploads of all tenants.
#[derive(Debug)]
pub struct Uploads {
    services: Arc<Services>,
    tenants: Arc<TenantsInForce>,
    /// The folder whose disk the uploads share with logins, and how much of that is for logins alone, in bytes.
    data_dir: PathBuf,
    reserve: u64,
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
    pub(super) fn new(services: Arc<Services>, tenants: Arc<TenantsInForce>, server: &Server) -> Self {
        let (data_dir, reserve) = (server.data_dir.clone(), server.disk_reserve);
        Self { services, tenants, data_dir, reserve, under_way: UnderWay::default() }
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
        check_share(&caller.tenant, &known, bytes.len())?;
        self.check_disk(bytes.len())?;
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

    /// Deletes an upload of the caller's tenant. The file, and the code that was made of it, go once no stored revision and no other
    /// upload names them: logins that began with it end with it.
    ///
    /// # Errors
    /// [`HostError::PluginUnknown`] where the tenant uploaded no such plugin, [`HostError::Unavailable`].
    pub async fn delete(&self, caller: Caller, digest: Digest) -> Result<(), HostError> {
        let (services, tenants) = (Arc::clone(&self.services), Arc::clone(&self.tenants));
        let delete = async move {
            let removed = services.store.remove_upload(&caller.tenant.name, &digest).await;
            if !removed.map_err(HostError::unavailable)? {
                return Err(HostError::PluginUnknown);
            }
            audit::note(&caller, "delete-upload", digest, "");
            // What a clock in doubt takes for old may be needed: the file goes with a collection once the clock is settled.
            if !services.clock.is_settled() {
                return Ok(());
            }
            let _files = services.plugin_files.lock().await;
            if let Err(cause) = collect_garbage(&services, &tenants.get().all()).await {
                tracing::warn!(%cause, "the file of a deleted upload goes with the next hourly collection");
            }
            Ok(())
        };
        self.services.to_its_end(delete).await
    }

    /// Whether the disk has room for an upload beside what logins need.
    fn check_disk(&self, bytes: usize) -> Result<(), HostError> {
        let reserve = self.reserve;
        let free = disk::free_bytes(&self.data_dir).map_err(HostError::unavailable)?;
        let needed = reserve.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(CODE_FACTOR));
        if free < needed {
            tracing::warn!(free, reserve, "an upload was refused: the disk has less left than `server.disk_reserve`");
            return Err(HostError::Busy(
                "the disk is too full for uploads, and what is left is for logins; delete uploads, or free space",
            ));
        }
        Ok(())
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

/// Whether a tenant's uploads take no more of the disk than they may with a further one.
fn check_share(tenant: &Tenant, known: &[Upload], bytes: usize) -> Result<(), HostError> {
    let files =
        known.iter().fold(u64::try_from(bytes).unwrap_or(u64::MAX), |sum, upload| sum.saturating_add(upload.bytes));
    let (needed, most) = (files.saturating_mul(CODE_FACTOR), tenant.disk_for_uploads());
    if needed <= most {
        return Ok(());
    }
    Err(HostError::LimitReached(format!(
        "with this one the tenant's uploads and their code would take {needed} bytes of the disk, more than the {most} that it has for them \
         (half of `max_disk`); delete one with `DELETE /v1/admin/plugins/{{digest}}`, or name others by file"
    )))
}

fn full() -> HostError {
    HostError::LimitReached(format!(
        "this tenant has uploaded {UPLOADS} plugins, as many as it may have; delete one with `DELETE /v1/admin/plugins/{{digest}}`, or \
         name others by file"
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
