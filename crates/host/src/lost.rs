//! Why a host cannot go on by itself.

use std::fmt;

/// Why a host cannot go on by itself: its process must end, so that a supervisor starts another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// The store cannot be opened again, or its disk hangs.
    Store(String),
    /// The process has a wrong time that it cannot take back.
    Clock(String),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Store(why) | Self::Clock(why)) = self;
        f.write_str(why)
    }
}
