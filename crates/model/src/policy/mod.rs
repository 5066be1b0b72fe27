//! Policy: which factors count in a login, which conditions actions have, and what an operator orders beside the configuration.

pub mod bypass;
pub mod factor;
pub mod orders;
pub mod state;
pub mod when;
