//! `postlude store`: checks and repairs the store of a server that is stopped.

use crate::output::{self, Paint};
use anyhow::Result;
use clap::Subcommand;
use postlude_config::Environment;
use postlude_host::{RepairReport, StoreReport, check_store, repair_store};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Check or repair what a stopped server has stored.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Store,
}

#[derive(Debug, Subcommand)]
enum Store {
    Check(Check),
    Repair(Repair),
}

/// Read every stored record and file, and list what is damaged. Nothing is removed.
///
/// The server must be stopped. A damaged record is no reason not to start it: such a record counts as absent, and a running server
/// counts them (`postlude keys status`). Exit code 1 where anything is damaged.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  postlude store check\n  postlude store check --config /etc/postlude/postlude.toml --json"
)]
struct Check {
    /// The configuration
    #[arg(long, short, default_value = "postlude.toml", env = "POSTLUDE_CONFIG")]
    config: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Take what is damaged out of the store, into a file of the data folder.
///
/// The server must be stopped. Users whose records were damaged are prompted again. Where the header is damaged, a new one is made:
/// suspended logins end, and everyone is prompted again. Where a tenant's orders are damaged in both places, they are removed: give
/// them again before you start the server's logins. A damaged login stays until its state can no longer be used.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude store check; postlude store repair")]
struct Repair {
    /// The configuration
    #[arg(long, short, default_value = "postlude.toml", env = "POSTLUDE_CONFIG")]
    config: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match &args.command {
        Store::Check(check) => {
            let report = check_store(&check.config, &Environment::process())?;
            if check.json {
                output::json(&check_json(&report))?;
            } else {
                check_lines(&report).iter().for_each(output::line);
                let verdict = if report.is_whole() {
                    output::coloured(Paint::Good, "nothing is damaged")
                } else {
                    output::coloured(Paint::Bad, "something is damaged; `postlude store repair` takes it out")
                };
                output::line(verdict);
            }
            Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        Store::Repair(repair) => {
            let report = repair_store(&repair.config, &Environment::process())?;
            if repair.json {
                output::json(&repair_json(&report))?;
            } else {
                repair_lines(&report).iter().for_each(output::line);
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check_json(report: &StoreReport) -> serde_json::Value {
    let damaged = report.damaged.iter().map(|it| json!({ "kind": it.kind, "name": it.name, "why": it.why }));
    let keys = report.keys.iter().map(|key| json!({ "kid": key.kid, "records": key.records }));
    json!({
        "ok": report.is_whole(),
        "records": report.records,
        "keys": keys.collect::<Vec<_>>(),
        "damaged_records": report.damaged_records,
        "damaged": damaged.collect::<Vec<_>>(),
        "set_aside": report.set_aside,
        "header_is_damaged": report.header_is_damaged,
        "root_key_is_lost": report.root_key_is_lost,
        "orders_are_lost": report.orders_are_lost,
        "damaged_files": report.damaged_files,
    })
}

fn check_lines(report: &StoreReport) -> Vec<String> {
    let mut lines = vec![format!("{} records", report.records)];
    lines.extend(report.keys.iter().map(|key| format!("  root key {}: {}", key.kid, key.records)));
    lines.extend(report.damaged.iter().map(|it| format!("  {} `{}`: {}", it.kind, output::plain(&it.name), it.why)));
    let unnamed = report.damaged_records.saturating_sub(u64::try_from(report.damaged.len()).unwrap_or(u64::MAX));
    lines.extend((unnamed > 0).then(|| format!("  and {unnamed} more damaged records")));
    lines.extend(report.damaged_files.iter().map(|file| format!("  `{}` is not what it is named by", file.display())));
    lines.extend((report.set_aside > 0).then(|| format!("{} damaged records were set aside", report.set_aside)));
    if report.header_is_damaged {
        lines.push("the header is damaged: the server does not start".to_owned());
    }
    if report.root_key_is_lost {
        lines.push("none of the root keys made this store: everything in it counts as absent".to_owned());
    }
    if let Some(tenant) = &report.orders_are_lost {
        lines.push(format!(
            "the orders of tenant `{}` are damaged in both places: the server does not start",
            output::plain(tenant)
        ));
    }
    lines
}

fn repair_json(report: &RepairReport) -> serde_json::Value {
    json!({
        "removed": report.removed,
        "kept_in": report.kept_in,
        "logins_that_stay": report.logins_that_stay,
        "new_header": report.new_header,
        "orders_of": report.orders_of,
    })
}

fn repair_lines(report: &RepairReport) -> Vec<String> {
    let mut lines = Vec::new();
    match &report.kept_in {
        Some(file) => lines.push(format!("{} damaged records were moved into `{}`", report.removed, file.display())),
        None => lines.push("no damaged record was removed".to_owned()),
    }
    if report.logins_that_stay > 0 {
        lines.push(format!(
            "{} damaged logins stay until their time is over; repair again after `lifetimes.record`",
            report.logins_that_stay
        ));
    }
    if report.new_header {
        lines.push("a new header was made: suspended logins end, and everyone is prompted again".to_owned());
    }
    for tenant in &report.orders_of {
        lines.push(format!(
            "the damaged orders of tenant `{}` were removed from the database: look at GET /v1/admin/orders, and kill again what must not run",
            output::plain(tenant)
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use postlude_host::DamagedRecord;

    #[test]
    fn a_report_names_what_is_damaged() {
        let damaged = DamagedRecord { kind: "session", name: "acme/s\u{1b}".to_owned(), why: "x".to_owned() };
        let report = StoreReport {
            records: 7,
            damaged_records: 3,
            damaged: vec![damaged],
            header_is_damaged: true,
            ..StoreReport::default()
        };
        let lines = check_lines(&report).join("\n");
        assert!(lines.contains("session `acme/s") && !lines.contains('\u{1b}'), "{lines}");
        assert!(lines.contains("and 2 more damaged records") && lines.contains("does not start"), "{lines}");
        assert_eq!(check_json(&report)["ok"], false);
        let repaired = RepairReport { orders_of: vec!["acme".to_owned()], new_header: true, ..Default::default() };
        assert_eq!(repair_lines(&repaired).len(), 3);
    }
}
