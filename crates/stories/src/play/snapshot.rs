//! Stored answers: what a step answered once and is to answer again, without what differs by chance or by the plugin's build.

use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// What happens to an answer that is not the stored one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotMode {
    /// The step fails.
    Compare,
    /// The answer is stored.
    Accept,
}

/// The folder of stored answers beside a file of stories.
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    mode: SnapshotMode,
}

impl SnapshotStore {
    /// A store of this mode.
    #[must_use]
    pub const fn new(mode: SnapshotMode) -> Self {
        Self { mode }
    }

    /// Where the answer of a step is stored.
    #[must_use]
    pub fn file(stories: &Path, story: &str, step: usize) -> PathBuf {
        let stem = stories.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let folder = stories.parent().unwrap_or(Path::new("")).join("snapshots");
        folder.join(format!("{stem}.{}.{step}.json", slug(story)))
    }

    /// Compares an answer with the stored one. None where they are equal, or the answer was stored just now; else what is stored.
    pub(super) fn compare(&self, file: &Path, text: &str) -> std::io::Result<Option<Option<String>>> {
        let stored = std::fs::read_to_string(file).ok();
        if stored.as_deref() == Some(text) {
            return Ok(None);
        }
        if self.mode == SnapshotMode::Compare {
            return Ok(Some(stored));
        }
        Self::store(file, text)?;
        Ok(None)
    }

    /// Stores an answer.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn store(file: &Path, text: &str) -> std::io::Result<()> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, text)
    }
}

/// Members that a new build of a plugin changes.
const MEASURED: [&str; 4] = ["fuel", "memory_bytes", "host_calls", "runs"];

/// The text of an answer as it is stored.
pub(super) fn text(answer: &Value) -> String {
    let mut shown = answer.as_object().cloned().unwrap_or_default();
    for name in MEASURED {
        shown.remove(name);
    }
    for name in ["login_id", "session_id"] {
        if let Some(id) = shown.get_mut(name).filter(|id| id.is_string()) {
            *id = format!("[{name}]").into();
        }
    }
    if let Some(Value::Object(redirect)) = shown.get_mut("redirect") {
        redact_redirect(redirect);
    }
    let text = serde_json::to_string_pretty(&Value::Object(shown)).unwrap_or_default();
    format!("{text}\n")
}

fn redact_redirect(redirect: &mut Map<String, Value>) {
    redirect.remove("location");
    if let Some(Value::Object(query)) = redirect.get_mut("query") {
        for (name, value) in query {
            let is_token = value.as_str().is_some_and(|text| text.starts_with("eyJ") && text.matches('.').count() == 2);
            if is_token {
                *value = "[token]".into();
            } else if name == "state" {
                *value = "[state]".into();
            }
        }
    }
    if let Some(Value::Object(claims)) = redirect.get_mut("token") {
        for name in ["state", "jti", "iat", "exp", "nbf"] {
            if let Some(claim) = claims.get_mut(name) {
                *claim = format!("[{name}]").into();
            }
        }
    }
}

fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        match c {
            c if c.is_alphanumeric() => slug.extend(c.to_lowercase()),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_end_matches('-').chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_differs_by_chance_is_not_stored() {
        let answer = json!({
            "outcome": "redirect", "fuel": 1, "login_id": "lgn_1", "session_id": null,
            "redirect": { "location": "https://x", "query": { "state": "abc", "request": "eyJh.eyJi.c", "lang": "en" },
                          "token": { "sub": "ana", "iat": 1, "state": "abc" } },
        });
        let text = text(&answer);
        assert!(
            !text.contains("lgn_1") && !text.contains("abc") && !text.contains("eyJ") && !text.contains("fuel"),
            "{text}"
        );
        assert!(text.contains("\"sub\": \"ana\"") && text.contains("\"lang\": \"en\""), "{text}");
    }

    #[test]
    fn the_file_says_whose_answer_it_is() {
        let file = SnapshotStore::file(Path::new("p/stories/face.toml"), "The prompt: once a day!", 2);
        assert_eq!(file, Path::new("p/stories/snapshots/face.the-prompt-once-a-day.2.json"));
    }
}
