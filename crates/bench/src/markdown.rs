//! A report as Markdown: a table for each section, and one of what was promised.

use crate::report::{Promise, Report, Row, Section, number, print_line};
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::path::Path;

/// The lines between which the tables stand in a file.
const BEGIN: &str = "<!-- bench: begin -->\n";
const END: &str = "<!-- bench: end -->\n";

/// Prints the tables, or puts them into a file between its marks.
pub(crate) fn write(report: &Report, into: Option<&Path>) -> Result<()> {
    let tables = tables(report);
    let Some(file) = into else {
        print_line(&tables);
        return Ok(());
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let text = between(&text, &tables);
    let text =
        text.with_context(|| format!("`{}` has no lines `{}` and `{}`", file.display(), BEGIN.trim(), END.trim()))?;
    std::fs::write(file, text).with_context(|| format!("cannot write `{}`", file.display()))
}

/// The text with other tables between its marks.
fn between(text: &str, tables: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{tables}{END}{after}"))
}

fn tables(report: &Report) -> String {
    let Report { began, minutes, quick, machine, sections, promises } = report;
    let day = began.get(..16).unwrap_or(began).replace('T', " ");
    let quick = if *quick { " **`make bench-quick`: short rounds and small sizes, no numbers to quote.**" } else { "" };
    let mut text = format!("Measured from {day} UTC, in {minutes:.0} minutes, on {machine}.{quick}\n\n");
    if !promises.is_empty() {
        text += "### What was promised\n| promise | value | bound | |\n|---|---|---|---|\n";
        promises.iter().for_each(|promise| text += &promised(promise));
        text += "\n";
    }
    sections.iter().for_each(|section| text += &table(section));
    text
}

fn promised(Promise { what, value, promised, holds }: &Promise) -> String {
    let value = value.map_or_else(|| "not measured".to_owned(), |value| format!("{value:.2}"));
    let word = if *holds { "pass" } else { "**missed**" };
    format!("| {what} | {value} | {promised} | {word} |\n")
}

/// A section's table, with those columns in which a row has something.
fn table(section: &Section) -> String {
    type Column = (&'static str, fn(&Row) -> Option<String>);
    const COLUMNS: [Column; 7] = [
        ("a second", |row| row.rate.map(whole)),
        ("p50, us", |row| row.p50.map(number)),
        ("p99, us", |row| row.p99.map(number)),
        ("p99.9, us", |row| row.p999.map(number)),
        ("processor, us", |row| row.processor.map(number)),
        ("the load's, us", |row| row.load_processor.map(number)),
        ("refused", |row| (row.refused > 0).then(|| row.refused.to_string())),
    ];
    let used: Vec<_> = COLUMNS.iter().filter(|(_, cell)| section.rows.iter().any(|row| cell(row).is_some())).collect();
    let titles: String = used.iter().map(|(title, _)| format!(" {title} |")).collect();
    let compared = section.rows.iter().any(|row| !row.ratios.is_empty());
    let last = if compared { " compared |" } else { "" };
    let rule = "---|".repeat(used.len() + usize::from(compared));
    let mut text = format!("### {}\n| |{titles}{last}\n|---|{rule}\n", section.title);
    for row in &section.rows {
        let cells: String = used.iter().map(|(_, cell)| format!(" {} |", cell(row).unwrap_or_default())).collect();
        let ratios: Vec<_> = row.ratios.iter().map(|ratio| format!("{:.2} {}", ratio.value, ratio.of)).collect();
        let last = if compared { format!(" {} |", ratios.join("; ")) } else { String::new() };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} |{cells}{last}", row.name.trim());
    }
    section.skipped.iter().for_each(|line| {
        let _ = writeln!(text, "\n{line}");
    });
    text + "\n"
}

/// A whole number, with commas between thousands.
fn whole(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Bound;

    #[test]
    fn a_table_has_the_columns_that_are_used() {
        let mut report = Report::new(false);
        report.sections.push(Section {
            title: "Runs".to_owned(),
            rows: vec![Row::rate("one", 1234.0), Row::rate("two", 12.0).against(0.5, "of one")],
            skipped: Vec::new(),
        });
        report.promise("two, of one", 0.5, Bound::AtLeast(0.7));
        let text = tables(&report);
        let table =
            "### Runs\n| | a second | compared |\n|---|---|---|\n| one | 1,234 |  |\n| two | 12 | 0.50 of one |\n\n";
        assert!(text.ends_with(table), "{text}");
        assert!(text.contains("| two, of one | 0.50 | at least 0.7 | **missed** |"), "{text}");
    }

    #[test]
    fn what_stands_around_the_tables_stays() {
        let text = format!("before\n{BEGIN}old\n{END}after\n");
        assert_eq!(between(&text, "new\n").unwrap(), format!("before\n{BEGIN}new\n{END}after\n"));
        assert_eq!(between("no marks", "new"), None);
    }
}
