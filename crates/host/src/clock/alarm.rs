//! What a person should know of the system's clock.

/// Something about the system's clock that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockAlarm {
    /// What is wrong and what it means, for a person.
    pub text: String,
    /// Only a new process can take the right time.
    pub ends_process: bool,
}
