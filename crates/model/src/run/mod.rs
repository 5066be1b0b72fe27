//! One run: what goes into a fresh instance of a plugin, its limits, and what came out of it.

mod budget;
mod commands;
pub mod decision;
mod input;
mod leak;
mod report;

pub use budget::Budget;
pub use commands::{Command, IDP_REQUESTS};
pub use input::{FactorView, Metadata, Phase, Proof, Reply, RunInput};
pub use leak::{Form, keep_secrets};
pub use report::{Ending, Leak, Level, Limit, Log, LogLine, Report, Trap, Usage};
