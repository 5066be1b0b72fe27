//! Why a store does not do what it is asked, and why it cannot be opened.

use std::path::PathBuf;

/// Why the store did not do what it was asked. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A record does not carry the MAC of this host's root key: it was changed, or is another host's.
    #[error("a stored {0} is damaged or was made under another root key")]
    Corrupt(&'static str),
    /// A record carries the right MAC, and its content cannot be read all the same.
    #[error("a stored {0} cannot be read: {1}")]
    Unreadable(&'static str, String),
    /// A record was written by a newer version.
    #[error("a stored {0} was written by a newer version of Postlude")]
    Newer(&'static str),
    /// A record cannot be encoded.
    #[error("a {0} cannot be stored: {1}")]
    Encoding(&'static str, String),
    /// The engine or the disk failed. After a failed write the store stops: what is in memory and what is on disk may
    /// differ, and a repeated sync would hide it.
    #[error("the store failed: {0}")]
    Failed(String),
    /// The store stopped, or failed before.
    #[error("the store has stopped{0}")]
    Stopped(String),
}

impl StoreError {
    /// The kind of the record that cannot be read; none where the error is about something else.
    #[must_use]
    pub const fn unreadable(&self) -> Option<&'static str> {
        match self {
            Self::Corrupt(kind) | Self::Unreadable(kind, _) | Self::Newer(kind) => Some(kind),
            Self::Encoding(..) | Self::Failed(_) | Self::Stopped(_) => None,
        }
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("`{}` is in use by another postlude process{}; one process at a time may open a data folder", .dir.display(), holder(.pid))]
    InUse {
        /// The data folder.
        dir: PathBuf,
        /// The other process, where it says so.
        pid: Option<u32>,
    },
    /// A file or folder of it cannot be used.
    #[error("`{}` cannot be used: {why}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        why: std::io::Error,
    },
    /// The engine cannot open it.
    #[error("the database in `{}` cannot be opened: {why}", .dir.display())]
    Engine {
        /// The data folder.
        dir: PathBuf,
        /// The reason.
        why: String,
    },
    /// The header is damaged: what the store knows of itself. Root keys of this host made other records of it.
    #[error("the header of the store in `{}` is damaged; restore a backup, or let `postlude store repair` make a new one, after which \
             everyone is prompted again", .0.display())]
    Header(PathBuf),
    /// What operators ordered is damaged in both places where it is kept.
    #[error("the orders of tenant `{tenant}` are damaged in `{}` and not to be read from `{}`: a plugin that was killed might run again; \
             restore a backup, or drop them by `postlude store repair` and give them again", .dir.display(), .file.display())]
    Orders {
        /// The tenant.
        tenant: String,
        /// The data folder.
        dir: PathBuf,
        /// The file of orders.
        file: PathBuf,
    },
    /// A newer program wrote it.
    #[error("`{}` was written by a newer version of Postlude; start that one", .0.display())]
    Newer(PathBuf),
}

fn holder(pid: &Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}
