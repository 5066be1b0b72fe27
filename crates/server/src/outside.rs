//! What a run gets from outside of its login: the way out with what it answered before, and the action's cache.

use crate::runtime::Runtime;
use crate::tenant::Tenant;
use postlude_model::cache::Cache;
use postlude_model::http::{Exchange, HttpAccess, host_of};
use postlude_model::names::{ActionName, RunId, TenantName, Timestamp};
use postlude_model::run::{Report, RunInput};
use postlude_outbound::Outbound;
use postlude_sandbox::Plugin;
use postlude_store::Store;
use std::collections::HashMap;
use std::sync::Arc;

/// The outside of one request of the IdP, over all attempts at it: when a login runs anew because its session changed, each
/// run gets the answers that it had. An OAuth code works once.
pub(crate) struct Outside {
    tenant: TenantName,
    http: Outbound,
    store: Arc<dyn Store>,
    recorded: HashMap<RunId, Vec<Exchange>>,
    /// The clock, one reading for all attempts: a request that carries it is the same in each.
    pub(crate) now: Timestamp,
}

impl Runtime {
    /// The outside of a request that begins now.
    pub(crate) fn outside(&self, tenant: &Tenant) -> Outside {
        Outside {
            tenant: tenant.name.clone(),
            http: self.http.clone(),
            store: Arc::clone(&self.store),
            recorded: HashMap::new(),
            now: self.clock.now(),
        }
    }
}

impl Outside {
    /// Gives a run its way out and its cache.
    pub(crate) async fn lend(&self, plugin: &Plugin, input: &mut RunInput) {
        let recorded = self.recorded.get(&input.run_id).cloned().unwrap_or_default();
        let imports = |interface: &str| plugin.imports().iter().any(|function| function.starts_with(interface));
        // Own keys may have to be fetched, which goes the same way.
        if imports("http.") || imports("keys.") {
            input.http = HttpAccess { client: Arc::new(self.http.of(self.tenant.as_str())), recorded };
        }
        if imports("cache.") {
            input.cache = self.cache(&input.action.spec.name).await;
        }
    }

    /// Keeps what a run was answered, for another attempt at it.
    pub(crate) fn record(&mut self, run: RunId, report: &Report) {
        report.http.iter().for_each(tell);
        if !report.http.is_empty() {
            self.recorded.insert(run, report.http.clone());
        }
    }

    /// Best effort: an action must be able to do without.
    async fn cache(&self, action: &ActionName) -> Cache {
        self.store.cache(&self.tenant, action).await.unwrap_or_else(|why| {
            tracing::warn!(cause = %why, %action, "the action's cache cannot be read, and is empty for this run");
            Cache::new()
        })
    }
}

/// What the log says of a request. Paths and queries may hold what is not for it.
fn tell(Exchange { request, answer }: &Exchange) {
    let host = host_of(&request.url).unwrap_or_else(|_| "none".to_owned());
    let method: String = request.method.chars().take(16).flat_map(char::escape_default).collect();
    match answer {
        Ok(answer) => {
            tracing::info!(%method, %host, status = answer.status, bytes = answer.body.len(), "a plugin asked")
        }
        Err(why) => tracing::warn!(%method, %host, %why, "a plugin's request got no answer"),
    }
}
