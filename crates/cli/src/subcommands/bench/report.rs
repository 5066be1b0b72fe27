//! What `postlude bench` prints: a row for each plugin, the reference first.

use super::measure::{Effort, Subject};
use super::statistics::{median, ratio};
use crate::output::{self, Paint, grouped};
use anyhow::Result;
use serde_json::{Value, json};

/// The columns after the name.
const COLUMNS: [&str; 9] = ["run p50", "p99", "of ref.", "runs/s", "compile", "file", "fuel", "memory", "host calls"];

/// For a person.
pub(super) fn show(reference: &Subject, plugins: &[Subject]) {
    let rows: Vec<_> =
        std::iter::once(reference).chain(plugins).map(|subject| (subject, cells(subject, reference))).collect();
    let width = rows.iter().map(|(subject, _)| title(subject).chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = COLUMNS
        .iter()
        .enumerate()
        .map(|(at, heading)| {
            rows.iter()
                .filter_map(|(_, cells)| cells.get(at))
                .map(|cell| cell.chars().count())
                .fold(heading.chars().count(), usize::max)
        })
        .collect();
    let line = |cells: &[String]| -> String {
        cells.iter().zip(&widths).map(|(cell, width)| format!("  {cell:>width$}")).collect()
    };
    let headings = COLUMNS.map(str::to_owned);
    output::line(output::coloured(Paint::Quiet, &format!("{:<width$}{}", "", line(&headings))));
    for (subject, cells) in &rows {
        output::line(format!("{:<width$}{}", title(subject), line(cells)));
    }
    output::line(output::coloured(
        Paint::Quiet,
        "one thread, a fresh instance each run; medians of the rounds; compile: check and compile on all processors, once a file",
    ));
}

fn title(subject: &Subject) -> String {
    let manifest = subject.plugin.manifest();
    format!("{} {} ({})", manifest.name, manifest.version, output::plain(&subject.name))
}

fn cells(subject: &Subject, reference: &Subject) -> [String; 9] {
    let (turns, usage) = (&subject.turns, &subject.usage);
    [
        micros(median(turns, |turn| turn.p50)),
        micros(median(turns, |turn| turn.p99)),
        format!("{:.2}", ratio(turns, &reference.turns)),
        grouped(whole(median(turns, |turn| turn.rate))),
        format!("{} ms", grouped(u64::try_from(subject.compiled_in.as_millis()).unwrap_or(u64::MAX))),
        format!("{} KB", grouped(u64::try_from(subject.plugin.size()).unwrap_or(u64::MAX).div_ceil(1000))),
        grouped(usage.fuel),
        format!("{} KiB", grouped(usage.memory_bytes / 1024)),
        grouped(usage.host_calls),
    ]
}

fn micros(value: f64) -> String {
    if value < 100.0 { format!("{value:.1} us") } else { format!("{} us", grouped(whole(value))) }
}

fn whole(value: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "measured times and rates are small and not negative"
    )]
    let whole = value.round() as u64;
    whole
}

/// For scripts.
pub(super) fn json(reference: &Subject, plugins: &[Subject], effort: &Effort) -> Result<()> {
    output::json(&json!({
        "debug_build": cfg!(debug_assertions),
        "rounds": effort.rounds,
        "turn_ms": u64::try_from(effort.turn.as_millis()).unwrap_or(u64::MAX),
        "reference": values(reference, reference),
        "plugins": plugins.iter().map(|plugin| values(plugin, reference)).collect::<Vec<_>>(),
    }))
}

fn values(subject: &Subject, reference: &Subject) -> Value {
    let (turns, usage, manifest) = (&subject.turns, &subject.usage, subject.plugin.manifest());
    json!({
        "file": subject.name,
        "plugin": manifest.name,
        "version": manifest.version,
        "digest": subject.plugin.digest().to_string(),
        "p50_us": median(turns, |turn| turn.p50),
        "p99_us": median(turns, |turn| turn.p99),
        "ratio_to_reference": ratio(turns, &reference.turns),
        "runs_per_second": median(turns, |turn| turn.rate),
        "compile_ms": subject.compiled_in.as_secs_f64() * 1e3,
        "file_bytes": subject.plugin.size(),
        "fuel": usage.fuel,
        "memory_bytes": usage.memory_bytes,
        "host_calls": usage.host_calls,
    })
}
