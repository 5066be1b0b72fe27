//! Counts the memory and tables of a run, all of them together, and remembers which limit was refused.

use crate::tier::TierLimits;
use postlude_model::run::Limit;
use wasmtime::ResourceLimiter;

/// The limiter of one run.
#[derive(Debug)]
pub struct Limiter {
    tier: &'static TierLimits,
    memory_limit: u64,
    memory: u64,
    memory_peak: u64,
    elements: u64,
    granted: u64,
    refused: Option<Limit>,
}

impl Limiter {
    /// A limiter for a tier and this many bytes of linear memory.
    pub const fn new(tier: &'static TierLimits, memory_limit: u64) -> Self {
        Self { tier, memory_limit, memory: 0, memory_peak: 0, elements: 0, granted: 0, refused: None }
    }

    /// Bytes of all memories at their peak.
    pub const fn memory_peak(&self) -> u64 {
        self.memory_peak
    }

    /// The limit that was refused last. It explains a trap that follows; a guest may also carry on without.
    pub const fn refused(&self) -> Option<Limit> {
        self.refused
    }
}

fn growth(current: usize, desired: usize) -> u64 {
    u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX)
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.granted = 0;
        let wanted = self.memory.saturating_add(growth(current, desired));
        if wanted > self.memory_limit {
            self.refused = Some(Limit::Memory);
            return Ok(false);
        }
        // A guest that asks for more than its own maximum gets its -1 from wasmtime, and nothing was used.
        if maximum.is_none_or(|maximum| desired <= maximum) {
            self.granted = growth(current, desired);
            self.memory = wanted;
            self.memory_peak = self.memory_peak.max(wanted);
        }
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory = self.memory.saturating_sub(std::mem::take(&mut self.granted));
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.elements.saturating_add(growth(current, desired));
        if wanted > u64::try_from(self.tier.table_elements).unwrap_or(u64::MAX) {
            self.refused = Some(Limit::TableElements);
            return Ok(false);
        }
        if maximum.is_none_or(|maximum| desired <= maximum) {
            self.elements = wanted;
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.tier.instances
    }

    fn tables(&self) -> usize {
        self.tier.tables
    }

    fn memories(&self) -> usize {
        self.tier.memories
    }
}
