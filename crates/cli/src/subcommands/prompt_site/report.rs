//! What the check found: a verdict for each rule, with what to do.

use crate::output::{self, Paint};
use serde::Serialize;

/// What a rule came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Passed,
    Failed,
    /// It holds, and could be better.
    Warning,
    /// It was not tried.
    Skipped,
}

/// One rule's verdict.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) rule: String,
    pub(super) verdict: Verdict,
    /// What was seen.
    pub(super) found: String,
    /// What to do, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix: Option<&'static str>,
}

/// All findings, told as they come.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) findings: Vec<Finding>,
    pub(super) is_quiet: bool,
}

impl Report {
    pub(super) fn passed(&mut self, rule: &str, found: impl Into<String>) {
        self.add(rule, Verdict::Passed, found.into(), None);
    }

    pub(super) fn failed(&mut self, rule: &str, found: impl Into<String>, fix: &'static str) {
        self.add(rule, Verdict::Failed, found.into(), Some(fix));
    }

    pub(super) fn warn(&mut self, rule: &str, found: impl Into<String>, fix: &'static str) {
        self.add(rule, Verdict::Warning, found.into(), Some(fix));
    }

    pub(super) fn skipped(&mut self, rule: &str, why: &str) {
        self.add(rule, Verdict::Skipped, why.to_owned(), None);
    }

    pub(super) fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }

    fn add(&mut self, rule: &str, verdict: Verdict, found: String, fix: Option<&'static str>) {
        let finding = Finding { rule: rule.to_owned(), verdict, found: output::plain(&found), fix };
        if !self.is_quiet {
            finding.show();
        }
        self.findings.push(finding);
    }
}

impl Finding {
    fn show(&self) {
        let (word, paint) = match self.verdict {
            Verdict::Passed => ("passed ", Paint::Good),
            Verdict::Failed => ("failed ", Paint::Bad),
            Verdict::Warning => ("warning", Paint::Careful),
            Verdict::Skipped => ("skipped", Paint::Quiet),
        };
        output::line(format!("{}  {}: {}", output::coloured(paint, word), self.rule, self.found));
        if let Some(fix) = self.fix {
            output::line(format!("         fix: {fix}"));
        }
    }
}
