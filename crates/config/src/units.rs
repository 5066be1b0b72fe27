//! Durations and sizes as people write them: `15m`, `1h30m`, `500ms`, `16MiB`.

use super::problem::Complaint;
use super::read::shown;
use std::time::Duration;

const TIME_UNITS: [(&str, u64); 5] =
    [("d", 24 * 60 * 60 * 1000), ("h", 60 * 60 * 1000), ("m", 60 * 1000), ("s", 1000), ("ms", 1)];
const SIZE_UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Reads a duration: whole numbers with the units `d`, `h`, `m`, `s` and `ms`, from the largest to the smallest unit.
///
/// # Errors
/// When the text is anything else, or does not fit into 64 bits of milliseconds.
pub fn duration(text: &str) -> Result<Duration, Complaint> {
    sum(text, &TIME_UNITS, true).map(Duration::from_millis).ok_or_else(|| {
        Complaint::new(format!("`{}` is not a duration", shown(text)))
            .hint("write whole numbers with d, h, m, s or ms, such as `24h`, `1h30m` or `500ms`")
    })
}

/// Reads a duration within bounds, both of which are allowed.
///
/// # Errors
/// When it is no duration, or out of bounds.
pub(super) fn duration_within(text: &str, least: Duration, most: Duration) -> Result<Duration, Complaint> {
    let found = duration(text)?;
    if (least..=most).contains(&found) {
        return Ok(found);
    }
    let bounds = format!("it must be from {} to {}", show_duration(least), show_duration(most));
    Err(Complaint::new(format!("`{}` is out of range", shown(text))).hint(bounds))
}

/// Reads a size in bytes: a whole number with `B`, `KiB`, `MiB` or `GiB`.
///
/// # Errors
/// When the text is anything else, or does not fit into 64 bits.
pub(super) fn size(text: &str) -> Result<u64, Complaint> {
    sum(text, &SIZE_UNITS, false).ok_or_else(|| {
        Complaint::new(format!("`{}` is not a size", shown(text)))
            .hint("write a whole number with B, KiB, MiB or GiB, such as `16MiB`")
    })
}

/// Reads a size within bounds, both of which are allowed.
///
/// # Errors
/// When it is no size, or out of bounds.
pub(super) fn size_within(text: &str, least: u64, most: u64) -> Result<u64, Complaint> {
    let found = size(text)?;
    if (least..=most).contains(&found) {
        return Ok(found);
    }
    let bounds = format!("it must be from {} to {}", show_size(least), show_size(most));
    Err(Complaint::new(format!("`{}` is out of range", shown(text))).hint(bounds))
}

/// Adds up numbers with units, each unit smaller than the one before it.
fn sum(text: &str, units: &[(&str, u64)], several: bool) -> Option<u64> {
    let (mut rest, mut units, mut total) = (text, units, 0_u64);
    loop {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at_checked(digits)?;
        let unit_end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit_end)?;
        let at = units.iter().position(|(name, _)| *name == unit)?;
        let (_, factor) = units.get(at)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        if after.is_empty() {
            return Some(total);
        }
        (rest, units) = (after, units.get(at + 1..).filter(|_| several)?);
    }
}

/// A duration as it would be written, for messages.
pub(super) fn show_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, factor) in TIME_UNITS {
        if rest >= factor {
            text.push_str(&format!("{}{unit}", rest / factor));
            rest %= factor;
        }
    }
    text
}

/// A size as it would be written, for messages.
pub(super) fn show_size(bytes: u64) -> String {
    let (unit, factor) = SIZE_UNITS
        .into_iter()
        .find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor))
        .unwrap_or(("B", 1));
    format!("{}{unit}", bytes / factor)
}
