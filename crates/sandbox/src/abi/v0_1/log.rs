//! `log`: lines for the login record, within the budget and with nothing in them that a terminal would obey.

use super::bindings::Pairs;
use super::bindings::log::Level as WitLevel;
use crate::escape::escaped;
use crate::price::Work;
use crate::state::RunState;
use postlude_model::run::{Level, LogLine};

/// `log`.
pub fn log(run: &mut RunState, (level, message, fields): (WitLevel, String, Pairs)) {
    // Once a line was dropped the log is over: what is kept has no holes.
    if run.log.dropped > 0 || run.log.lines.len() >= run.input.action.spec.budget.log_lines {
        run.log.dropped = run.log.dropped.saturating_add(1);
        return;
    }
    let fields = fields.iter().map(|(name, value)| (escaped(name), escaped(value))).collect();
    let line = LogLine { level: model_level(level), message: escaped(&message), fields };
    let bytes = size(&line);
    run.owe(Work::Escape(bytes));
    match run.log_bytes.checked_add(bytes).filter(|total| *total <= run.input.action.spec.budget.log_bytes) {
        Some(total) => {
            run.log_bytes = total;
            run.log.lines.push(line);
        }
        None => run.log.dropped = 1,
    }
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
