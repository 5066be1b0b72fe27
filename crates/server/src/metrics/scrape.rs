//! `GET /metrics`: all series as OpenMetrics text (<https://prometheus.io/docs/specs/om/open_metrics_spec/>, version 1.0).

use super::Metrics;
use super::meters::{ActionMeter, LOAD, OUTCOMES, REPORTED, RouteMeter, STATUSES, TenantMeter};
use super::value::{Counter, Histogram};
use crate::error::ApiError;
use crate::runtime::Runtime;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use postlude_model::login::TraceDecision;
use postlude_model::names::{ActionName, TenantName};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::UNIX_EPOCH;

/// The content type of OpenMetrics text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`.
pub(crate) async fn serve(State(runtime): State<Arc<Runtime>>) -> Result<impl IntoResponse, ApiError> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape(runtime)));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text))
}

/// One reading of everything.
#[derive(Debug)]
struct Scrape(Arc<Runtime>);

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page { encoder };
        let metrics = &self.0.metrics;
        logins(&mut page, metrics)?;
        runs(&mut page, metrics)?;
        self.places(&mut page)?;
        store(&mut page, metrics)?;
        http(&mut page, metrics)?;
        self.configuration(&mut page)?;
        process(&mut page, metrics)
    }
}

/// The page under construction.
struct Page<'e> {
    encoder: DescriptorEncoder<'e>,
}

impl Page<'_> {
    fn counters<'c, L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        all: impl IntoIterator<Item = (L, &'c Counter)>,
    ) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        all.into_iter().try_for_each(|(labels, counter)| counter.encode(family.encode_family(&labels)?))
    }

    fn histograms<'h, L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        all: impl IntoIterator<Item = (L, &'h Histogram)>,
    ) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        all.into_iter().try_for_each(|(labels, histogram)| histogram.encode(family.encode_family(&labels)?))
    }

    fn counter(&mut self, name: &str, help: &str, counter: &Counter) -> fmt::Result {
        counter.encode(self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?)
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) -> fmt::Result {
        histogram.encode(self.encoder.encode_descriptor(name, help, None, MetricType::Histogram)?)
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        gauge(&mut self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?, value)
    }

    fn gauges<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        all: impl IntoIterator<Item = (L, u64)>,
    ) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        all.into_iter().try_for_each(|(labels, value)| gauge(&mut family.encode_family(&labels)?, value))
    }
}

fn gauge(encoder: &mut MetricEncoder<'_>, value: u64) -> fmt::Result {
    encoder.encode_gauge(&value)
}

fn logins(page: &mut Page<'_>, metrics: &Metrics) -> fmt::Result {
    let tenants: Vec<(TenantName, Arc<TenantMeter>)> = {
        let tenants = metrics.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.iter().map(|(name, meter)| (name.clone(), Arc::clone(meter))).collect()
    };
    let outcomes = tenants.iter().flat_map(|(tenant, meter)| {
        OUTCOMES
            .iter()
            .zip(&meter.outcomes)
            .map(|(outcome, count)| ([("tenant", tenant.as_str()), ("outcome", *outcome)], count))
    });
    page.counters("postlude_logins", "Calls about logins that ran and were committed, by what they came to", outcomes)?;
    let durations = tenants.iter().map(|(tenant, meter)| ([("tenant", tenant.as_str())], &meter.duration));
    page.histograms("postlude_login_duration_seconds", "Time of such a call, runs and commit included", durations)
}

fn runs(page: &mut Page<'_>, metrics: &Metrics) -> fmt::Result {
    let actions: Vec<((TenantName, ActionName), Arc<ActionMeter>)> = {
        let actions = metrics.actions.lock().unwrap_or_else(PoisonError::into_inner);
        actions.iter().map(|(name, meter)| (name.clone(), Arc::clone(meter))).collect()
    };
    let labels = |name: &'_ (TenantName, ActionName)| [("tenant", name.0.to_string()), ("action", name.1.to_string())];
    let decisions = actions.iter().flat_map(|(name, meter)| {
        // What does not apply did not run.
        let ran = TraceDecision::ALL
            .iter()
            .zip(&meter.verdicts)
            .filter(|(verdict, _)| **verdict != TraceDecision::NotApplicable);
        let ran = ran.map(|(verdict, count)| (verdict.as_str(), count));
        let ran = ran.chain(LOAD.iter().copied().zip(&meter.load)).chain([(REPORTED, &meter.reported)]);
        ran.map(move |(decision, count)| {
            let [tenant, action] = labels(name);
            ([tenant, action, ("decision", decision.to_owned())], count)
        })
    });
    page.counters("postlude_runs", "Runs of plugins, by what they came to in their login", decisions)?;
    let fuel = actions.iter().map(|(name, meter)| (labels(name), &meter.fuel));
    page.histograms("postlude_run_fuel", "Fuel units of a run", fuel)?;
    let durations = actions.iter().map(|(name, meter)| (labels(name), &meter.duration));
    page.histograms("postlude_run_duration_seconds", "Wall clock of a run, the wait for a place included", durations)?;
    page.histogram("postlude_run_wait_seconds", "Time a run waited for a place", &metrics.runs.wait)
}

