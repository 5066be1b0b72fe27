//! `log`: lines for the login record, within the budget and with nothing in them that a terminal would obey; and the last words of
//! a guest that panics.

use super::bindings::Pairs;
use super::bindings::log::Level as WitLevel;
use crate::escape::escaped;
use crate::guest_panic::GuestPanic;
use crate::price::Work;
use crate::state::RunState;
use postlude_model::run::{Level, LogLine};

/// `log`.
pub fn log(run: &mut RunState, (level, message, fields): (WitLevel, String, Pairs)) {
    if is_full(run) {
        run.log.dropped = run.log.dropped.saturating_add(1);
        return;
    }
    let fields = fields.iter().map(|(name, value)| (escaped(name), escaped(value))).collect();
    let line = LogLine { level: model_level(level), message: escaped(&message), fields };
    run.owe(Work::Escape(size(&line)));
    add(run, line);
}

/// Whether no line has room any more. Once a line was dropped the log is over: what is kept has no holes.
fn is_full(run: &RunState) -> bool {
    run.log.dropped > 0 || run.log.lines.len() >= run.input.action.spec.budget.log_lines
}

/// Adds a line within the budget, also one of the host's own: it says what the host refused.
pub fn add(run: &mut RunState, line: LogLine) {
    if is_full(run) {
        run.log.dropped = run.log.dropped.saturating_add(1);
        return;
    }
    let bytes = size(&line);
    match run.log_bytes.checked_add(bytes).filter(|total| *total <= run.input.action.spec.budget.log_bytes) {
        Some(total) => {
            run.log_bytes = total;
            run.log.lines.push(line);
        }
        None => run.log.dropped = 1,
    }
}

/// `panic`.
pub fn panic(_: &mut RunState, (message,): (String,)) -> GuestPanic {
    GuestPanic::new(&message)
}

fn size(line: &LogLine) -> usize {
    let fields = line.fields.iter().map(|(name, value)| name.len().saturating_add(value.len()));
    fields.fold(line.message.len(), usize::saturating_add)
}

const fn model_level(level: WitLevel) -> Level {
    match level {
        WitLevel::Debug => Level::Debug,
        WitLevel::Info => Level::Info,
        WitLevel::Warn => Level::Warn,
        WitLevel::Error => Level::Error,
    }
}
