//! The live tail: events in a bounded ring that never waits for a reader. Without readers no event is made.

use crate::clock::{Clock, rfc3339};
use postlude_model::names::TenantName;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// Events that a reader may be behind before it misses some: several seconds of a busy host, and at about 1 KiB each not
/// more than 1 MiB.
const RING: usize = 1024;

/// Readers of one tenant at the same time: a few people and a log shipper.
pub const READERS_OF_A_TENANT: usize = 16;

/// Readers at the same time: each holds a connection, and every event is written to each.
const READERS: usize = 64;

/// An event.
#[derive(Debug)]
pub struct Event {
    /// Counts all events of the process, from 1.
    pub number: u64,
    /// The tenant that it concerns; none: every tenant.
    pub tenant: Option<TenantName>,
    /// `login`, `reload`, `kill`, ..
    pub kind: &'static str,
    /// A JSON object with `kind` and `at`.
    pub data: String,
}

/// The events of all tenants.
#[derive(Debug)]
pub struct Events {
    ring: broadcast::Sender<Arc<Event>>,
    /// Asked before anything is made: the ring's own count takes a lock.
    readers: AtomicUsize,
    of_tenants: Mutex<HashMap<TenantName, usize>>,
    numbers: AtomicU64,
    closed: CancellationToken,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            ring: broadcast::Sender::new(RING),
            readers: AtomicUsize::new(0),
            of_tenants: Mutex::default(),
            numbers: AtomicU64::new(0),
            closed: CancellationToken::new(),
        }
    }
}

impl Events {
    /// Publishes an event to the readers of one tenant, or of all tenants. `data` is called only where there are readers; it must
    /// hold no secret and no handle.
    pub fn publish(
        &self,
        tenant: Option<&TenantName>,
        kind: &'static str,
        clock: &Clock,
        data: impl FnOnce() -> Map<String, Value>,
    ) {
        if self.readers.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut whole = Map::new();
        whole.insert("kind".to_owned(), kind.into());
        whole.insert("at".to_owned(), rfc3339(clock.now()).into());
        whole.extend(data());
        let number = self.numbers.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let event = Event { number, tenant: tenant.cloned(), kind, data: Value::Object(whole).to_string() };
        // The last reader may have gone meanwhile.
        let _ = self.ring.send(Arc::new(event));
    }

    /// A new reader of a tenant's events; none when the tenant, or the process, has as many as it may have.
    pub fn read(self: &Arc<Self>, tenant: &TenantName) -> Option<EventReader> {
        let mut of_tenants = self.of_tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let own = of_tenants.get(tenant).copied().unwrap_or(0);
        if own >= READERS_OF_A_TENANT || of_tenants.values().sum::<usize>() >= READERS {
            return None;
        }
        of_tenants.insert(tenant.clone(), own.saturating_add(1));
        self.readers.fetch_add(1, Ordering::Relaxed);
        let ring = self.ring.subscribe();
        Some(EventReader { events: Arc::clone(self), tenant: tenant.clone(), ring })
    }

    /// The number of readers.
    pub(crate) fn readers(&self) -> u64 {
        u64::try_from(self.readers.load(Ordering::Relaxed)).unwrap_or(u64::MAX)
    }

    /// Ends all readers, when the host stops.
    pub(crate) fn close(&self) {
        self.closed.cancel();
    }
}

/// One reader of a tenant's events.
#[derive(Debug)]
pub struct EventReader {
    events: Arc<Events>,
    tenant: TenantName,
    ring: broadcast::Receiver<Arc<Event>>,
}

/// What a reader gets.
#[derive(Debug)]
pub enum TailItem {
    /// An event.
    Event(Arc<Event>),
    /// The reader was slow, and so many events of all tenants are gone.
    Missed(u64),
}

impl EventReader {
    /// The next event of the tenant; none once the host stops. Cancel-safe.
    pub async fn next(&mut self) -> Option<TailItem> {
        loop {
            let received = tokio::select! {
                biased;
                () = self.events.closed.cancelled() => return None,
                received = self.ring.recv() => received,
            };
            match received {
                Ok(event) if event.tenant.as_ref().is_none_or(|tenant| *tenant == self.tenant) => {
                    return Some(TailItem::Event(event));
                }
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(missed)) => return Some(TailItem::Missed(missed)),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

impl Drop for EventReader {
    fn drop(&mut self) {
        self.events.readers.fetch_sub(1, Ordering::Relaxed);
        let mut of_tenants = self.events.of_tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = of_tenants.get_mut(&self.tenant) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                of_tenants.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postlude_model::names::Timestamp;

    fn clock() -> Clock {
        Clock::from_fn(|| Timestamp(0))
    }

    fn tenant(name: &str) -> TenantName {
        TenantName::new(name).unwrap()
    }

    fn happen(events: &Events, name: &str, n: u64) {
        events.publish(Some(&tenant(name)), "test", &clock(), || [("n".to_owned(), n.into())].into_iter().collect());
    }

    #[tokio::test]
    async fn a_reader_hears_its_own_tenant_and_what_is_for_all() {
        let events = Arc::new(Events::default());
        let mut reader = events.read(&tenant("acme")).unwrap();
        happen(&events, "other", 1);
        happen(&events, "acme", 2);
        events.publish(None, "reload", &clock(), Map::new);
        let Some(TailItem::Event(first)) = reader.next().await else { panic!("an event") };
        assert_eq!(first.data, r#"{"at":"1970-01-01T00:00:00.000Z","kind":"test","n":2}"#);
        let Some(TailItem::Event(second)) = reader.next().await else { panic!("an event") };
        assert_eq!((second.kind, second.number), ("reload", 3));
        events.close();
        assert!(reader.next().await.is_none());
    }

    #[tokio::test]
    async fn a_slow_reader_is_told_how_much_it_missed_and_nobody_waits_for_it() {
        let events = Arc::new(Events::default());
        let mut reader = events.read(&tenant("acme")).unwrap();
        (0..u64::try_from(RING).unwrap() + 7).for_each(|n| happen(&events, "acme", n));
        assert!(matches!(reader.next().await, Some(TailItem::Missed(7))));
        let Some(TailItem::Event(next)) = reader.next().await else { panic!("an event") };
        assert_eq!(next.number, 8);
    }

    #[test]
    fn nothing_is_made_where_nobody_reads() {
        let events = Arc::new(Events::default());
        events.publish(None, "test", &clock(), || panic!("nobody asked for it"));
        drop(events.read(&tenant("acme")));
        events.publish(None, "test", &clock(), || panic!("nobody asks for it any more"));
    }

    #[test]
    fn readers_are_bounded_for_a_tenant_and_in_all() {
        let events = Arc::new(Events::default());
        let of = |name: &str| (0..READERS_OF_A_TENANT).map_while(|_| events.read(&tenant(name))).collect::<Vec<_>>();
        let own = of("a");
        assert_eq!(own.len(), READERS_OF_A_TENANT);
        assert!(events.read(&tenant("a")).is_none());
        let others: Vec<_> = ["b", "c", "d"].into_iter().map(of).collect();
        assert!(events.read(&tenant("e")).is_none(), "{READERS} in all");
        drop(own);
        assert!(events.read(&tenant("e")).is_some());
        drop(others);
    }
}
