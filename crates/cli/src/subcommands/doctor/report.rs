//! What `postlude doctor` prints: a line for each thing that was looked at, and below it what mends it.

use super::finding::{Finding, Status};
use crate::output::{self, Paint};
use anyhow::Result;
use serde_json::json;

/// For a person.
pub(super) fn show(findings: &[Finding]) {
    let width = findings.iter().map(|finding| finding.name.chars().count()).max().unwrap_or(0);
    let mut part = "";
    for finding in findings {
        if finding.part != part {
            let gap = if part.is_empty() { "" } else { "\n" };
            part = finding.part;
            output::line(format!("{gap}{part}"));
        }
        let (paint, word) = match finding.status {
            Status::Ok => (Paint::Good, "ok"),
            Status::Warn => (Paint::Careful, "warn"),
            Status::Missing => (Paint::Bad, "missing"),
            Status::NotNeeded => (Paint::Quiet, "-"),
        };
        output::line(format!(
            "  {} {:<width$}  {}",
            output::coloured(paint, &format!("{word:<7}")),
            finding.name,
            finding.found
        ));
        if let Some(remedy) = &finding.remedy {
            output::line(format!(
                "  {:7} {:width$}  {}",
                "",
                "",
                output::coloured(Paint::Quiet, &format!("-> {remedy}"))
            ));
        }
    }
    let (missing, warnings) = (count(findings, Status::Missing), count(findings, Status::Warn));
    let things = |n: usize| if n == 1 { "1 thing".to_owned() } else { format!("{n} things") };
    output::line(match (missing, warnings) {
        (0, 0) => format!("\n{}", output::coloured(Paint::Good, "nothing is missing")),
        (0, warnings) => {
            format!("\n{}, {} could be better", output::coloured(Paint::Good, "nothing is missing"), things(warnings))
        }
        (missing, _) => {
            let verb = if missing == 1 { "is" } else { "are" };
            format!("\n{}", output::coloured(Paint::Bad, &format!("{} {verb} missing", things(missing))))
        }
    });
}

fn count(findings: &[Finding], status: Status) -> usize {
    findings.iter().filter(|finding| finding.status == status).count()
}

/// For scripts.
pub(super) fn json(findings: &[Finding]) -> Result<()> {
    output::json(&json!({ "ok": count(findings, Status::Missing) == 0, "findings": findings }))
}
