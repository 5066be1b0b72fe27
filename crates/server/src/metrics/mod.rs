//! Metrics: what is counted, and how it is handed to Prometheus. Labels come from the configuration or from lists in the
//! code, never from a request, so no caller can make series.

mod meters;
mod scrape;
mod value;

pub(crate) use meters::{Meters, Ran, RouteMeter, StoreMeter, TenantMeter};
pub(crate) use scrape::serve;
pub(crate) use value::Counter;

use arc_swap::ArcSwap;
use meters::{ActionMeter, RunsMeter};
use postlude_model::action::Action;
use postlude_model::names::{ActionName, TenantName};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    tenants: Mutex<BTreeMap<TenantName, Arc<TenantMeter>>>,
    actions: Mutex<BTreeMap<(TenantName, ActionName), Arc<ActionMeter>>>,
    runs: Arc<RunsMeter>,
    routes: ArcSwap<HashMap<String, Arc<RouteMeter>>>,
    store: Arc<StoreMeter>,
    reloads: Counter,
    refused_reloads: Counter,
    /// Events that readers of the live tail missed because they were slow.
    pub(crate) missed_events: Counter,
    began: SystemTime,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            tenants: Mutex::default(),
            actions: Mutex::default(),
            runs: Arc::default(),
            routes: ArcSwap::default(),
            store: Arc::default(),
            reloads: Counter::default(),
            refused_reloads: Counter::default(),
            missed_events: Counter::default(),
            began: SystemTime::now(),
        }
    }
}

impl Metrics {
    /// What the runs of a pipeline count to. A tenant or action that was there before keeps its numbers.
    pub(crate) fn meters(&self, tenant: &TenantName, actions: &[Arc<Action>]) -> Meters {
        let mut known = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        let of =
            |action: &Arc<Action>| Arc::clone(known.entry((tenant.clone(), action.spec.name.clone())).or_default());
        let actions = actions.iter().map(of).collect();
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let tenant = Arc::clone(tenants.entry(tenant.clone()).or_default());
        Meters { tenant, actions, runs: Arc::clone(&self.runs) }
    }

    /// The answers of a route, by the route's pattern: never by a path.
    pub(crate) fn route(&self, pattern: &str) -> Arc<RouteMeter> {
        if let Some(known) = self.routes.load().get(pattern) {
            return Arc::clone(known);
        }
        let new = Arc::new(RouteMeter::default());
        let earlier = self.routes.rcu(|routes| {
            let mut routes = HashMap::clone(routes);
            routes.entry(pattern.to_owned()).or_insert_with(|| Arc::clone(&new));
            routes
        });
        drop(earlier);
        self.routes.load().get(pattern).map_or(new, Arc::clone)
    }

    /// What the store tells its commits to.
    pub(crate) fn store(&self) -> Arc<StoreMeter> {
        Arc::clone(&self.store)
    }

    /// A reload was taken, or refused.
    pub(crate) fn reloaded(&self, taken: bool) {
        if taken { &self.reloads } else { &self.refused_reloads }.one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_one_meter_for_all_threads() {
        let metrics = Metrics::default();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..100).for_each(|n| metrics.route(&format!("/r{}", n % 5)).answered(200)));
            }
        });
        let routes = metrics.routes.load();
        assert_eq!(routes.len(), 5);
    }
}
