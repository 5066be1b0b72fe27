//! The table: rows with their ratios, printed and written as JSON; at its end what was promised, and whether it holds.

use crate::stats::Rounds;
use anyhow::{Context, Result};
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// One row.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    name: String,
    unit: &'static str,
    median: f64,
    p99: Option<f64>,
    baseline: Option<String>,
    ratio: Option<f64>,
}

/// The rows so far, and what could not be had.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    targets: Vec<String>,
}

/// Microseconds.
pub(crate) const MICROS: &str = "us";
/// How many a second.
pub(crate) const RATE: &str = "1/s";

impl Table {
    /// A latency with its p99, compared with an earlier row.
    pub(crate) fn latency(&mut self, name: &str, rounds: &Rounds, baseline: Option<&str>) {
        self.push(name, MICROS, rounds.p50(), Some(rounds.p99()), baseline);
    }

    /// Processor time of each, compared with an earlier row.
    pub(crate) fn processor(&mut self, name: &str, rounds: &Rounds, baseline: Option<&str>) {
        self.push(name, MICROS, rounds.processor(), None, baseline);
    }

    /// A rate, compared with an earlier row.
    pub(crate) fn rate(&mut self, name: &str, rate: f64, baseline: Option<&str>) {
        self.push(name, RATE, rate, None, baseline);
    }

    fn push(&mut self, name: &str, unit: &'static str, median: f64, p99: Option<f64>, baseline: Option<&str>) {
        if self.rows.is_empty() {
            print_line(&format!("{:<66} {:>5} {:>11} {:>11} {:>8}  {}", "", "unit", "median", "p99", "ratio", "of"));
        }
        let ratio = baseline.and_then(|of| self.median(of)).map(|of| median / of);
        let baseline = baseline.map(str::to_owned);
        let row = Row { name: name.to_owned(), unit, median, p99, baseline, ratio };
        print_line(&row.line());
        self.rows.push(row);
    }

    /// What an earlier row measured.
    pub(crate) fn median(&self, name: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.name == name).map(|row| row.median)
    }

    /// Says that a row cannot be had, and why; no number stands in for it.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        print_line(&format!("{name:<66} skipped: {why}"));
    }

    /// Compares a ratio with what was promised.
    pub(crate) fn target(&mut self, what: &str, value: f64, holds: bool, promised: &str) {
        let word = if holds { "holds " } else { "MISSED" };
        self.targets.push(format!("{word}  {what}: {value:.2} (promised: {promised})"));
    }

    /// Prints what was promised.
    pub(crate) fn conclude(&self) {
        print_line("");
        self.targets.iter().for_each(|line| print_line(line));
    }

    /// Writes the rows, as a list.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        }
        let text = serde_json::to_string_pretty(&self.rows)?;
        std::fs::write(path, text + "\n").with_context(|| format!("cannot write `{}`", path.display()))
    }
}

impl Row {
    fn line(&self) -> String {
        let p99 = self.p99.map(number).unwrap_or_default();
        let ratio = self.ratio.map(|ratio| format!("{ratio:.2}x")).unwrap_or_default();
        let of = self.baseline.as_deref().unwrap_or_default();
        format!("{:<66} {:>5} {:>11} {p99:>11} {ratio:>8}  {of}", self.name, self.unit, number(self.median))
    }
}

fn number(value: f64) -> String {
    if value >= 1000.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// Prints a line. A reader that went away is no reason to stop measuring.
pub(crate) fn print_line(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
