//! Stories that are made of logins which happened: at a demo, on a developer's server, or made up.

mod event;
mod observed;
mod runs;
mod text;

use crate::event::{merge, sample};
use crate::story::{Setup, StepKind, Story};
use crate::toml_text::{inline, key};
use crate::workbench::FIRST_BROWSER;
use event::{absent_parts, login_patch};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;
use text::{expected, head, http, login, plugin_table, prompt};

pub use observed::{Observed, ObservedCall, RecordedPipeline, RecordedStory};
pub use runs::{LoginRuns, RunLog};

/// The text of a file with one story that does what was observed, and expects what came of it.
#[must_use]
pub fn record(story: &RecordedStory) -> String {
    record_all(std::slice::from_ref(story))
}

/// The text of a file with stories that do what was observed, and expect what came of it. The file has the pipeline of the last story;
/// one with other settings says so itself.
#[must_use]
pub fn record_all(stories: &[RecordedStory]) -> String {
    let Some(RecordedStory { pipeline, .. }) = stories.last() else { return String::new() };
    let mut text = head(&pipeline.setup);
    for plugin in &pipeline.plugins {
        plugin_table(&mut text, plugin);
    }
    let absent = absent_parts(stories);
    if let Some(parts) = absent.as_object().filter(|parts| !parts.is_empty()) {
        text.push_str("# Parts of the sample event that these logins did not have.\n[event]\n");
        for (name, part) in parts {
            let _ = writeln!(text, "{} = {}", key(name), inline(part));
        }
        text.push('\n');
    }
    let mut base = sample();
    merge(&mut base, &absent);
    let one = |story: &RecordedStory| story_of(story, &pipeline.setup, &base);
    text.push_str(&stories.iter().map(one).collect::<Vec<_>>().join("\n"));
    text
}

fn story_of(story: &RecordedStory, setup: &Setup, base: &Value) -> String {
    // Writing to a string does not fail.
    let mut text = format!("[[story]]\nname = {}\n", inline(&story.name.clone().into()));
    if story.pipeline.setup != *setup {
        let Setup { settings, secrets, action } = &story.pipeline.setup;
        let _ = writeln!(text, "settings = {}", inline(&settings.clone().into()));
        let _ = writeln!(text, "secrets = {}", inline(&json!(secrets)));
        let _ = writeln!(text, "action = {}", inline(&action.clone().into()));
    }
    let mut now = story.observed.first().map(|first| first.at).unwrap_or_default();
    for one in &story.observed {
        let passed = one.at.since(now);
        if passed >= Duration::from_secs(1) {
            now = now.plus(Duration::from_secs(passed.as_secs()));
            let _ = writeln!(text, "\n[[story.step]]\nwait = \"{}s\"", passed.as_secs());
        }
        text.push_str("\n[[story.step]]\n");
        match &one.call {
            ObservedCall::Login { event, mode } => login(&mut text, &login_patch(base, event), *mode),
            ObservedCall::Prompt(answer) => prompt(&mut text, answer),
            ObservedCall::Logout => text.push_str("logout = true\n"),
        }
        if one.browser != FIRST_BROWSER {
            let _ = writeln!(text, "browser = {}", inline(&one.browser.clone().into()));
        }
        if !matches!(one.call, ObservedCall::Logout) {
            expected(&mut text, &one.answer);
        }
        http(&mut text, "story.step.http", &one.http);
    }
    text
}

