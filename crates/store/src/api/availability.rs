//! Whether a store does what it is asked at the moment.

/// Whether a store does what it is asked at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// It does.
    Available,
    /// It refuses some or all of what it is asked, for this reason, until that is mended; then it goes on by itself.
    Failing(String),
    /// It cannot recover by itself, for this reason: the process must end, and another one opens the store.
    Lost(String),
}
