//! The table `[server.runs]`: what runs of plugins may have of the machine together.

use super::problem::Complaint;
use super::read::Section;
use super::units;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What runs may have together. None is the host's own default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunsSettings {
    /// Cores that serve logins and that plugins compute on.
    pub cores: Option<usize>,
    /// Places for runs that are long or wait.
    pub places: Option<usize>,
    /// Places that runs of one plugin may have.
    pub places_per_plugin: Option<usize>,
    /// How long a run may wait for its place and its turns.
    pub max_wait: Option<Duration>,
    /// Runs of a tenant that may be under way or wait.
    pub max_per_tenant: Option<usize>,
}

/// More threads than that are a slip of the keyboard.
const CORES: RangeInclusive<i64> = 1..=1024;
/// Each place reserves 16 GiB of an address space of 128 TiB.
const PLACES: RangeInclusive<i64> = 1..=4096;
/// Each run under way has its request in memory, up to 256 KiB.
const PER_TENANT: RangeInclusive<i64> = 1..=100_000;
/// An IdP waits for some seconds.
const WAIT: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(60);

/// Reads the table.
pub(super) fn read(server: &mut Section<'_>) -> RunsSettings {
    let Some(mut table) = server.table("runs") else { return RunsSettings::default() };
    let settings = RunsSettings {
        cores: count(&mut table, "cores", CORES),
        places: count(&mut table, "places", PLACES),
        places_per_plugin: count(&mut table, "places_per_plugin", PLACES),
        max_wait: table
            .parsed("max_wait", |text| units::duration_within(text, *WAIT.start(), *WAIT.end()))
            .map(|wait| wait.value),
        max_per_tenant: count(&mut table, "max_per_tenant", PER_TENANT),
    };
    table.finish();
    settings
}

/// Reads a number within bounds, both of which are allowed.
pub(super) fn count<N: TryFrom<i64>>(
    section: &mut Section<'_>,
    key: &'static str,
    within: RangeInclusive<i64>,
) -> Option<N> {
    let found = section.integer(key)?;
    let fits = within.contains(&found).then_some(found.value).and_then(|number| N::try_from(number).ok());
    let complaint = Complaint::new(format!("`{}` is out of range", *found)).hint(format!(
        "it must be from {} to {}",
        within.start(),
        within.end()
    ));
    section.value_or_report(key, found.at, fits.ok_or(complaint)).map(|number| number.value)
}
