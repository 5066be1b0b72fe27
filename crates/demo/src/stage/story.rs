//! A login of the page as a file that `postlude test` plays.

use super::shown::{Stage, Theme};
use crate::site;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use postlude_stories::record::{RecordedStory, record};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    login: String,
}

/// The story of a login, to be saved.
pub(super) async fn save(State(stage): State<Arc<Stage>>, Query(Wanted { login }): Query<Wanted>) -> Response {
    let story = match stage.journal.story(&login) {
        Ok(story) => story,
        Err(why) => return site::no_story(&format!("{why:#}")),
    };
    let file = file_name(&story);
    // The stock stories fail a plugin that never decides, which is what they are for.
    let is_trapped = story.observed.iter().any(|one| one.answer.get("trap").is_some());
    let how = match stage.theme {
        Theme::Demo(_) if is_trapped => {
            format!("Recorded at `postlude demo`. Play it: postlude test {file} --no-stock")
        }
        Theme::Demo(_) => format!("Recorded at `postlude demo`. Play it: postlude test {file}"),
        Theme::Plugin(_) => {
            "Recorded at `postlude dev`. Put this file into the project's folder `stories`, and run `postlude test`"
                .to_owned()
        }
    };
    let attached = format!("attachment; filename=\"{file}\"");
    let headers = [(header::CONTENT_TYPE, "application/toml".to_owned()), (header::CONTENT_DISPOSITION, attached)];
    (headers, format!("# {how}\n\n{}", record(&story))).into_response()
}

/// A name of letters, digits and hyphens, made of the story's: `ana-logs-in-continue.toml`.
fn file_name(story: &RecordedStory) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let words: String = story.name.chars().map(plain).collect();
    let words: Vec<_> = words.split('-').filter(|word| !word.is_empty()).collect();
    format!("{}.toml", words.join("-"))
}
