//! A login as it is stored: its record, where it stands, and the trace of its runs.

mod record;
mod status;
mod trace;

pub use record::{Effects, LoginRecord, Subject};
pub use status::{EndReason, FactorStanding, Outcome, Settled, Status, Suspension};
pub use trace::{Trace, TraceDecision, TraceLine};
