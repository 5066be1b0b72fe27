//! `log`: lines for the login record, within the budget and with nothing in them that a terminal would obey; and the last words of
//! a guest that panics.

use super::bindings::Pairs;
use super::bindings::log::Level as WitLevel;
use crate::guest_panic::GuestPanic;
use crate::price::Work;
use crate::state::RunState;
use postlude_model::run::Level;

/// `log`.
pub fn log(run: &mut RunState, (level, message, fields): (WitLevel, String, Pairs)) {
    let escaped = run.log(model_level(level), &message, &fields);
    run.owe(Work::Escape(escaped));
}

/// `panic`.
pub fn panic(_: &mut RunState, (message,): (String,)) -> GuestPanic {
    GuestPanic::new(&message)
}

const fn model_level(level: WitLevel) -> Level {
    match level {
        WitLevel::Debug => Level::Debug,
        WitLevel::Info => Level::Info,
        WitLevel::Warn => Level::Warn,
        WitLevel::Error => Level::Error,
    }
}
