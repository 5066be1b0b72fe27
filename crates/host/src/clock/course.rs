//! Whether the wall clock is followed: slowly where it is a little off, not at all where it stepped, until it has proved itself.

use super::alarm::ClockAlarm;
use postlude_model::limits;
use postlude_model::names::Timestamp;
use std::time::Duration;

/// Milliseconds that two clocks differ by rounding alone.
pub(super) const ROUNDING: u64 = 1;

/// More than this off is a step.
const STEP: i64 = millis(limits::CLOCK_SKEW);

/// How long a clock must agree with itself before it is believed.
const PROOF: Duration = Duration::from_secs(60 * 60);

/// How long a clock must agree with itself before a process ends because of it: no glitch is worth that.
const BRIEF_PROOF: Duration = Duration::from_secs(2);

/// A clock that is a little off is followed by this part of the time that passes.
const SLEW: u64 = 16;

/// What to tell a person, once.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// The wall clock stepped.
    Stepped(String),
    /// What was in doubt is not any more.
    Over(String),
}

/// What the wall clock says instead.
#[derive(Debug, Clone, Copy)]
struct Other {
    /// Its time less the monotonic one.
    offset: i64,
    /// Since when, by the monotonic clock.
    since: Duration,
}

/// The host's time beside the monotonic clock.
#[derive(Debug)]
pub(super) struct Course {
    /// The host's time less the monotonic one, in milliseconds.
    offset: i64,
    /// Up to when the wall clock was followed, by the monotonic clock.
    followed: Duration,
    /// How far off the wall clock is, where that is little.
    off: i64,
    /// A wall clock that stepped.
    other: Option<Other>,
    /// When the clock has agreed with itself for long enough, by the monotonic clock.
    settled_at: Duration,
    /// The store's newest commit before this process, where the wall clock was behind it at the start.
    behind: Option<Timestamp>,
    /// How far the wall clock was ahead of the store's newest commit at the start: the process was not there, or the clock is wrong.
    gap: i64,
    steps: u64,
}

impl Course {
    pub(super) fn new(wall: Timestamp, mono: Duration) -> Self {
        Self {
            offset: difference(wall, mono),
            followed: mono,
            off: 0,
            other: None,
            settled_at: Duration::ZERO,
            behind: None,
            gap: 0,
            steps: 0,
        }
    }

    pub(super) fn begin(&mut self, wall: Timestamp, mono: Duration, last_commit: Timestamp) {
        *self = Self { steps: self.steps, ..Self::new(wall, mono) };
        if last_commit == Timestamp::default() {
            return;
        }
        let ahead = signed(wall.0).saturating_sub(signed(last_commit.0));
        if ahead < -STEP {
            self.behind = Some(last_commit);
            self.steps = self.steps.saturating_add(1);
            self.settled_at = mono.saturating_add(PROOF);
            let text = behind(last_commit, wall);
            tracing::error!("{text}: it is wrong now, or was then; nothing is deleted for being old for an hour");
        } else if ahead < 0 {
            self.offset = difference(last_commit, mono);
        } else if ahead > millis(PROOF) {
            self.gap = ahead;
            self.settled_at = mono.saturating_add(PROOF);
        }
    }

    pub(super) const fn offset(&self) -> i64 {
        self.offset
    }

    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    /// Whether the next reading must be observed, whatever it is.
    pub(super) const fn is_in_doubt(&self) -> bool {
        self.other.is_some() || self.off.unsigned_abs() > ROUNDING || self.behind.is_some()
    }

    pub(super) fn is_settled(&self, mono: Duration) -> bool {
        self.other.is_none() && mono >= self.settled_at
    }

    /// A reading of both clocks. What a person should hear of it.
    pub(super) fn observe(&mut self, wall: Timestamp, mono: Duration) -> Option<Doubt> {
        if self.behind.is_some() && mono >= self.settled_at {
            self.behind = None;
        }
        let says = difference(wall, mono);
        let off = says.saturating_sub(self.offset);
        if off.abs() <= STEP {
            return self.agree(off, mono);
        }
        // Behind the newest commit before, and not any more: that was wrong.
        if let Some(last_commit) = self.behind
            && signed(wall.0) >= signed(last_commit.0).saturating_sub(STEP)
        {
            self.take(says, mono);
            return Some(Doubt::Over("the system's clock is not behind the newest commit any more".to_owned()));
        }
        match self.other {
            Some(other) if says.abs_diff(other.offset) <= STEP.unsigned_abs() => {
                if mono.saturating_sub(other.since) >= PROOF && off > 0 {
                    self.take(says, mono);
                    self.settled_at = mono;
                    let text =
                        "the system's clock has agreed with itself for an hour since it stepped, and is followed";
                    return Some(Doubt::Over(text.to_owned()));
                }
                None
            }
            _ => {
                self.other = Some(Other { offset: says, since: mono });
                self.stepped(mono);
                Some(Doubt::Stepped(stepped(off)))
            }
        }
    }

