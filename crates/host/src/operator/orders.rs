//! Orders: to kill a plugin, to lift a kill, to revoke what a plugin recorded.

use super::audit;
use crate::error::HostError;
use crate::orders::OrderBook;
use crate::services::Services;
use crate::tenants::Caller;
use postlude_model::limits;
use postlude_model::names::{Digest, FactorName};
use postlude_model::policy::orders::{CurrentOrders, Kill, Orders, Revocation};
use std::sync::Arc;

/// The orders of operators. When a call returns its order holds: no run begins any more that it forbids, also after a restart.
#[derive(Debug)]
pub struct OperatorOrders {
    services: Arc<Services>,
    book: Arc<OrderBook>,
}

impl OperatorOrders {
    pub(super) const fn new(services: Arc<Services>, book: Arc<OrderBook>) -> Self {
        Self { services, book }
    }

    /// The orders of the caller's tenant.
    #[must_use]
    pub fn list(&self, caller: &Caller) -> Arc<Orders> {
        caller.tenant.orders.orders()
    }

    /// Kills a plugin: it runs in no login of the tenant, whatever revision the login is pinned to, and factors that it recorded do
    /// not count. Repeating it changes nothing. The digest need not be known: a plugin can be barred before it comes.
    ///
    /// # Errors
    /// [`HostError::LimitReached`], [`HostError::Unavailable`].
    pub async fn kill(&self, caller: Caller, digest: Digest, reason: String) -> Result<Kill, HostError> {
        let (services, book) = (Arc::clone(&self.services), Arc::clone(&self.book));
        let kill = async move {
            let (by, text) = (caller.key.to_string(), reason.clone());
            let killed = book.change(&caller.tenant.name, move |orders, at| {
                orders.kill(Kill { digest, sequence: orders.next_version(), at, by, reason: text });
                Ok(orders.killed(&digest).cloned())
            });
            let killed = killed.await?;
            audit::note(&caller, "kill", digest, &reason);
            publish(&services, &caller, "kill", digest, &reason);
            killed.ok_or_else(|| HostError::internal("a kill was stored and is not there"))
        };
        self.services.to_its_end(kill).await
    }

    /// Lets a killed plugin run again; factors that it recorded count again as well, unless they were revoked. Returns the orders
    /// that still hold.
    ///
    /// # Errors
    /// [`HostError::KillUnknown`], [`HostError::Unavailable`].
    pub async fn lift(&self, caller: Caller, digest: Digest, reason: String) -> Result<Arc<Orders>, HostError> {
        let (services, book) = (Arc::clone(&self.services), Arc::clone(&self.book));
        let lift = async move {
            let lifted = book.change(&caller.tenant.name, move |orders, _| {
                orders.lift(&digest).then_some(()).ok_or(HostError::KillUnknown)
            });
            lifted.await?;
            audit::note(&caller, "lift", digest, &reason);
            publish(&services, &caller, "lift", digest, &reason);
            Ok(caller.tenant.orders.orders())
        };
        self.services.to_its_end(lift).await
    }

    /// Revokes every record of a factor that a plugin made until now, or of all its factors.
    ///
    /// # Errors
    /// [`HostError::LimitReached`], [`HostError::Unavailable`].
    pub async fn revoke_factors(
        &self,
        caller: Caller,
        digest: Digest,
        name: Option<FactorName>,
        reason: String,
    ) -> Result<Revocation, HostError> {
        let (services, book) = (Arc::clone(&self.services), Arc::clone(&self.book));
        let revoke = async move {
            let (by, text) = (caller.key.to_string(), reason.clone());
            let revoked = book.change(&caller.tenant.name, move |orders, before| {
                let sequence = orders.next_version();
                // No record is dated later than any commit, whatever the clock says now.
                let needed_until = before.max(services.store.latest_commit_time()).plus(limits::FACTOR_AGE);
                let revocation = Revocation { digest, name, sequence, before, needed_until, by, reason: text };
                orders.revoke(revocation.clone());
                Ok(revocation)
            });
            let revoked = revoked.await?;
            audit::note(&caller, "revoke-factors", digest, &reason);
            Ok(revoked)
        };
        self.services.to_its_end(revoke).await
    }
}

/// Publishes an order to the tenant's live tail.
fn publish(services: &Services, caller: &Caller, kind: &'static str, digest: Digest, reason: &str) {
    services.events.publish(Some(&caller.tenant.name), kind, &services.clock, || {
        let fields = [("digest", digest.to_string()), ("by", caller.key.to_string()), ("reason", reason.to_owned())];
        fields.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect()
    });
}