/// The text of a file with one story.
pub(crate) fn story_text(setup: &Setup, story: &Story) -> String {
    let mut text = head(setup);
    let _ = writeln!(text, "[[story]]\nname = {}", inline(&story.name.clone().into()));
    http(&mut text, "story.http", &story.http);
    for step in &story.steps {
        text.push_str("\n[[story.step]]\n");
        match &step.kind {
            StepKind::Login { event, mode } => login(&mut text, event, *mode),
            StepKind::Prompt(answer) => prompt(&mut text, answer),
            StepKind::Wait(duration) => drop(writeln!(text, "wait = \"{}ms\"", duration.as_millis())),
            StepKind::Swap(path) => drop(writeln!(text, "swap = {}", inline(&path.display().to_string().into()))),
            StepKind::Logout => text.push_str("logout = true\n"),
        }
        if step.browser != FIRST_BROWSER {
            let _ = writeln!(text, "browser = {}", inline(&step.browser.clone().into()));
        }
        http(&mut text, "story.step.http", &step.http);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::{HttpStep, PluginRef, read_text};
    use postlude_model::action::Mode;
    use postlude_model::names::Timestamp;
    use serde_json::Map;
    use std::path::{Path, PathBuf};

    fn login_of(event: Value, answer: Value, at: u64) -> Observed {
        let call = ObservedCall::Login { event, mode: Mode::Interactive };
        Observed { at: Timestamp(at), browser: FIRST_BROWSER.to_owned(), call, answer, http: Vec::new() }
    }

    #[test]
    fn what_a_story_says_is_read_back_with_its_plugins_its_event_and_its_requests() {
        let event = json!({ "user": { "user_id": "ben" }, "client": { "client_id": "app" }, "session": { "id": "s" },
            "authentication": { "methods": [{ "name": "pwd", "timestamp": "2026-11-30T10:00:00.000Z" }] } });
        let answer = json!({ "outcome": "continue", "id_token": { "at": 1_780_000_000_000_u64, "who": "ben" } });
        let mut observed = login_of(event.clone(), answer, 5_000);
        let (request, reply) = (json!({ "method": "GET", "url": "https://a.example/" }), json!({ "status": 204 }));
        observed.http = vec![HttpStep { line: 0, request, answer: reply, fail: None, repeats: false }];
        let setup = Setup { settings: Map::from_iter([("a".to_owned(), json!(1))]), ..Setup::default() };
        let plugin = PluginRef { line: 0, path: Some("demo:x".into()), name: Some("first".to_owned()), setup };
        let pipeline = RecordedPipeline { setup: Setup::default(), plugins: vec![plugin] };
        let later = Observed { at: Timestamp(7_500), ..observed.clone() };
        let text = record(&RecordedStory { name: "two".to_owned(), pipeline, observed: vec![observed, later] });
        let file = read_text(Path::new("folder/x.toml"), &text).unwrap_or_else(|why| panic!("{why}: {text}"));
        assert_eq!(file.plugins[0].path, Some(PathBuf::from("demo:x")), "it is no file of the folder");
        assert_eq!((&file.plugins[0].setup.settings["a"], file.stories[0].steps.len()), (&json!(1), 3));
        let step = &file.stories[0].steps[0];
        assert_eq!(step.http[0].request["url"], "https://a.example/");
        assert_eq!(step.expect.as_ref().unwrap()["id_token"], json!({ "at": { "any": true }, "who": "ben" }));
        let StepKind::Login { event: patch, .. } = &step.kind else { panic!("{text}") };
        let mut played = sample();
        merge(&mut played, &file.stories[0].event);
        merge(&mut played, patch);
        let (user, client) = (&played["user"], &played["client"]);
        assert_eq!((user, client), (&event["user"], &event["client"]));
        assert_eq!(played.as_object().unwrap().len(), 3, "no more than the event had: {played}");
    }

    #[test]
    fn stories_of_one_file_keep_the_settings_with_which_each_was_played() {
        let story = |name: &str, setting: u64| RecordedStory {
            name: name.to_owned(),
            pipeline: RecordedPipeline {
                setup: Setup { settings: Map::from_iter([("a".to_owned(), json!(setting))]), ..Setup::default() },
                plugins: Vec::new(),
            },
            observed: vec![login_of(sample(), json!({ "outcome": "continue" }), 0)],
        };
        let text = record_all(&[story("one", 1), story("two", 2)]);
        let file = read_text(Path::new("x.toml"), &text).unwrap();
        let settings = |at: usize| file.setup.with(&file.stories[at].setup).settings;
        assert_eq!((&settings(0)["a"], &settings(1)["a"]), (&json!(1), &json!(2)));
        assert!(!text.contains("[event]"), "the sample event has no part too many: {text}");
    }
}
