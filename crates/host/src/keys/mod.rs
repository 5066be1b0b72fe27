//! Keys that the host makes for actions.

pub(crate) mod own_keys;
