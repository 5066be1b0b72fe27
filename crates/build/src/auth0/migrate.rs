//! What will differ, and what is risky, when an action of Auth0's runs as a plugin.

use postlude_model::manifest::Manifest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How much a finding matters. The order is that of the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The action does not build, or fails where this is run.
    Error,
    /// It runs, and may let in whom it should not, or fail some logins.
    Risk,
    /// It runs, and does something else than with Auth0.
    Differs,
    /// It is carried to the IdP, which carries it out or denies.
    Handed,
    /// Worth knowing.
    Info,
}

impl Verdict {
    /// Every verdict, the worst first.
    pub const ALL: [Self; 5] = [Self::Error, Self::Risk, Self::Differs, Self::Handed, Self::Info];

    /// The verdict as a word.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Risk => "risk",
            Self::Differs => "differs",
            Self::Handed => "handed",
            Self::Info => "info",
        }
    }
}

/// One finding, at the first place where it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it matters.
    pub verdict: Verdict,
    /// The rule by which it was found, for scripts.
    pub rule: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// What is so.
    pub what: String,
    /// What to do, where there is something to do.
    #[serde(default)]
    pub fix: Option<String>,
    /// At how many more places it holds.
    pub more: u32,
}

/// What is to be known of an action before it runs as a plugin.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Migration {
    /// The findings: the worst first, then by place.
    pub findings: Vec<Finding>,
    /// The manifest that the source suggests; none where the action does not build.
    pub manifest: Option<Value>,
}

impl Migration {
    /// How many findings have a verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }

    /// Adds what a host would say of the drafted manifest.
    pub(super) fn judge_manifest(&mut self) {
        let refused =
            self.manifest.as_ref().and_then(|manifest| Manifest::parse(manifest.to_string().as_bytes()).err());
        if let Some(why) = refused {
            let what = format!("the manifest that the source suggests is not acceptable: {why}");
            let fix = Some("name in the source what can be asked for, or write the manifest by hand".to_owned());
            let finding = Finding {
                verdict: Verdict::Error,
                rule: "manifest".to_owned(),
                line: 1,
                column: 1,
                what,
                fix,
                more: 0,
            };
            self.findings.insert(self.count(Verdict::Error), finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_that_no_host_takes_is_an_error() {
        let text = r#"{ "findings": [], "manifest": { "name": "Login" } }"#;
        let mut migration: Migration = serde_json::from_str(text).unwrap();
        migration.judge_manifest();
        assert_eq!(migration.count(Verdict::Error), 1);
        assert!(migration.findings[0].what.starts_with("the manifest that the source suggests"));
    }
}
