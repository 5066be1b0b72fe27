//! The limits of one run.

use crate::limits;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Limits of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Fuel units.
    pub fuel: u64,
    /// Wall clock.
    pub wall_clock: Duration,
    /// Bytes of all linear memories together.
    pub memory_bytes: u64,
    /// Lines of log.
    pub log_lines: usize,
    /// Bytes of log.
    pub log_bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            fuel: limits::FUEL,
            wall_clock: limits::WALL_CLOCK,
            memory_bytes: limits::MEMORY_BYTES,
            log_lines: limits::LOG_LINES,
            log_bytes: limits::LOG_BYTES,
        }
    }
}
