//! A tenant's orders as they are in force: durable first, then in memory, and only then answered.

use crate::error::HostError;
use crate::pipeline::Pipeline;
use crate::services::Services;
use arc_swap::ArcSwap;
use postlude_model::names::{TenantName, Timestamp};
use postlude_model::policy::orders::{CurrentOrders, Orders};
use postlude_store::StoreError;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};

/// Kills and revocations that a tenant may have at a time, each: an incident is about a handful, and every run looks at all of them.
const MOST: usize = 256;

/// How long a login waits for orders that are about to be in force: as long as any call waits for the disk.
const IN_FORCE: Duration = Duration::from_secs(5);

/// The orders at this moment.
#[derive(Debug)]
pub struct LiveOrders {
    now: ArcSwap<Orders>,
    /// Their version, for those who wait for the next.
    version: watch::Sender<u64>,
    /// One change at a time: each rests on the one before.
    changing: Mutex<()>,
}

impl CurrentOrders for LiveOrders {
    fn orders(&self) -> Arc<Orders> {
        self.now.load_full()
    }
}

impl LiveOrders {
    fn new(orders: Orders) -> Self {
        let version = watch::Sender::new(orders.version);
        Self { now: ArcSwap::from_pointee(orders), version, changing: Mutex::default() }
    }

    /// Waits until orders are in force that came after this version. Those that the store has already are so once they are on the
    /// disk; where that takes too long, it is for the caller to find out.
    pub(crate) async fn after(&self, version: u64) {
        let mut versions = self.version.subscribe();
        // It ends with an error when these orders are gone, which they are not while they are borrowed.
        let _ = tokio::time::timeout(IN_FORCE, versions.wait_for(|now| *now > version)).await;
    }

    async fn change<T>(
        &self,
        services: &Services,
        tenant: &TenantName,
        change: impl FnOnce(&mut Orders, Timestamp) -> Result<T, HostError>,
    ) -> Result<T, HostError> {
        let Services { store, clock, .. } = services;
        let _one = self.changing.lock().await;
        let at = clock.now();
        let mut orders = Orders::clone(&self.orders());
        let expect = orders.version;
        let result = change(&mut orders, at)?;
        if orders.kills.len() > MOST || orders.revocations.len() > MOST {
            let detail = format!("a tenant may have {MOST} kills and {MOST} revocations; lift kills that are over");
            return Err(HostError::LimitReached(detail));
        }
        let stored = store.put_orders(tenant, orders, expect).await.map_err(HostError::unavailable)?;
        // What was stored is what holds, whichever process stored it.
        let now = store.orders(tenant).await.map_err(HostError::unavailable)?;
        let version = now.version;
        self.now.store(Arc::new(now));
        self.version.send_replace(version);
        if !stored {
            return Err(HostError::unavailable("another process changed the orders"));
        }
        Ok(result)
    }

    /// A configuration may name what was killed: its logins are denied, which a person should know.
    pub(crate) fn warn(&self, tenant: &TenantName, pipeline: &Pipeline) {
        let orders = self.orders();
        for action in &pipeline.actions {
            let (name, digest) = (&action.spec.name, &action.spec.digest);
            if let Some(kill) = orders.killed(digest) {
                tracing::warn!(%tenant, action = %name, %digest, reason = kill.reason, "the plugin of this action is killed");
            }
        }
    }
}

/// The orders of all tenants. They outlive reloads.
#[derive(Debug)]
pub(crate) struct OrderBook {
    services: Arc<Services>,
    known: Mutex<HashMap<TenantName, Arc<LiveOrders>>>,
}

impl OrderBook {
    pub(crate) fn new(services: Arc<Services>) -> Self {
        Self { services, known: Mutex::default() }
    }

    /// A tenant's orders, read once in the life of the process.
    pub(crate) async fn of(&self, tenant: &TenantName) -> Result<Arc<LiveOrders>, StoreError> {
        let mut known = self.known.lock().await;
        if let Some(orders) = known.get(tenant) {
            return Ok(Arc::clone(orders));
        }
        let orders = Arc::new(LiveOrders::new(self.services.store.orders(tenant).await?));
        known.insert(tenant.clone(), Arc::clone(&orders));
        Ok(orders)
    }

    /// Forgets the revocations that cover no record which could count any more, so that their quota empties. The clock must be
    /// right: what is forgotten is gone.
    ///
    /// # Errors
    /// [`HostError::Unavailable`] when the store does not take the change.
    pub(crate) async fn forget_expired(&self) -> Result<(), HostError> {
        let known: Vec<_> =
            self.known.lock().await.iter().map(|(name, live)| (name.clone(), Arc::clone(live))).collect();
        for (tenant, live) in known {
            if live.orders().has_expired(self.services.clock.now()) {
                let forget = |orders: &mut Orders, now| {
                    orders.forget_expired(now);
                    Ok(())
                };
                live.change(&self.services, &tenant, forget).await?;
                tracing::info!(%tenant, "revocations were forgotten that cover no record which could count any more");
            }
        }
        Ok(())
    }

    /// Changes a tenant's orders. When this returns they hold: no run begins any more that they forbid, also after a restart. The
    /// caller sees to it that the change goes on to its end: what is stored must be in force too.
    ///
    /// # Errors
    /// What `change` refuses, [`HostError::LimitReached`], and [`HostError::Unavailable`] when the store does not take the change.
    pub(crate) async fn change<T>(
        &self,
        tenant: &TenantName,
        change: impl FnOnce(&mut Orders, Timestamp) -> Result<T, HostError>,
    ) -> Result<T, HostError> {
        let live = self.of(tenant).await.map_err(HostError::unavailable)?;
        live.change(&self.services, tenant, change).await
    }
}
