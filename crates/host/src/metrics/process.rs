//! The process itself: its version, when it began, its memory and its open files.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is read of the process at each scrape.
#[derive(Debug)]
pub(crate) struct ProcessMetrics;

impl ProcessMetrics {
    pub(super) fn register(registry: &mut Registry) {
        let build = Family::<_, Gauge<u64, AtomicU64>>::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        registry.register("postlude_build_info", "Always 1; the label has the version", build);
        let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let help = "When the process began, in seconds since 1970";
        registry.register("process_start_time_seconds", help, ConstGauge::new(began));
        registry.register_collector(Box::new(Self));
    }
}

impl Collector for ProcessMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        gauge(&mut encoder, "process_resident_memory_bytes", "Resident memory", resident_bytes())?;
        gauge(&mut encoder, "process_open_fds", "Open file descriptors", open_files())
    }
}

/// Writes a gauge without labels.
pub(crate) fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let gauge = ConstGauge::new(value);
    gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
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
