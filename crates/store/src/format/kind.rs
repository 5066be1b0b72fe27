//! The kinds of stored records, and the name that messages give each.

/// What a stored record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    Header,
    Description,
    Place,
    Login,
    Session,
    OpenLogins,
    Bypasses,
    Cache,
    Orders,
    Upload,
    RevisionHash,
    RevisionNumber,
    RevisionNeed,
    ActiveRevision,
}

impl RecordKind {
    /// The kind's name in messages and metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Header => "store header",
            Self::Description => "description of the store",
            Self::Place => "place of the store",
            Self::Login => "login record",
            Self::Session => "session",
            Self::OpenLogins => "list of open logins",
            Self::Bypasses => "list of bypasses",
            Self::Cache => "cache of an action",
            Self::Orders => "list of orders",
            Self::Upload => "upload",
            Self::RevisionHash => "revision",
            Self::RevisionNumber => "revision number",
            Self::RevisionNeed => "time until which a revision is needed",
            Self::ActiveRevision => "active revision",
        }
    }
}
