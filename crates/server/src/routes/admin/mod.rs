//! `/v1/admin`: the operator's routes, one file for each resource. Every one declares its roles, and acts for the tenant of the key that
//! called: no caller sees or changes another tenant's things.

pub(crate) mod bypasses;
pub(crate) mod events;
pub(crate) mod kill;
mod lists;
pub(crate) mod logins;
pub(crate) mod orders;
pub(crate) mod pipeline;
pub(crate) mod plugins;
mod reason;
pub(crate) mod reload;
pub(crate) mod root_keys;
pub(crate) mod sessions;
