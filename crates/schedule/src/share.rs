//! The shares of tenants: their weight, and what they use.

use crate::limits::MOST_WEIGHT;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A tenant's share of the cores. Cheap to clone; all clones are the same share.
#[derive(Clone)]
pub struct Share(Arc<Inner>);

struct Inner {
    id: u64,
    name: String,
    weight: AtomicU32,
    runs: AtomicUsize,
    places: AtomicUsize,
    core_nanos: AtomicU64,
}

/// What a share uses, for metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareUse {
    /// The tenant's name.
    pub name: String,
    /// Runs that are under way or wait.
    pub runs: usize,
    /// Places that are taken.
    pub places: usize,
    /// Time of cores that was used so far.
    pub core_time: Duration,
}

impl Share {
    fn new(id: u64, name: &str, weight: u32) -> Self {
        let inner = Inner {
            id,
            name: name.to_owned(),
            weight: AtomicU32::new(weight.clamp(1, MOST_WEIGHT)),
            runs: AtomicUsize::new(0),
            places: AtomicUsize::new(0),
            core_nanos: AtomicU64::new(0),
        };
        Self(Arc::new(inner))
    }

    pub(crate) fn id(&self) -> u64 {
        self.0.id
    }

    pub(crate) fn weight(&self) -> u32 {
        self.0.weight.load(Ordering::Relaxed)
    }

    /// Counts a run that begins; false where the tenant has as many as it may have.
    pub(crate) fn begin(&self, most: usize) -> bool {
        if self.0.runs.fetch_add(1, Ordering::Relaxed) < most {
            return true;
        }
        self.end();
        false
    }

    pub(crate) fn end(&self) {
        self.0.runs.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn set_places(&self, places: usize) {
        self.0.places.store(places, Ordering::Relaxed);
    }

    /// Counts time of a core; returns what the fair queue charges for it.
    pub(crate) fn used(&self, time: Duration) -> u64 {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0.core_nanos.fetch_add(nanos, Ordering::Relaxed);
        nanos / u64::from(self.weight())
    }

    fn measure(&self) -> ShareUse {
        ShareUse {
            name: self.0.name.clone(),
            runs: self.0.runs.load(Ordering::Relaxed),
            places: self.0.places.load(Ordering::Relaxed),
            core_time: Duration::from_nanos(self.0.core_nanos.load(Ordering::Relaxed)),
        }
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Share").field(&self.0.name).finish()
    }
}

/// The shares by name. A tenant keeps its share over reloads, so that what it uses is counted on.
#[derive(Debug, Default)]
pub struct Shares(Mutex<HashMap<String, Share>>);

impl Shares {
    /// The share of a name, with this weight from now on.
    #[must_use]
    pub fn of(&self, name: &str, weight: u32) -> Share {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Names that nobody holds any more would add up over reloads.
        shares.retain(|known, share| known == name || Arc::strong_count(&share.0) > 1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let share = shares.entry(name.to_owned()).or_insert_with(|| Share::new(id, name, weight));
        share.0.weight.store(weight.clamp(1, MOST_WEIGHT), Ordering::Relaxed);
        share.clone()
    }

    /// What each share uses, by name.
    #[must_use]
    pub fn measure(&self) -> Vec<ShareUse> {
        let shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = shares.values().map(Share::measure).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_share_and_takes_the_new_weight() {
        let shares = Shares::default();
        let (one, again) = (shares.of("acme", 1), shares.of("acme", 7));
        assert_eq!((one.id(), one.weight()), (again.id(), 7));
        assert_ne!(shares.of("other", 1).id(), one.id());
        assert_eq!(shares.of("acme", u32::MAX).weight(), MOST_WEIGHT);
    }

    #[test]
    fn a_share_that_nobody_holds_is_forgotten() {
        let shares = Shares::default();
        drop(shares.of("gone", 1));
        let _kept = shares.of("kept", 1);
        assert_eq!(shares.measure().into_iter().map(|one| one.name).collect::<Vec<_>>(), ["kept"]);
    }

    #[test]
    fn runs_are_counted_up_to_the_most() {
        let share = Shares::default().of("acme", 2);
        assert!(share.begin(2) && share.begin(2) && !share.begin(2));
        share.end();
        assert!(share.begin(2));
        assert_eq!(share.used(Duration::from_nanos(100)), 50);
        assert_eq!(share.measure().core_time, Duration::from_nanos(100));
    }
}
