//! Keeps an action's secrets out of what its runs give out: no decision and no effect that has one is taken, no log line shows one.
//!
//! It finds what a careless plugin does, and a hostile one that does not try hard: a secret that is cut in parts, reversed or encrypted
//! looks like anything else. What must not leave at all is a key that stays in the host.

mod search;
mod texts;

pub use search::Form;
use search::Search;

use super::report::{Ending, Log, Report};
use crate::action::Action;
use crate::decision::Failure;

/// Has a report without the secrets of its action. A decision, or an effect of it, with one of them becomes [`Ending::Leaked`]; in log
/// lines, reasons of failures and messages of traps a mark stands for it. Requests over HTTP are not looked at: granted hosts are where
/// secrets are for. Secrets of fewer than [`limits::SECRET_BYTES`](crate::limits::SECRET_BYTES) bytes are not looked for.
pub fn keep_secrets(report: &mut Report, action: &Action) {
    if action.secrets.is_empty() {
        return;
    }
    let search = Search::of(action);
    cover_log(&search, &mut report.log);
    match &mut report.ending {
        Ending::Failed(Failure::Other(why) | Failure::Unavailable(why)) => search.cover(why),
        Ending::Trapped(trap) => search.cover(&mut trap.message),
        Ending::Decided(_) | Ending::Leaked(_) | Ending::TimedOut | Ending::Busy => {}
    }
    let Some(leak) = texts::first_leak(&search, report) else { return };
    report.commands.clear();
    // What failed has no effects anyway.
    if matches!(report.ending, Ending::Decided(_)) {
        report.ending = Ending::Leaked(leak);
    }
}

fn cover_log(search: &Search<'_>, log: &mut Log) {
    for line in &mut log.lines {
        search.cover(&mut line.message);
        for (name, value) in &mut line.fields {
            search.cover(name);
            search.cover(value);
        }
    }
}
