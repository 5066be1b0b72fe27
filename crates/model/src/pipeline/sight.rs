//! What a trace says of a run beside its verdict: the limit that it hit, where it sent the browser, the end of its log.

use crate::limits;
use crate::login::TraceLine;
use crate::run::{Ending, Limit, LogLine, Report};
use std::time::Duration;
use url::Url;

/// What was seen of the run that is folded.
#[derive(Debug, Default)]
pub(super) struct Sight {
    pub(super) limit: Option<Limit>,
    pub(super) origin: Option<String>,
    pub(super) log: Vec<TraceLine>,
    pub(super) log_left_out: u64,
}

impl Sight {
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

    /// The browser goes to this location: its origin alone, for the query holds the state.
    pub(super) fn to(&mut self, location: &str) {
        self.origin = Url::parse(location).ok().map(|url| url.origin().ascii_serialization());
    }
}

fn kept(line: &LogLine) -> TraceLine {
    let fields = line.fields.iter().map(|(name, value)| format!(" {name}={value}"));
    let text = std::iter::once(line.message.clone()).chain(fields).collect();
    TraceLine { level: line.level, text: shortened(text, limits::TRACE_LOG_BYTES) }
}

/// The text, cut between two characters where it is longer than so many bytes.
pub(super) fn shortened(mut text: String, bytes: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes));
    text
}

pub(super) fn micros(duration: Duration) -> u64 {
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
        let whole = Sight::of(&report(limits::TRACE_LOG_LINES, 0));
        assert_eq!((whole.log.len(), whole.log_left_out), (limits::TRACE_LOG_LINES, 0));
        assert_eq!(whole.log[0].text, "line 1 key=value");
        let more = Sight::of(&report(limits::TRACE_LOG_LINES + 1, 7));
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
        let mut sight = Sight::default();
        sight.to("https://prompt.example:8443/p?state=secret#x");
        assert_eq!(sight.origin.as_deref(), Some("https://prompt.example:8443"));
    }
}
