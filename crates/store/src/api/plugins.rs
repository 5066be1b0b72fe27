//! Plugin files, and notes of which of them a tenant's operators uploaded.

use super::errors::StoreError;
use async_trait::async_trait;
use postlude_model::names::{Digest, TenantName, Timestamp};
use std::collections::HashSet;

/// A plugin that a tenant's operator uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The plugin file.
    pub digest: Digest,
    /// The manifest that it carries, as JSON.
    pub manifest: String,
    /// The functions that it imports.
    pub imports: Vec<String>,
    /// Bytes of the file.
    pub bytes: u64,
    /// When it was uploaded first.
    pub at: Timestamp,
    /// The name of the key that uploaded it.
    pub by: String,
}

/// Plugin files, known by their digest and shared by all tenants.
#[async_trait]
pub trait Plugins: Send + Sync {
    /// Reads a plugin file.
    ///
    /// # Errors
    /// When the file does not have the digest, or the store fails.
    async fn plugin(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Stores a plugin file, durably; one that is there and damaged is replaced.
    ///
    /// # Errors
    /// When the store fails.
    async fn put_plugin(&self, bytes: &[u8]) -> Result<Digest, StoreError>;

    /// Lists the digests of all plugin files, in no order.
    ///
    /// # Errors
    /// When the store fails.
    async fn plugins(&self) -> Result<Vec<Digest>, StoreError>;

    /// Deletes a plugin file, if it is there. A crash may bring it back.
    ///
    /// # Errors
    /// When the store fails.
    async fn remove_plugin(&self, digest: &Digest) -> Result<(), StoreError>;
}

/// Notes of uploads.
#[async_trait]
pub trait Uploads: Send + Sync {
    /// Lists the plugins that a tenant's operators uploaded, in the order of their digests.
    ///
    /// # Errors
    /// When one of the notes cannot be read, or the store fails.
    async fn uploads(&self, tenant: &TenantName) -> Result<Vec<Upload>, StoreError>;

    /// Lists what any tenant uploaded.
    ///
    /// # Errors
    /// When the store fails.
    async fn uploaded(&self) -> Result<HashSet<Digest>, StoreError>;

    /// Notes an upload, durably; the first note of a digest stays. Returns whether it is noted: a tenant may have `most` notes.
    ///
    /// # Errors
    /// When a note cannot be read or encoded, or the store fails.
    async fn put_upload(&self, tenant: &TenantName, upload: Upload, most: usize) -> Result<bool, StoreError>;

    /// Removes a tenant's note of an upload, durably. Returns whether there was one, be it damaged. The file stays.
    ///
    /// # Errors
    /// When the store fails.
    async fn remove_upload(&self, tenant: &TenantName, digest: &Digest) -> Result<bool, StoreError>;
}