    /// The wall clock is right, or a little off: it is followed slowly.
    fn agree(&mut self, off: i64, mono: Duration) -> Option<Doubt> {
        let passed = mono.saturating_sub(self.followed);
        let most = signed(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX) / SLEW);
        let by = off.clamp(most.saturating_neg(), most);
        if by != 0 || off == 0 {
            self.offset = self.offset.saturating_add(by);
            self.followed = mono;
        }
        self.off = off.saturating_sub(by);
        self.other.take()?;
        self.stepped(mono);
        Some(Doubt::Over("the system's clock was set back to what it was before it stepped".to_owned()))
    }

    /// The wall clock is followed, ahead, at once.
    const fn take(&mut self, offset: i64, mono: Duration) {
        (self.offset, self.followed, self.off) = (offset, mono, 0);
        (self.other, self.behind) = (None, None);
    }

    const fn stepped(&mut self, mono: Duration) {
        self.steps = self.steps.saturating_add(1);
        self.settled_at = mono.saturating_add(PROOF);
    }

    pub(super) fn alarm(&self, mono: Duration) -> Option<ClockAlarm> {
        let now = at(mono, self.offset);
        if let Some(other) = self.other {
            let (off, agreed) = (other.offset.saturating_sub(self.offset), mono.saturating_sub(other.since));
            // Time cannot go back: what began too far ahead must begin again.
            let began_ahead = off < 0 && self.gap > 0 && off.saturating_neg() >= self.gap / 2 && agreed >= BRIEF_PROOF;
            let ends_process = began_ahead || (off < 0 && agreed >= PROOF);
            let left = PROOF.saturating_sub(agreed).as_secs().div_ceil(60);
            let then = if off < 0 {
                "time goes on as before; set the clock right, or restart the server to take it".to_owned()
            } else {
                format!(
                    "time goes on as before; set the clock right, or restart the server to take it (it does so by itself in {left} minutes)"
                )
            };
            return Some(ClockAlarm { text: format!("{}; {then}", stepped(off)), ends_process });
        }
        let last_commit = self.behind.filter(|_| mono < self.settled_at)?;
        let text = format!(
            "{}; set the clock right, else what was recorded after it does not count",
            behind(last_commit, now)
        );
        Some(ClockAlarm { text, ends_process: false })
    }
}

/// The host's time at a moment of the monotonic clock.
pub(super) fn at(mono: Duration, offset: i64) -> Timestamp {
    Timestamp(u64::try_from(mono.as_millis()).unwrap_or(u64::MAX).saturating_add_signed(offset))
}

fn difference(wall: Timestamp, mono: Duration) -> i64 {
    signed(wall.0).saturating_sub(millis(mono))
}

fn signed(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

#[expect(clippy::cast_possible_truncation, reason = "in milliseconds, ten times the age of the universe fits")]
const fn millis(duration: Duration) -> i64 {
    duration.as_millis() as i64
}

fn stepped(off: i64) -> String {
    let by = span(off.unsigned_abs());
    let ways = if off > 0 { "ahead" } else { "back" };
    format!("the system's clock stepped {ways} by {by}")
}

fn behind(last_commit: Timestamp, now: Timestamp) -> String {
    format!("the system's clock is {} behind the newest commit", span(last_commit.0.saturating_sub(now.0)))
}

/// A span of time, rounded, in the largest unit of which it has two.
fn span(millis: u64) -> String {
    // Half a second may pass between two readings.
    let seconds = millis.saturating_add(500) / 1000;
    for (unit, name) in [(86_400, "days"), (3600, "hours"), (60, "minutes")] {
        if seconds >= 2 * unit {
            return format!("{} {name}", seconds.saturating_add(unit / 2) / unit);
        }
    }
    format!("{seconds} seconds")
}
