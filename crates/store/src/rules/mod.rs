//! What every engine must decide alike when it applies a commit, as functions of plain values.

pub(crate) mod bypasses;
pub(crate) mod kept_orders;
pub(crate) mod open_logins;
