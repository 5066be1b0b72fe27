//! A page of a list.

/// Some records of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The records.
    pub items: Vec<T>,
    /// Whether there are more behind the last of them.
    pub more: bool,
}
