//! What a trace says of a run beside its decision: the limit that it hit, where it sent the browser, the end of its log.

use crate::action::Action;
use crate::limits;
use crate::login::{Trace, TraceDecision, TraceLine};
use crate::names::Timestamp;
use crate::run::{Ending, Limit, LogLine, Phase, Report, Usage};
use std::time::Duration;
use url::Url;

/// Bytes of a reason in the trace.
const WHY_BYTES: usize = 512;

/// What was seen of the run that is folded.
#[derive(Debug, Default)]
pub(super) struct TraceDetails {
    limit: Option<Limit>,
    origin: Option<String>,
    log: Vec<TraceLine>,
    log_left_out: u64,
}

impl TraceDetails {
    pub(super) fn of(report: &Report) -> Self {
        let limit = match &report.ending {
            Ending::Trapped(trap) => trap.limit,
            _ => None,
        };
        let lines = &report.log.lines;
        let before = lines.len().saturating_sub(limits::TRACE_LOG_LINES);
        let left_out = u64::try_from(before).unwrap_or(u64::MAX).saturating_add(report.log.dropped);
        Self { limit, origin: None, log: lines.iter().skip(before).map(kept).collect(), log_left_out: left_out }
    }

    /// The entry of the trace; its step and time are the login's to fill in.
    pub(super) fn trace(
        self,
        action: &Action,
        phase: Phase,
        decision: TraceDecision,
        why: String,
        usage: Usage,
    ) -> Trace {
        Trace {
            action: action.spec.name.clone(),
            version: action.spec.version.clone(),
            digest: action.spec.digest,
            step: 0,
            phase,
            decision,
            report_only: action.spec.rules.report_only,
            // The trace is stored with the record: a plugin's own words must not fill it.
            why: shortened(why, WHY_BYTES),
            at: Timestamp::default(),
            limit: self.limit,
            origin: self.origin,
            fuel: usage.fuel,
            memory_bytes: usage.memory_bytes,
            host_calls: usage.host_calls,
            duration_us: micros(usage.duration),
            waited_us: micros(usage.waited),
            log: self.log,
            log_left_out: self.log_left_out,
        }
    }

    /// The browser goes to this location: its origin alone, for the query holds the state.
    pub(super) fn set_origin(&mut self, location: &str) {
        self.origin = Url::parse(location).ok().map(|url| url.origin().ascii_serialization());
    }
}

fn kept(line: &LogLine) -> TraceLine {
    let fields = line.fields.iter().map(|(name, value)| format!(" {name}={value}"));
    let text = std::iter::once(line.message.clone()).chain(fields).collect();
    TraceLine { level: line.level, text: shortened(text, limits::TRACE_LOG_BYTES) }
}

/// The text, cut between two characters where it is longer than so many bytes.
fn shortened(mut text: String, bytes: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes));
    text
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Level, Log, Usage};

    fn report(lines: usize, dropped: u64) -> Report {
        let line = |n: usize| LogLine {
            level: Level::Info,
            message: format!("line {n}"),
            fields: vec![("key".to_owned(), "value".to_owned())],
        };
        let log = Log { lines: (1..=lines).map(line).collect(), dropped };
        Report { ending: Ending::Busy, commands: Vec::new(), log, http: Vec::new(), usage: Usage::default() }
    }

    #[test]
    fn the_last_lines_are_kept_and_the_others_counted() {
        let whole = TraceDetails::of(&report(limits::TRACE_LOG_LINES, 0));
        assert_eq!((whole.log.len(), whole.log_left_out), (limits::TRACE_LOG_LINES, 0));
        assert_eq!(whole.log[0].text, "line 1 key=value");
        let more = TraceDetails::of(&report(limits::TRACE_LOG_LINES + 1, 7));
        assert_eq!((more.log[0].text.as_str(), more.log_left_out), ("line 2 key=value", 8));
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(shortened("abc".to_owned(), 3), "abc");
        assert_eq!(shortened("abcd".to_owned(), 3), "abc");
        assert_eq!(shortened("a\u{e9}".to_owned(), 2), "a");
    }

    #[test]
    fn of_a_location_the_origin_alone_is_kept() {
        let mut trace_details = TraceDetails::default();
        trace_details.set_origin("https://prompt.example:8443/p?state=secret#x");
        assert_eq!(trace_details.origin.as_deref(), Some("https://prompt.example:8443"));
    }
}
