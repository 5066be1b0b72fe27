//! Revisions, plugin files and uploads of the embedded store: small records, and files that are named by their hash.

use super::database::Database;
use super::job::Job;
use super::records::failed;
use super::store::SledStore;
use super::{keys, operators, pages, revisions};
use crate::api::observer::report;
use crate::api::{Activation, ActiveRevision, Plugins, Revisions, StoreError, Upload, Uploads};
use crate::content_files::ContentFiles;
use crate::format::revision::RevisionHash;
use async_trait::async_trait;
use postlude_model::names::{Digest, TenantName, Timestamp};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeSet, HashSet};
use std::io;

#[async_trait]
impl Revisions for SledStore {
    async fn revision(&self, tenant: &TenantName, number: u64) -> Result<Option<String>, StoreError> {
        let key = keys::revision(tenant, number);
        let hash = self.read_with(&key, Database::get_listed).await?;
        let Some(RevisionHash(hash)) = hash else { return Ok(None) };
        revision_text(&self.opened()?.revisions, &hash).await.inspect_err(|why| self.tell(why))
    }

    async fn put_revision(&self, tenant: &TenantName, content: &str) -> Result<u64, StoreError> {
        let hash: [u8; 32] = Sha256::digest(content.as_bytes()).into();
        write(self.opened()?.revisions.clone(), Digest::from_bytes(hash), content.as_bytes().to_vec()).await?;
        self.ask(|answer| Job::Revision(tenant.clone(), hash, answer)).await
    }

    async fn active_revision(&self, tenant: &TenantName) -> Result<Option<ActiveRevision>, StoreError> {
        self.read_or_lost(&keys::active_revision(tenant)).await
    }

    async fn activate_revisions(&self, activations: Vec<Activation>) -> Result<bool, StoreError> {
        self.ask(|answer| Job::Activate(activations, answer)).await
    }

    async fn need_revision(&self, tenant: &TenantName, number: u64, until: Timestamp) -> Result<(), StoreError> {
        self.ask(|answer| Job::NeedRevision(tenant.clone(), number, until, answer)).await
    }

    async fn sweep_revisions(&self, now: Timestamp) -> Result<Vec<(TenantName, u64)>, StoreError> {
        let gone = self.ask(|answer| Job::SweepRevisions(now, answer)).await?;
        let open = self.opened()?;
        // Also what a crash left between the two steps. Two revisions may have one content.
        let sweep = move || -> io::Result<Result<(), StoreError>> {
            let needed: HashSet<_> = match revisions::hashes(&open.database) {
                Ok(hashes) => hashes.into_iter().collect(),
                Err(why) => return Ok(Err(why)),
            };
            let mut unneeded = open.revisions.list()?.into_iter().filter(|hash| !needed.contains(hash));
            unneeded.try_for_each(|hash| open.revisions.remove(&Digest::from_bytes(hash).hex()))?;
            Ok(Ok(()))
        };
        blocking(sweep).await?.inspect_err(|why| self.tell(why))?;
        Ok(gone)
    }

    async fn revisions(&self) -> Result<Vec<String>, StoreError> {
        let open = self.opened()?;
        let hashes: BTreeSet<_> =
            revisions::hashes(&open.database).inspect_err(|why| self.tell(why))?.into_iter().collect();
        let mut contents = Vec::new();
        for hash in hashes {
            match revision_text(&open.revisions, &hash).await.inspect_err(|why| self.tell(why))? {
                Some(text) => contents.push(text),
                None => {
                    let lost = format!("its file {} is missing", Digest::from_bytes(hash).hex());
                    report(
                        &*self.observer,
                        StoreError::Unreadable("revision", lost),
                        "revisions are listed without it",
                    )?;
                }
            }
        }
        Ok(contents)
    }
}

#[async_trait]
impl Plugins for SledStore {
    async fn plugin(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let read = checked(&self.opened()?.plugins, digest.as_bytes(), "plugin file").await;
        read.inspect_err(|why| self.tell(why))
    }

    async fn put_plugin(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::from_bytes(Sha256::digest(bytes).into());
        write(self.opened()?.plugins.clone(), digest, bytes.to_vec()).await?;
        Ok(digest)
    }

    async fn plugins(&self) -> Result<Vec<Digest>, StoreError> {
        let plugins = self.opened()?.plugins.clone();
        let hashes = blocking(move || plugins.list()).await?;
        Ok(hashes.into_iter().map(Digest::from_bytes).collect())
    }

    async fn remove_plugin(&self, digest: &Digest) -> Result<(), StoreError> {
        let (plugins, hash) = (self.opened()?.plugins.clone(), digest.hex());
        blocking(move || plugins.remove(&hash)).await
    }
}

#[async_trait]
impl Uploads for SledStore {
    async fn uploads(&self, tenant: &TenantName) -> Result<Vec<Upload>, StoreError> {
        let tenant = tenant.clone();
        self.read_many(move |database| pages::uploads(database, &tenant)).await
    }

    async fn uploaded(&self) -> Result<HashSet<Digest>, StoreError> {
        self.read_many(operators::uploaded).await
    }

    async fn put_upload(&self, tenant: &TenantName, upload: Upload, most: usize) -> Result<bool, StoreError> {
        self.ask(|answer| Job::Upload(tenant.clone(), Box::new(upload), most, answer)).await
    }

    async fn remove_upload(&self, tenant: &TenantName, digest: &Digest) -> Result<bool, StoreError> {
        self.ask(|answer| Job::RemoveUpload(tenant.clone(), *digest, answer)).await
    }
}

/// The content of a revision; none where its file is missing.
async fn revision_text(files: &ContentFiles, hash: &[u8; 32]) -> Result<Option<String>, StoreError> {
    let bytes = checked(files, hash, "revision").await?;
    bytes.map(|bytes| String::from_utf8(bytes).map_err(|_| StoreError::Corrupt("revision"))).transpose()
}

/// A file whose content has the hash that it is named by.
async fn checked(files: &ContentFiles, hash: &[u8; 32], what: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
    let (files, hash) = (files.clone(), *hash);
    let read = move || -> io::Result<Option<Vec<u8>>> { files.read(&Digest::from_bytes(hash).hex()) };
    let Some(bytes) = blocking(read).await? else { return Ok(None) };
    let found: [u8; 32] = Sha256::digest(&bytes).into();
    if found == hash { Ok(Some(bytes)) } else { Err(StoreError::Corrupt(what)) }
}

async fn write(files: ContentFiles, digest: Digest, bytes: Vec<u8>) -> Result<(), StoreError> {
    blocking(move || files.write(&digest.hex(), &bytes)).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(failed)?.map_err(failed)
}
