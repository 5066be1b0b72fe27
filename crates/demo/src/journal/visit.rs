//! Who asks a server, and in which flow.

/// The number of a flow.
pub(crate) type FlowId = u64;

/// A browser's request on its way through a server: what that server sends elsewhere because of it belongs to the same flow.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// The browser's name.
    pub(crate) browser: String,
    /// The flow.
    pub(crate) flow: FlowId,
}
