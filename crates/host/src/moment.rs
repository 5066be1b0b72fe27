//! The metrics that are read at the moment of a scrape.

use crate::metrics::{gauge, store_condition};
use crate::services::Services;
use crate::tenants::TenantsInForce;
use postlude_sandbox::ShareUse;
use postlude_store::Availability;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use std::fmt;
use std::sync::Arc;

/// The metrics that are read at the moment of a scrape.
#[derive(Debug)]
pub(crate) struct Moment(pub(crate) Arc<Services>, pub(crate) Arc<TenantsInForce>);

impl Collector for Moment {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Self(services, tenants) = self;
        let (all, free) = services.sandbox.places();
        // Runs of no tenant are the host's own.
        let uses: Vec<_> = services.sandbox.uses().into_iter().filter(|tenant| !tenant.name.is_empty()).collect();
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let busy = all.saturating_sub(free);
        gauge(&mut encoder, "postlude_run_places", "Places for runs that are long or wait", number(all))?;
        gauge(&mut encoder, "postlude_run_places_busy", "Places that are taken", number(busy))?;
        let help = "Runs of a tenant that are under way or wait for a turn";
        per_tenant(&mut encoder, "postlude_runs_under_way", help, &uses, |tenant| number(tenant.runs))?;
        let help = "Places that runs of a tenant have";
        per_tenant(&mut encoder, "postlude_tenant_places_busy", help, &uses, |tenant| number(tenant.places))?;
        let help = "Time of the cores that runs of a tenant used";
        let mut family =
            encoder.encode_descriptor("postlude_run_core", help, Some(&Unit::Seconds), MetricType::Counter)?;
        for tenant in &uses {
            ConstCounter::new(tenant.core_time.as_secs_f64())
                .encode(family.encode_family(&[("tenant", tenant.name.as_str())])?)?;
        }
        let help = "Times that the system's clock stepped by more than a minute, or began behind the store";
        ConstCounter::new(services.clock.steps()).encode(encoder.encode_descriptor(
            "postlude_clock_steps",
            help,
            None,
            MetricType::Counter,
        )?)?;
        let help = "Whether the system's clock is in doubt: 1 while it is";
        gauge(&mut encoder, "postlude_clock_alarm", help, u64::from(services.clock.alarm().is_some()))?;
        let help = "Whether the store does not do what it is asked: 1 while it does not";
        let failing = services.store.availability() != Availability::Available;
        gauge(&mut encoder, "postlude_store_failing", help, u64::from(failing))?;
        let condition = services.store.condition();
        store_condition(&mut encoder, &condition)?;
        let help = "Bytes of the disk that the records of a tenant take, about";
        let mut family =
            encoder.encode_descriptor("postlude_tenant_records", help, Some(&Unit::Bytes), MetricType::Gauge)?;
        let known = tenants.get();
        for (tenant, bytes) in services.store.stored_bytes(services.clock.now()) {
            // What a tenant leaves behind that is gone must not make series.
            if known.revisions().iter().any(|(name, _)| *name == tenant) {
                ConstGauge::new(bytes).encode(family.encode_family(&[("tenant", tenant.as_str())])?)?;
            }
        }
        let help = "Plugins whose code is in memory";
        gauge(&mut encoder, "postlude_plugins_loaded", help, number(services.compiler.in_memory()))?;
        gauge(&mut encoder, "postlude_tail_readers", "Readers of the live tail", services.events.readers())?;
        let help = "The revision of a tenant's pipeline that new logins take";
        let mut family = encoder.encode_descriptor("postlude_revision", help, None, MetricType::Gauge)?;
        for (tenant, revision) in tenants.get().revisions() {
            ConstGauge::new(revision).encode(family.encode_family(&[("tenant", tenant.as_str())])?)?;
        }
        Ok(())
    }
}

/// Writes a gauge with a value for each tenant.
fn per_tenant(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    tenants: &[ShareUse],
    value: impl Fn(&ShareUse) -> u64,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for tenant in tenants {
        ConstGauge::new(value(tenant)).encode(family.encode_family(&[("tenant", tenant.name.as_str())])?)?;
    }
    Ok(())
}
