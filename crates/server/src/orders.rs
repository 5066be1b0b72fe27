//! A tenant's orders as they are in force: durable first, then in memory, and only then answered.

use crate::error::ApiError;
use crate::pipelines::Pipeline;
use crate::runtime::Runtime;
use crate::tenant::Tenant;
use arc_swap::ArcSwap;
use axum::http::StatusCode;
use postlude_model::names::{TenantName, Timestamp};
use postlude_model::policy::orders::{CurrentOrders, Orders};
use postlude_store::StoreError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Kills that a tenant may have at a time, and revocations: an incident is about a handful, and every run asks for them.
pub(crate) const MOST: usize = 256;

/// The orders at this moment.
#[derive(Debug)]
pub(crate) struct LiveOrders {
    now: ArcSwap<Orders>,
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
        Self { now: ArcSwap::from_pointee(orders), changing: Mutex::default() }
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

impl Runtime {
    /// A tenant's orders, read once in the life of the process.
    pub(crate) async fn orders_of(&self, tenant: &TenantName) -> Result<Arc<LiveOrders>, StoreError> {
        let mut known = self.orders.lock().await;
        if let Some(orders) = known.get(tenant) {
            return Ok(Arc::clone(orders));
        }
        let orders = Arc::new(LiveOrders::new(self.store.orders(tenant).await?));
        known.insert(tenant.clone(), Arc::clone(&orders));
        Ok(orders)
    }

    /// Changes the orders. When this returns they hold: no run begins any more that they forbid, also after a restart.
    pub(crate) async fn change_orders<T: Send + 'static>(
        self: &Arc<Self>,
        tenant: &Arc<Tenant>,
        change: impl FnOnce(&mut Orders, Timestamp) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (runtime, tenant) = (Arc::clone(self), Arc::clone(tenant));
        // It goes on when its caller goes away: what is stored must be in force too.
        let changed = self.tasks.spawn(async move {
            let live = &tenant.orders;
            let _one = live.changing.lock().await;
            let at = runtime.clock.now();
            let mut orders = Orders::clone(&live.orders());
            let expect = orders.version;
            let result = change(&mut orders, at)?;
            if orders.kills.len() > MOST || orders.revocations.len() > MOST {
                let detail = format!("a tenant may have {MOST} kills and {MOST} revocations; lift kills that are over");
                return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "limit_reached", detail));
            }
            let stored = runtime.store.put_orders(&tenant.name, orders, expect).await.map_err(ApiError::unavailable)?;
            // What was stored is what holds, whoever stored it.
            let now = runtime.store.orders(&tenant.name).await.map_err(ApiError::unavailable)?;
            live.now.store(Arc::new(now));
            if !stored {
                return Err(ApiError::unavailable("another process changed the orders"));
            }
            // What begins in the order's own millisecond would be taken for earlier.
            for _ in 0..5 {
                if runtime.clock.now() > at {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Ok(result)
        });
        changed.await.map_err(ApiError::internal)?
    }
}