impl Scrape {
    fn places(&self, page: &mut Page<'_>) -> fmt::Result {
        let (all, free) = self.0.sandbox.places();
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let (all, busy) = (number(all), number(all.saturating_sub(free)));
        let waiting = self.0.metrics.runs.in_flight.get().saturating_sub(busy);
        page.gauge("postlude_run_places", "Runs that the pool has room for at the same time", all)?;
        page.gauge("postlude_run_places_busy", "Places of the pool that are taken", busy)?;
        page.gauge("postlude_runs_waiting", "Runs that wait for a place", waiting)
    }

    fn configuration(&self, page: &mut Page<'_>) -> fmt::Result {
        let metrics = &self.0.metrics;
        let reloads =
            [([("outcome", "taken")], &metrics.reloads), ([("outcome", "refused")], &metrics.refused_reloads)];
        page.counters("postlude_reloads", "Reloads of the configuration", reloads)?;
        let revisions = self.0.revisions();
        let revisions = revisions.iter().map(|(tenant, number)| ([("tenant", tenant.as_str())], *number));
        page.gauges("postlude_revision", "The revision of a tenant's pipeline that new logins take", revisions)?;
        page.gauge("postlude_plugins_loaded", "Plugins whose code is in memory", self.0.plugins_loaded())?;
        let sources = self.0.compiler.sources();
        let from = [("memory", &sources.memory), ("cache", &sources.cache), ("compiled", &sources.compiled)];
        let code = from.map(|(from, count)| ([("from", from)], count));
        page.counters("postlude_code", "Plugins that were made ready, by where their code came from", code)?;
        page.gauge("postlude_tail_readers", "Readers of the live tail", self.0.events.readers())?;
        page.counter("postlude_tail_missed", "Events that slow readers of the live tail missed", &metrics.missed_events)
    }
}

fn store(page: &mut Page<'_>, metrics: &Metrics) -> fmt::Result {
    let store = &metrics.store;
    let commits = [([("durability", "synced")], &store.synced), ([("durability", "batched")], &store.batched)];
    page.histograms("postlude_store_commit_duration_seconds", "Time that a commit's caller waited", commits)?;
    page.counter("postlude_store_commit_errors", "Commits that failed", &store.errors)?;
    page.histogram("postlude_store_sync_duration_seconds", "Time of a sync of the disk", &store.sync)?;
    page.histogram("postlude_store_group_size", "Answers that waited for one sync", &store.group)?;
    page.counter(
        "postlude_store_sync_errors",
        "Syncs that failed; the store stops with the first",
        &store.sync_errors,
    )?;
    page.counter("postlude_store_unreadable", "Times that a stored record could not be read", &store.unreadable)
}

fn http(page: &mut Page<'_>, metrics: &Metrics) -> fmt::Result {
    let routes = metrics.routes.load();
    let mut routes: Vec<(&String, &Arc<RouteMeter>)> = routes.iter().collect();
    routes.sort_unstable_by_key(|(pattern, _)| *pattern);
    let all = routes.iter().flat_map(|(pattern, route)| {
        let known = STATUSES.iter().map(ToString::to_string).zip(&route.statuses);
        let all = known.chain([("other".to_owned(), &route.other)]).filter(|(_, count)| count.get() > 0);
        all.map(move |(status, count)| ([("route", pattern.as_str().to_owned()), ("status", status)], count))
    });
    page.counters("postlude_http_requests", "Answers, by the route's pattern and status", all)
}

fn process(page: &mut Page<'_>, metrics: &Metrics) -> fmt::Result {
    let build = [([("version", env!("CARGO_PKG_VERSION"))], 1)];
    page.gauges("postlude_build_info", "Always 1; the label has the version", build)?;
    let began = metrics.began.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    page.gauge("process_start_time_seconds", "When the process began, in seconds since 1970", began)?;
    page.gauge("process_resident_memory_bytes", "Resident memory", resident_bytes())?;
    page.gauge("process_open_fds", "Open file descriptors", open_files())
}

/// The second number of `/proc/self/statm`, in pages (proc(5)); 0 where there is no such file.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages.saturating_mul(u64::try_from(rustix::param::page_size()).unwrap_or(0))
}

fn open_files() -> u64 {
    std::fs::read_dir("/proc/self/fd").map_or(0, |files| u64::try_from(files.count()).unwrap_or(u64::MAX))
}
