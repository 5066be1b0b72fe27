//! Putting a loaded configuration into force: what is new is stored, then all tenants are swapped in one step.

use super::outcome::{ReloadRefused, TenantChange};
use crate::keys::own_keys;
use crate::orders::OrderBook;
use crate::pipeline::Pipeline;
use crate::revision::{Loaded, Revisions, needed_until};
use crate::services::Services;
use crate::tenant::Tenant;
use crate::tenants::{Tenants, TenantsInForce};
use postlude_config::{ApiKey, Binder, BoundTenant, Checked, Signing};
use postlude_model::names::{Digest, TenantName};
use postlude_sandbox::Plugin;
use postlude_store::Activation;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Puts configurations into force.
#[derive(Debug)]
pub(crate) struct Activator {
    pub(crate) services: Arc<Services>,
    pub(crate) tenants: Arc<TenantsInForce>,
    pub(crate) revisions: Arc<Revisions>,
    pub(crate) orders: Arc<OrderBook>,
    /// The keys with which the process began.
    pub(crate) signing: Signing,
}

impl Activator {
    /// Stores what is new, then swaps all tenants. `trigger` is what the log says about it.
    ///
    /// # Errors
    /// When the store does not take it; the configuration before it keeps serving.
    pub(crate) async fn activate(&self, loaded: Loaded, trigger: &str) -> Result<Vec<TenantChange>, ReloadRefused> {
        let Loaded { checked, plugins } = loaded;
        for file in checked.plugins.values() {
            self.services.store.put_plugin(&file.bytes).await?;
        }
        let signing = self.signing_of(&checked)?;
        let other_root = !same_root(&checked.signing, &self.signing);
        let mut tenants = Vec::new();
        for mut bound in checked.tenants {
            if other_root {
                self.bind_again(&mut bound, &signing)?;
            }
            tenants.push(self.prepare(bound, &signing, &plugins).await?);
        }
        self.store_active(tenants.iter().map(|(tenant, _)| tenant)).await?;
        let changes = self.swap(Tenants::new(tenants), trigger);
        self.publish_revisions();
        drop(plugins);
        self.services.compiler.forget_unnamed(checked.plugins.into_keys().collect()).await;
        Ok(changes)
    }

    /// Binds the actions anew: their keys belong to the root key with which the process began.
    fn bind_again(&self, bound: &mut BoundTenant, signing: &Signing) -> Result<(), ReloadRefused> {
        let environment = &self.services.environment;
        let binder = Binder { environment, keys: signing, own_keys: own_keys::make };
        bound.actions = bound.revision.bind(&bound.name, binder).map_err(internal)?;
        Ok(())
    }

    /// A tenant that is ready to serve, its revision stored.
    async fn prepare(
        &self,
        bound: BoundTenant,
        signing: &Signing,
        plugins: &HashMap<Digest, Plugin>,
    ) -> Result<(Tenant, Vec<ApiKey>), ReloadRefused> {
        let Services { store, metrics, clock, .. } = &*self.services;
        let text = serde_json::to_string(&bound.revision).map_err(internal)?;
        let number = store.put_revision(&bound.name, &text).await?;
        let used = bound.actions.iter().map(|action| action.spec.digest);
        let used = used.filter_map(|digest| Some((digest, plugins.get(&digest)?.clone()))).collect();
        let series = metrics.of_pipeline(&bound.name, &bound.actions);
        let pipeline = Arc::new(Pipeline::new(number, bound.actions, used).with_metrics(series));
        let keys = bound.tenant.keys.clone();
        let orders = self.orders.of(&bound.name).await?;
        orders.warn(&bound.name, &pipeline);
        let share = self.services.sandbox.share(bound.name.as_str(), bound.tenant.weight);
        store.weigh(&bound.name, bound.tenant.weight);
        let tenant = Tenant::new(bound.tenant, signing.clone(), pipeline, orders, share);
        store.need_revision(&tenant.name, number, needed_until(&tenant, clock.now())).await?;
        Ok((tenant, keys))
    }

    /// Stores which revisions are active from now on, in one commit: another host could follow.
    async fn store_active(&self, tenants: impl Iterator<Item = &Tenant>) -> Result<(), ReloadRefused> {
        let (store, mut activations) = (&self.services.store, Vec::new());
        for tenant in tenants {
            let (number, active) = (tenant.pipeline().revision, store.active_revision(&tenant.name).await?);
            if active.is_none_or(|active| active.number != number) {
                let expect = active.map_or(0, |active| active.version);
                activations.push(Activation { tenant: tenant.name.clone(), number, expect });
            }
        }
        if activations.is_empty() || store.activate_revisions(activations).await? {
            return Ok(());
        }
        Err(ReloadRefused::Internal("another host activated a revision at the same time".to_owned()))
    }

    /// The keys of the tenants that are there now, under the root key with which the process began.
    fn signing_of(&self, checked: &Checked) -> Result<Signing, ReloadRefused> {
        let roots = Arc::clone(self.signing.roots());
        let names = checked.tenants.iter().map(|tenant| &tenant.name);
        Signing::new(roots, names).map_err(internal)
    }

    fn swap(&self, new: Tenants, trigger: &str) -> Vec<TenantChange> {
        let by_name = |tenants: &Tenants| -> BTreeMap<TenantName, Arc<Pipeline>> {
            tenants.all().into_iter().map(|tenant| (tenant.name.clone(), tenant.pipeline())).collect()
        };
        let after = by_name(&new);
        let before = by_name(&self.tenants.replace(new));
        let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let change = |name: &&TenantName| {
            TenantChange::of(name, before.get(*name).map(Arc::as_ref), after.get(*name).map(Arc::as_ref))
        };
        let changes: Vec<_> = names.iter().map(change).collect();
        changes.iter().for_each(|change| log(change, trigger));
        self.revisions.swapped(after.into_iter().map(|(name, pipeline)| (name, pipeline.revision)).collect());
        changes
    }

    /// Tells the readers of each tenant's live tail which revision is in force.
    fn publish_revisions(&self) {
        let Services { events, clock, .. } = &*self.services;
        for (tenant, revision) in self.tenants.get().revisions() {
            events.publish(Some(&tenant), "reload", clock, || {
                [("outcome".to_owned(), "taken".into()), ("revision".to_owned(), revision.into())].into_iter().collect()
            });
        }
    }
}

/// Whether both have the same current root key.
pub(super) fn same_root(one: &Signing, other: &Signing) -> bool {
    one.roots().current.kid() == other.roots().current.kid()
}

fn internal(why: impl ToString) -> ReloadRefused {
    ReloadRefused::Internal(why.to_string())
}

fn log(change: &TenantChange, trigger: &str) {
    let TenantChange { tenant, from, to, actions } = change;
    let actions = actions.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    match (from, to) {
        (Some(from), Some(to)) if from == to => {}
        (_, Some(to)) => tracing::info!(%tenant, trigger, from, to, %actions, "revision in force"),
        (_, None) => {
            tracing::warn!(%tenant, trigger, from, "the tenant is gone; its suspended logins cannot be resumed");
        }
    }
}
