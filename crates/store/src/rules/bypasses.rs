//! A user's bypasses: one short list, of which each can be used up by one login alone.

use crate::api::{BypassChange, BypassOutcome};
use postlude_model::limits;
use postlude_model::names::{BypassId, LoginId, Timestamp};
use postlude_model::policy::bypass::{Bypass, BypassUse};

/// Issues or revokes a bypass. What has expired goes, by a clock that is settled; used ones stay until they expire, for the audit.
pub(crate) fn change(bypasses: &mut Vec<Bypass>, change: BypassChange, now: Timestamp, settled: bool) -> BypassOutcome {
    let lives = |bypass: &Bypass| now < bypass.expires_at;
    bypasses.retain(|bypass| !settled || lives(bypass));
    match change {
        BypassChange::Issue(_) if bypasses.iter().filter(|bypass| lives(bypass)).count() >= limits::BYPASSES => {
            BypassOutcome::TooMany
        }
        BypassChange::Issue(bypass) => {
            bypasses.push(bypass);
            BypassOutcome::Done
        }
        BypassChange::Revoke { id, .. } => match bypasses.iter().position(|bypass| bypass.id == id && lives(bypass)) {
            None => BypassOutcome::Unknown,
            Some(at) if bypasses.get(at).is_some_and(|bypass| bypass.used.is_some()) => BypassOutcome::Used,
            Some(at) => {
                bypasses.remove(at);
                BypassOutcome::Done
            }
        },
    }
}

/// Marks bypasses as used by a login; false where one of them is used, revoked or has expired. The list may then be marked
/// in part, and must not be stored.
pub(crate) fn use_up(bypasses: &mut [Bypass], wanted: &[BypassId], login: &LoginId, now: Timestamp) -> bool {
    wanted.iter().all(|id| {
        let unused = |bypass: &&mut Bypass| bypass.id == *id && bypass.used.is_none() && now < bypass.expires_at;
        let found = bypasses.iter_mut().find(unused);
        found.map(|bypass| bypass.used = Some(BypassUse { login_id: login.clone(), at: now })).is_some()
    })
}

/// When the last of a user's bypasses expires.
pub(crate) fn last_expiry(bypasses: &[Bypass]) -> Option<Timestamp> {
    bypasses.iter().map(|bypass| bypass.expires_at).max()
}
