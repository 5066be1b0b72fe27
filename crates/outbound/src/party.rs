//! A party that asks, such as a tenant: what it has of the places that all share, and what is known of its hosts.

use crate::breaker::Breaker;
use crate::limits::{self, CONCURRENT, CONCURRENT_LOOKUPS, CONCURRENT_PER_HOST};
use postlude_schedule::{Place, Places, Share, Shares};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// All parties, and the places that they share.
pub(crate) struct Parties {
    requests: Places,
    lookups: Places,
    shares: Shares,
    known: Mutex<HashMap<String, Arc<Party>>>,
}

/// A party.
pub(crate) struct Party {
    pub(crate) name: String,
    pub(crate) requests: PartyPlaces,
    pub(crate) lookups: PartyPlaces,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

/// Places of one kind, as one party takes them.
#[derive(Clone)]
pub(crate) struct PartyPlaces {
    places: Places,
    share: Share,
}

/// What is kept of one host for one party: its connections, its places and its record.
pub(crate) struct Host {
    pub(crate) client: reqwest::Client,
    pub(crate) places: Semaphore,
    breaker: Mutex<Breaker>,
}

impl Default for Parties {
    fn default() -> Self {
        Self {
            // No plugin has a cap of its own here: the runs that ask have one.
            requests: Places::new(CONCURRENT, CONCURRENT),
            lookups: Places::new(CONCURRENT_LOOKUPS, CONCURRENT_LOOKUPS),
            shares: Shares::default(),
            known: Mutex::default(),
        }
    }
}

impl Parties {
    /// The party of a name: the same one as long as anybody holds it, and as its hosts are remembered.
    pub(crate) fn of(&self, name: &str) -> Arc<Party> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(party) = known.get(name) {
            return Arc::clone(party);
        }
        let of_share = |kind: &str, places: &Places| PartyPlaces {
            places: places.clone(),
            share: self.shares.of(&format!("{kind} {name}"), 1),
        };
        let party = Arc::new(Party {
            name: name.to_owned(),
            requests: of_share("requests", &self.requests),
            lookups: of_share("lookups", &self.lookups),
            hosts: Mutex::default(),
        });
        known.insert(name.to_owned(), Arc::clone(&party));
        party
    }
}

impl PartyPlaces {
    /// Waits for a place.
    pub(crate) async fn take(&self) -> Place {
        self.places.take(&self.share, 0).await
    }
}

impl Party {
    /// A host, made where it is not known.
    pub(crate) fn host(&self, key: String, client: reqwest::Client) -> Arc<Host> {
        let host = || Host { client, places: Semaphore::new(CONCURRENT_PER_HOST), breaker: Mutex::default() };
        let mut hosts = self.hosts();
        if hosts.len() >= limits::HOSTS {
            hosts.retain(|_, host| Arc::strong_count(host) > 1);
        }
        Arc::clone(hosts.entry(key).or_insert_with(|| Arc::new(host())))
    }

    /// A host that is known.
    pub(crate) fn known_host(&self, key: &str) -> Option<Arc<Host>> {
        self.hosts().get(key).cloned()
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Arc<Host>>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host {
    pub(crate) fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
