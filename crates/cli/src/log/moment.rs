//! The moment of a line, as RFC 3339 has it, to the microsecond.

use std::cell::Cell;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A moment.
pub(super) struct Moment {
    second: i64,
    micros: u32,
}

thread_local! {
    /// The second that was written last, and its text: most lines are of the same.
    static SECOND: Cell<(i64, [u8; 19])> = const { Cell::new((i64::MIN, [b'?'; 19])) };
}

impl Moment {
    pub(super) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { second: i64::try_from(since.as_secs()).unwrap_or(i64::MAX), micros: since.subsec_micros() }
    }

    fn text_of_second(&self) -> [u8; 19] {
        let (second, text) = SECOND.get();
        if second == self.second {
            return text;
        }
        let written = jiff::Timestamp::from_second(self.second).map(|moment| moment.to_string()).unwrap_or_default();
        let text = written.as_bytes().first_chunk().copied().unwrap_or([b'?'; 19]);
        SECOND.set((self.second, text));
        text
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text_of_second();
        write!(f, "{}.{:06}Z", std::str::from_utf8(&text).unwrap_or_default(), self.micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_to_the_microsecond() {
        let shown = |second, micros| Moment { second, micros }.to_string();
        assert_eq!(shown(1_795_000_000, 42), "2026-11-18T11:06:40.000042Z");
        assert_eq!(shown(1_795_000_000, 999_999), "2026-11-18T11:06:40.999999Z");
        assert_eq!(shown(0, 0), "1970-01-01T00:00:00.000000Z");
    }
}
