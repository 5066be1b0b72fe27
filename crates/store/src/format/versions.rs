//! The newest version of each kind of record, for whoever checks records without reading them.

use super::description::Description;
use super::header::Header;
use super::kind::RecordKind;
use super::place::Place;
use super::revision::{RevisionHash, RevisionNeed, RevisionNumber};
use super::stored::Stored;
use crate::api::{ActiveRevision, Upload};
use crate::rules::open_logins::OpenLogin;
use postlude_model::cache::Cache;
use postlude_model::login::LoginRecord;
use postlude_model::policy::bypass::Bypass;
use postlude_model::policy::orders::Orders;
use postlude_model::session::Session;

/// The newest version of a kind that this program reads and writes.
pub(crate) const fn newest_version(kind: RecordKind) -> u8 {
    match kind {
        RecordKind::Header => Header::VERSION,
        RecordKind::Description => Description::VERSION,
        RecordKind::Place => Place::VERSION,
        RecordKind::Login => LoginRecord::VERSION,
        RecordKind::Session => Session::VERSION,
        RecordKind::OpenLogins => Vec::<OpenLogin>::VERSION,
        RecordKind::Bypasses => Vec::<Bypass>::VERSION,
        RecordKind::Cache => Cache::VERSION,
        RecordKind::Orders => Orders::VERSION,
        RecordKind::Upload => Upload::VERSION,
        RecordKind::RevisionHash => RevisionHash::VERSION,
        RecordKind::RevisionNumber => RevisionNumber::VERSION,
        RecordKind::RevisionNeed => RevisionNeed::VERSION,
        RecordKind::ActiveRevision => ActiveRevision::VERSION,
    }
}
