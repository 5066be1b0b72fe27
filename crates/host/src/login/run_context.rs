//! What a run gets beside its login: access to HTTP with the answers of an earlier attempt, and the action's cache.

use crate::services::Services;
use postlude_model::cache::Cache;
use postlude_model::http::{Exchange, HttpAccess, host_of};
use postlude_model::names::{ActionName, RunId, TenantName, Timestamp};
use postlude_model::run::{Report, RunInput};
use postlude_sandbox::Plugin;
use std::collections::HashMap;
use std::sync::Arc;

/// The context of one call of the IdP, over all attempts at it: when a login runs anew because its session changed, each run
/// gets the answers that it had. An OAuth code works once.
pub(super) struct RunContext {
    services: Arc<Services>,
    tenant: TenantName,
    exchanges: HashMap<RunId, Vec<Exchange>>,
    /// The clock, one reading for all attempts.
    pub(super) now: Timestamp,
}

impl RunContext {
    /// The context of a call that begins now.
    pub(super) fn new(services: &Arc<Services>, tenant: &TenantName) -> Self {
        let (services, tenant) = (Arc::clone(services), tenant.clone());
        Self { exchanges: HashMap::new(), now: services.clock.now(), services, tenant }
    }

    /// Whether somebody hears of every run: the program around the host, or an operator who will save the login.
    pub(super) fn hears_runs(&self) -> bool {
        self.services.runs.is_some() || self.services.recordings.are_kept()
    }

    /// Tells of a run.
    pub(super) fn hear(&self, plugin: &Plugin, input: &RunInput, report: &Report) {
        if let Some(listener) = &self.services.runs {
            listener.ran(plugin, input, report);
        }
        if self.services.recordings.are_kept() {
            self.services.recordings.keep(&self.tenant, input, report);
        }
    }

    /// Gives a run access to HTTP and its cache, where its plugin imports them.
    pub(super) async fn attach(&self, plugin: &Plugin, input: &mut RunInput) {
        let recorded = self.exchanges.get(&input.run_id).cloned().unwrap_or_default();
        let imports = |interface: &str| plugin.imports().iter().any(|function| function.starts_with(interface));
        // Own keys may have to be fetched, which goes the same way.
        if imports("http.") || imports("keys.") {
            let client = self.services.http.of(self.tenant.as_str());
            input.http = HttpAccess { client, recorded };
        }
        if imports("cache.") {
            input.cache = self.cache(&input.action.spec.name).await;
        }
    }

    /// Keeps the answers that a run got, for another attempt at it.
    pub(super) fn keep_exchanges(&mut self, run: &RunId, report: &Report) {
        report.http.iter().for_each(log_exchange);
        if !report.http.is_empty() {
            self.exchanges.insert(run.clone(), report.http.clone());
        }
    }

    /// The action's cache. It is best effort: an action must be able to do without.
    async fn cache(&self, action: &ActionName) -> Cache {
        self.services.store.cache(&self.tenant, action).await.unwrap_or_else(|why| {
            tracing::warn!(cause = %why, %action, "the action's cache cannot be read, and is empty for this run");
            Cache::new()
        })
    }
}

/// Writes a request of a plugin to the log, without path and query: they may hold what is not for it.
fn log_exchange(Exchange { request, answer }: &Exchange) {
    let host = host_of(&request.url).unwrap_or_else(|_| "none".to_owned());
    let method: String = request.method.chars().take(16).flat_map(char::escape_default).collect();
    match answer {
        Ok(answer) => {
            tracing::info!(%method, %host, status = answer.status, bytes = answer.body.len(), "a plugin's request was answered");
        }
        Err(why) => tracing::warn!(%method, %host, %why, "a plugin's request got no answer"),
    }
}
