//! What the store's commits cost.

use super::gauge;
use super::pipeline::WAIT;
use postlude_store::{Durability, Observer, StoreCondition};
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt;
use std::time::Duration;

/// Answers that one sync made durable; 256 is the most that the store's writer takes at once.
const GROUP: [f64; 10] = [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// The store's commits and syncs.
#[derive(Debug)]
pub(crate) struct StoreMetrics {
    synced: Histogram,
    batched: Histogram,
    errors: Counter,
    sync: Histogram,
    group: Histogram,
    sync_errors: Counter,
    unreadable: Counter,
}

impl StoreMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let commits = Family::<_, Histogram, fn() -> Histogram>::new_with_constructor(|| Histogram::new(WAIT));
        let of = |durability| commits.get_or_create_owned(&[("durability", durability)]);
        let (synced, batched) = (of("synced"), of("batched"));
        let (sync, group) = (Histogram::new(WAIT), Histogram::new(GROUP));
        let (errors, sync_errors) = (Counter::default(), Counter::default());
        let help = "Time that a commit's caller waited";
        registry.register("postlude_store_commit_duration_seconds", help, commits);
        registry.register("postlude_store_commit_errors", "Commits that failed", errors.clone());
        registry.register("postlude_store_sync_duration_seconds", "Time of a sync of the disk", sync.clone());
        registry.register("postlude_store_group_size", "Answers that waited for one sync", group.clone());
        let help = "Syncs that failed; the store stops with the first";
        registry.register("postlude_store_sync_errors", help, sync_errors.clone());
        let unreadable = Counter::default();
        registry.register(
            "postlude_store_unreadable",
            "Times that a stored record could not be read",
            unreadable.clone(),
        );
        Self { synced, batched, errors, sync, group, sync_errors, unreadable }
    }
}

/// Writes what is known of the store's condition.
pub(crate) fn store_condition(encoder: &mut DescriptorEncoder<'_>, condition: &StoreCondition) -> fmt::Result {
    let help = "Stored records that the scrub has looked at, in this pass or the last";
    gauge(encoder, "postlude_store_records_checked", help, condition.checked)?;
    let help = "1 once the scrub has looked at every record since the start";
    gauge(encoder, "postlude_store_check_complete", help, condition.complete.into())?;
    let help = "Stored records that are damaged or were made under a root key that was removed";
    gauge(encoder, "postlude_store_records_damaged", help, condition.damaged_records())?;
    let help = "Stored records and light logins that need a root key";
    let mut family = encoder.encode_descriptor("postlude_root_key_records", help, None, MetricType::Gauge)?;
    for key in &condition.keys {
        let needed = key.records.saturating_add(key.light_logins);
        ConstGauge::new(needed).encode(family.encode_family(&[("kid", key.kid.as_str())])?)?;
    }
    Ok(())
}

impl Observer for StoreMetrics {
    fn unreadable(&self, _: &'static str) {
        self.unreadable.inc();
    }

    fn committed(&self, durability: Durability, took: Duration, failed: bool) {
        match durability {
            Durability::Synced => self.synced.observe(took.as_secs_f64()),
            Durability::Batched => self.batched.observe(took.as_secs_f64()),
        }
        if failed {
            self.errors.inc();
        }
    }

    fn synced(&self, answers: usize, took: Duration, failed: bool) {
        self.sync.observe(took.as_secs_f64());
        self.group.observe(u32::try_from(answers).map_or(f64::INFINITY, f64::from));
        if failed {
            self.sync_errors.inc();
        }
    }
}
