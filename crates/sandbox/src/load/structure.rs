//! Counts what a component would instantiate, before anything is validated or compiled.

use super::error::LoadError;
use crate::engine::MEMORY_CEILING;
use crate::escape::escaped;
use crate::tier::TierLimits;
use wasmparser::{ComponentInstance, Instance, Parser, Payload};

/// Sections of a component, at all levels: a bound on the work of everything that follows.
const PAYLOADS: u64 = 1_000_000;

struct Counts {
    most: &'static TierLimits,
    instances: u64,
    memories: u64,
    memory_bytes: u64,
    tables: u64,
    elements: u64,
    payloads: u64,
}

/// Refuses components that could not be instantiated within the limits. Every instantiation at every level counts once;
/// the engine counts again what nested components multiply.
pub fn check(bytes: &[u8], most: &'static TierLimits) -> Result<(), LoadError> {
    let mut counts = Counts { most, instances: 0, memories: 0, memory_bytes: 0, tables: 0, elements: 0, payloads: 0 };
    for payload in Parser::new(0).parse_all(bytes) {
        counts.add(&payload.map_err(malformed)?)?;
    }
    Ok(())
}

/// A reader's error in this crate's words.
pub fn malformed(error: wasmparser::BinaryReaderError) -> LoadError {
    LoadError::Malformed(escaped(&format!("{} at byte {}", error.message(), error.offset())))
}

impl Counts {
    fn add(&mut self, payload: &Payload<'_>) -> Result<(), LoadError> {
        self.payloads += 1;
        limit("sections", self.payloads, PAYLOADS)?;
        match payload {
            Payload::InstanceSection(reader) => {
                for instance in reader.clone() {
                    self.instance(matches!(instance.map_err(malformed)?, Instance::Instantiate { .. }))?;
                }
            }
            Payload::ComponentInstanceSection(reader) => {
                for instance in reader.clone() {
                    let made = matches!(instance.map_err(malformed)?, ComponentInstance::Instantiate { .. });
                    self.instance(made)?;
                }
            }
            Payload::MemorySection(reader) => {
                self.memories += u64::from(reader.count());
                limit("memories", self.memories, as_u64(self.most.memories))?;
                for memory in reader.clone() {
                    let memory = memory.map_err(malformed)?;
                    let page = 1_u64.checked_shl(memory.page_size_log2.unwrap_or(16)).unwrap_or(u64::MAX);
                    self.memory_bytes = self.memory_bytes.saturating_add(memory.initial.saturating_mul(page));
                    if self.memory_bytes > as_u64(MEMORY_CEILING) {
                        return Err(LoadError::Memory { bytes: self.memory_bytes, limit: as_u64(MEMORY_CEILING) });
                    }
                }
            }
            Payload::TableSection(reader) => {
                self.tables += u64::from(reader.count());
                limit("tables", self.tables, as_u64(self.most.tables))?;
                for table in reader.clone() {
                    self.elements = self.elements.saturating_add(table.map_err(malformed)?.ty.initial);
                    limit("table elements", self.elements, as_u64(self.most.table_elements))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn instance(&mut self, made: bool) -> Result<(), LoadError> {
        self.instances += u64::from(made);
        limit("instances", self.instances, as_u64(self.most.instances))
    }
}

fn limit(what: &'static str, count: u64, limit: u64) -> Result<(), LoadError> {
    if count > limit { Err(LoadError::TooMany { what, count, limit }) } else { Ok(()) }
}

fn as_u64(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
