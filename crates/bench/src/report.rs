//! The report: sections of rows, printed as they come and written as JSON; at its end what was promised, and whether it holds.

use crate::stats::{Rounds, count};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

/// All that one run measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// When the run began, in UTC (RFC 3339).
    pub(crate) began: String,
    /// How many minutes it took.
    pub(crate) minutes: f64,
    /// Whether rounds and sizes were the short ones: does everything work, not how fast it is.
    pub(crate) quick: bool,
    /// The machine.
    pub(crate) machine: String,
    pub(crate) sections: Vec<Section>,
    pub(crate) promises: Vec<Promise>,
}

/// Rows that are compared with each other.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
    /// Rows that could not be measured, and why.
    pub(crate) skipped: Vec<String>,
}

/// What one subject came to: medians of its rounds. Times are in microseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// How many a second.
    pub(crate) rate: Option<f64>,
    pub(crate) p50: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) p999: Option<f64>,
    /// Processor time of the subject for each.
    pub(crate) processor: Option<f64>,
    /// Processor time of the load for each.
    pub(crate) load_processor: Option<f64>,
    /// How this row stands to others, by one of these numbers.
    #[serde(default)]
    pub(crate) ratios: Vec<Ratio>,
    /// How many answers were not the expected one.
    #[serde(default)]
    pub(crate) refused: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ratio {
    pub(crate) value: f64,
    /// With what it is compared, as `of the prediction`.
    pub(crate) of: String,
}

/// A number that was promised.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Promise {
    pub(crate) what: String,
    /// None where it could not be measured.
    pub(crate) value: Option<f64>,
    pub(crate) promised: String,
    pub(crate) holds: bool,
}

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Row {
    /// The medians of some rounds.
    pub(crate) fn of(name: impl Into<String>, rounds: &Rounds) -> Self {
        let known = |value: f64| value.is_finite().then_some(value);
        let percentile = |per_mille| known(rounds.median(|round| round.percentile(per_mille)));
        Self {
            name: name.into(),
            rate: known(rounds.rate()),
            p50: percentile(500),
            p99: percentile(990),
            p999: percentile(999),
            processor: known(rounds.median(|round| round.processor)),
            load_processor: known(rounds.median(|round| round.load_processor)),
            ratios: Vec::new(),
            refused: rounds.refused(),
        }
    }

    /// The median rate of some rounds, and nothing else.
    pub(crate) fn rate(name: impl Into<String>, rate: f64) -> Self {
        Self { name: name.into(), rate: Some(rate), ..Self::default() }
    }

    /// Says how the row stands to another.
    pub(crate) fn against(mut self, value: f64, of: impl Into<String>) -> Self {
        self.ratios.extend(value.is_finite().then(|| Ratio { value, of: of.into() }));
        self
    }

    /// The row as it is printed.
    fn line(&self) -> String {
        let cells = [self.rate, self.p50, self.p99, self.p999, self.processor];
        let cells: String = cells.iter().map(|cell| format!(" {:>9}", cell.map(number).unwrap_or_default())).collect();
        let ratio: String = self.ratios.iter().map(|ratio| format!("  {:.2} {}", ratio.value, ratio.of)).collect();
        let refused = if self.refused > 0 { format!("  {} refused", self.refused) } else { String::new() };
        format!("{:<62}{cells}{ratio}{refused}", self.name)
    }
}

impl Report {
    /// A report without rows.
    pub(crate) fn new(quick: bool) -> Self {
        let began = jiff::Timestamp::now().to_string();
        Self { began, minutes: 0.0, quick, machine: machine(), sections: Vec::new(), promises: Vec::new() }
    }

    /// Begins a section; the rows that follow are in it.
    pub(crate) fn section(&mut self, title: &str) {
        let columns = ["a second", "p50 us", "p99 us", "p99.9 us", "cpu us"];
        let columns: String = columns.iter().map(|column| format!(" {column:>9}")).collect();
        print_line(&format!("\n{title:<62}{columns}"));
        self.sections.push(Section { title: title.to_owned(), rows: Vec::new(), skipped: Vec::new() });
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, row: Row) {
        print_line(&row.line());
        if let Some(section) = self.sections.last_mut() {
            section.rows.push(row);
        }
    }

    /// Says that a row cannot be measured, and why; no number stands in for it.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        let line = format!("{name}: skipped: {why}");
        print_line(&line);
        if self.sections.is_empty() {
            self.section("Nothing was measured");
        }
        if let Some(section) = self.sections.last_mut() {
            section.skipped.push(line);
        }
    }

    /// Compares a value with what was promised. A value that is no number holds no promise.
    pub(crate) fn promise(&mut self, what: impl Into<String>, value: f64, bound: Bound) {
        let (promised, holds) = match bound {
            Bound::AtLeast(least) => (format!("at least {least}"), value >= least),
            Bound::AtMost(most) => (format!("at most {most}"), value <= most),
        };
        let value = value.is_finite().then_some(value);
        self.promises.push(Promise { what: what.into(), value, promised, holds });
    }

    /// Prints what was promised, with whether it holds.
    pub(crate) fn conclude(&self) {
        print_line("");
        for promise in &self.promises {
            let word = if promise.holds { "pass  " } else { "MISSED" };
            let value = promise.value.map_or_else(|| "not measured".to_owned(), |value| format!("{value:.2}"));
            print_line(&format!("{word}  {}: {value} ({})", promise.what, promise.promised));
        }
    }

    /// Reads a report that was written.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path);
        let text = text.with_context(|| format!("cannot read `{}`: run `make bench` first", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("`{}` is not a report of this program", path.display()))
    }

    /// Writes the report.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        }
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(path, text + "\n").with_context(|| format!("cannot write `{}`", path.display()))
    }
}

/// A number with as many digits as it deserves.
pub(crate) fn number(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// Processors, memory, kernel: what absolute numbers depend on.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let model = value(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".to_owned());
    let memory = value(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
    let kib: usize = memory.split(' ').next().and_then(|kib| kib.parse().ok()).unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{processors} processors ({model}), {:.0} GiB, Linux {}", count(kib) / 1_048_576.0, kernel.trim())
}

/// Prints a line. A reader that went away is no reason to stop measuring.
pub(crate) fn print_line(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Says on standard error what is being done: measuring takes minutes.
pub(crate) fn progress(line: &str) {
    let _ = writeln!(std::io::stderr(), "bench: {line}");
}
