//! A report in JUnit's XML, as continuous integration reads it.

use super::describe::{failure_lines, location};
use crate::play::{StoryResult, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;

/// The report: a test suite for each file, a test case for each story.
///
/// # Errors
/// When the report cannot be written as XML: a defect.
pub fn junit(results: &[StoryResult]) -> Result<String, String> {
    let mut suites: BTreeMap<String, TestSuite> = BTreeMap::new();
    for result in results {
        let file = result.file.display().to_string();
        let suite = suites.entry(file.clone()).or_insert_with(|| TestSuite::new(file.clone()));
        suite.add_test_case(case(result, &file));
    }
    let mut report = Report::new("postlude");
    report.add_test_suites(suites.into_values());
    report.to_string().map_err(|why| why.to_string())
}

fn case(result: &StoryResult, file: &str) -> TestCase {
    let status = match &result.verdict {
        Verdict::Passed => TestCaseStatus::success(),
        Verdict::Skipped(why) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(why.as_str());
            status
        }
        Verdict::Failed(failures) => {
            let first = failures
                .first()
                .and_then(|failure| failure.reasons.first())
                .map(crate::play::Reason::text)
                .unwrap_or_default();
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let lines = failure_lines(failures, true).join("\n");
            status.set_message(first).set_type("story").set_description(format!("{}\n{lines}", location(result)));
            status
        }
        Verdict::Refused(why) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(why.as_str()).set_type("setup");
            status
        }
    };
    let mut case = TestCase::new(result.name.as_str(), status);
    case.set_classname(file).set_time(result.duration);
    case
}
