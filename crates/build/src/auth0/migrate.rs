//! What will differ, and what is risky, when an action of Auth0's runs as a plugin.

use super::manifest_file;
use crate::error::BuildError;
use postlude_model::manifest::Manifest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

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

/// Writes a drafted manifest beside its action; its file.
///
/// # Errors
/// When there is a manifest already, which is never overwritten, or the file cannot be written.
pub fn write_draft(action: &Path, manifest: &Value) -> Result<PathBuf, BuildError> {
    let path = manifest_file(action);
    let text = super::pretty(manifest)?;
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(BuildError::Project(format!(
                "`{}` is there already, and nothing is overwritten: move it away to have it drafted anew",
                path.display()
            )));
        }
        opened => opened.map_err(BuildError::file("make", &path))?,
    };
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(BuildError::file("write", &path))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_manifest_that_is_there_stays() {
        let dir = tempfile::tempdir().unwrap();
        let action = dir.path().join("login.js");
        let path = write_draft(&action, &json!({ "name": "login" })).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\n  \"name\": \"login\"\n}\n");
        let why = write_draft(&action, &json!({})).unwrap_err().to_string();
        assert!(why.contains("login.manifest.json` is there already"), "{why}");
        assert!(std::fs::read_to_string(&path).unwrap().contains("login"));
    }

    #[test]
    fn a_manifest_that_no_host_takes_is_an_error() {
        let text = r#"{ "findings": [], "manifest": { "name": "Login" } }"#;
        let mut migration: Migration = serde_json::from_str(text).unwrap();
        migration.judge_manifest();
        assert_eq!(migration.count(Verdict::Error), 1);
        assert!(migration.findings[0].what.starts_with("the manifest that the source suggests"));
    }
}
