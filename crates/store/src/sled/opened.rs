//! What the store holds while it is open.

use super::database::Database;
use super::job_queue::JobSender;
use super::sync_state::SyncState;
use crate::api::claim::Claims;
use crate::content_files::ContentFiles;
use std::sync::Arc;

/// What an open store holds; let go of at shutdown, and when the disk failed.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) database: Database,
    pub(crate) jobs: JobSender,
    pub(crate) claims: Arc<Claims>,
    pub(crate) plugins: ContentFiles,
    pub(crate) revisions: ContentFiles,
    pub(crate) sync_state: Arc<SyncState>,
    /// Which opening this is, where what was answered in the last moments before it may be forgotten.
    pub(crate) after_crash: Option<u64>,
}
