//! What operators and readers look at: a login's whole record, and the live tail.

pub(crate) mod login_view;
pub(crate) mod tail;
