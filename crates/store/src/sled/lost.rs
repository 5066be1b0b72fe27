//! What a record counts as that no root key explains: it was damaged, or a key that was removed made it.
//!
//! Such a record must neither stop other logins nor stand for anything: it counts as absent, and where absence would allow
//! something, as a value that allows nothing.

use super::keys;
use crate::api::{ActiveRevision, Upload};
use crate::format::revision::{RevisionNeed, RevisionNumber};
use crate::format::stored::Stored;
use crate::rules::open_logins::OpenLogin;
use postlude_model::cache::Cache;
use postlude_model::names::Timestamp;
use postlude_model::policy::bypass::Bypass;
use postlude_model::session::Session;

/// Beyond every number that counting gave.
const NEVER_COUNTED: u64 = 1 << 40;

/// A kind of record that a login can do without.
pub(crate) trait Dispensable: Stored {
    /// What stands in place of a damaged one; none where its absence allows nothing.
    fn in_place_of(key: &[u8], damaged: &[u8]) -> Option<Self> {
        let _ = (key, damaged);
        None
    }
}

impl Dispensable for Vec<OpenLogin> {}
impl Dispensable for Vec<Bypass> {}
impl Dispensable for Cache {}
impl Dispensable for Upload {}
impl Dispensable for RevisionNumber {}
impl Dispensable for RevisionNeed {}
impl Dispensable for ActiveRevision {}

impl Dispensable for Session {
    /// A session that ended: nobody's, without factors, of a generation that no login has.
    fn in_place_of(key: &[u8], damaged: &[u8]) -> Option<Self> {
        let mut session = Self::new(keys::session_of(key)?, Timestamp(0));
        // Stored, so that its generation counts: a login that began before the damage may not take it for a new session.
        session.version = NEVER_COUNTED;
        session.generation = NEVER_COUNTED + u64::from(crc32fast::hash(damaged));
        Some(session)
    }
}
