//! Orders that are kept twice: which of them hold where the two copies differ.

use crate::format::orders_file::KeptOrders;
use postlude_model::names::Digest;
use postlude_model::policy::orders::{Orders, Revocation};

/// Lifted kills that are remembered for a tenant; the oldest are forgotten.
const LIFTS: usize = 256;

/// Brings the second copy up to orders that are stored now: what they do not kill any more was lifted.
pub(crate) fn update(kept: &mut KeptOrders, orders: &Orders) {
    let lifted = kept.orders.kills.iter().map(|kill| kill.digest);
    let lifted: Vec<Digest> = lifted.filter(|digest| orders.killed(digest).is_none()).collect();
    kept.lifts.retain(|(digest, _)| orders.killed(digest).is_none() && !lifted.contains(digest));
    kept.lifts.extend(lifted.into_iter().map(|digest| (digest, orders.version)));
    let surplus = kept.lifts.len().saturating_sub(LIFTS);
    kept.lifts.drain(..surplus);
    kept.orders = orders.clone();
}

/// The orders that hold: whatever one of the copies has, but for a kill that the second copy knows to be lifted since the first was
/// written. Lifts count only where this host is known to have written them.
pub(crate) fn united(stored: &Orders, kept: &KeptOrders, lifts_count: bool) -> Orders {
    let is_newer = kept.orders.version > stored.version;
    let (mut united, older) = if is_newer { (kept.orders.clone(), stored) } else { (stored.clone(), &kept.orders) };
    let lifted = |digest: &Digest| {
        let since = |(known, version): &(Digest, u64)| known == digest && *version > stored.version;
        lifts_count && is_newer && kept.lifts.iter().any(since)
    };
    for kill in older.kills.iter().filter(|kill| !lifted(&kill.digest)) {
        united.kill(kill.clone());
    }
    for revocation in &older.revocations {
        if !united.revocations.iter().any(|known| same_factor(known, revocation)) {
            united.revocations.push(revocation.clone());
        }
    }
    united
}

fn same_factor(one: &Revocation, other: &Revocation) -> bool {
    (one.digest, &one.name) == (other.digest, &other.name)
}
