//! The demo's pipelines as stories have them: with the plugins that are in the program.

use crate::config::{ACTION, CLAIM, DOMAIN, FACTOR};
use crate::names::{Names, Site};
use crate::plugins::TYPED;
use postlude_stories::record::RecordedPipeline;
use postlude_stories::story::{BUILT_IN, PluginRef, Setup};
use serde_json::{Value, json};

/// The tenant with the factor; `typed` is the JavaScript of the action before the others, where there is one.
pub(crate) fn acme(names: Names, typed: Option<&str>) -> RecordedPipeline {
    let prompt_url = format!("{}/prompt", names.site(Site::Partner));
    let face = json!({ "prompt_url": prompt_url, "factor": FACTOR, "profile": "postlude", "claim": CLAIM });
    let typed = typed.map(|source| action(TYPED.0, TYPED.0, &json!({ "source": source })));
    let others =
        [action("staff-only", "email-domain", &json!({ "domains": [DOMAIN] })), action(ACTION, "custom-factor", &face)];
    RecordedPipeline { setup: Setup::default(), plugins: typed.into_iter().chain(others).collect() }
}

/// The tenant with the endless loop.
pub(crate) fn lab() -> RecordedPipeline {
    RecordedPipeline { setup: Setup::default(), plugins: vec![action("loop", "endless-loop", &json!({}))] }
}

fn action(name: &str, plugin: &str, settings: &Value) -> PluginRef {
    let setup = Setup { settings: settings.as_object().cloned().unwrap_or_default(), ..Setup::default() };
    PluginRef { line: 0, path: Some(format!("{BUILT_IN}{plugin}").into()), name: Some(name.to_owned()), setup }
}
