//! A host function's reason to stop the run.

use postlude_model::run::Limit;

/// The run went past a limit. A host function that returns this ends the run by a trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} spent", .0.as_str())]
pub struct LimitExceeded(pub Limit);
