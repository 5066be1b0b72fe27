//! The tiers of guests: what a component asks of its host, and what it may have in return.

use postlude_model::action::Budget;
use postlude_model::limits;

/// What a component asks of its host, as its imports say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// The component imports nothing but the contract.
    ZeroWasi,
    /// The component imports WASI too, and finds it shut: no files, environment, arguments or network, a clock in virtual time.
    ClosedWasi,
    /// The component imports what no Postlude offers, or the file is not a component.
    Unknown,
}

/// How large a component of a tier may be, and what a run of it may have.
#[derive(Debug, PartialEq, Eq)]
pub struct TierLimits {
    /// Bytes of the file.
    pub component_bytes: usize,
    /// Core instances.
    pub instances: usize,
    /// Linear memories. Toolchains make one, adapters a second.
    pub memories: usize,
    /// Tables.
    pub tables: usize,
    /// Elements of all tables.
    pub table_elements: usize,
    /// Handles that are alive at a time. The contract has no resources, so only a guest's own and WASI's can count.
    pub handles: usize,
}

static ZERO_WASI: TierLimits = TierLimits {
    component_bytes: limits::COMPONENT_BYTES,
    instances: limits::INSTANCES,
    memories: limits::MEMORIES,
    tables: limits::TABLES,
    table_elements: limits::TABLE_ELEMENTS,
    handles: limits::HANDLES,
};

static CLOSED_WASI: TierLimits = TierLimits {
    component_bytes: limits::CLOSED_WASI_COMPONENT_BYTES,
    instances: limits::CLOSED_WASI_INSTANCES,
    memories: limits::MEMORIES,
    tables: limits::TABLES,
    table_elements: limits::TABLE_ELEMENTS,
    handles: limits::CLOSED_WASI_HANDLES,
};

impl Tier {
    /// The tier of a component with these imports, of those that a host runs.
    pub(crate) fn of_imports<S: AsRef<str>>(names: &[S]) -> Self {
        if names.iter().any(|name| name.as_ref().starts_with("wasi:")) { Self::ClosedWasi } else { Self::ZeroWasi }
    }

    /// The tier's limits; the narrowest where no host runs the component.
    pub(crate) fn limits(self) -> &'static TierLimits {
        match self {
            Self::ClosedWasi => &CLOSED_WASI,
            Self::ZeroWasi | Self::Unknown => &ZERO_WASI,
        }
    }

    /// What a run of a tier's plugin may have where neither the plugin nor the operator says otherwise.
    #[must_use]
    pub fn budget(self) -> Budget {
        match self {
            Self::ClosedWasi => Budget { memory_bytes: limits::CLOSED_WASI_MEMORY_BYTES, ..Budget::default() },
            Self::ZeroWasi | Self::Unknown => Budget::default(),
        }
    }

    /// The tier's name for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ZeroWasi => "zero WASI",
            Self::ClosedWasi => "closed WASI",
            Self::Unknown => "unknown",
        }
    }
}
