//! Reads a file of stories. Every mistake is reported at once, with its line.

use super::model::{BUILT_IN, HttpStep, PluginRef, Setup, Story, StoryFile};
use super::step;
use crate::event::{compose, patch};
use crate::pattern;
use postlude_config::reader::{Kind, Log, Node, Section, parse, shown};
use postlude_config::{Complaint, Problem, Problems, Severity};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Bytes of a file of stories: a thousand stories have a tenth of it.
const FILE_BYTES: u64 = 4 << 20;
/// How a request may fail.
const FAILURES: [&str; 3] = ["timeout", "refused", "too-large"];

/// Reads a file of stories.
///
/// # Errors
/// Every mistake at once.
pub fn read(path: &Path) -> Result<StoryFile, Problems> {
    let problem = |message: String| {
        let (line, column, severity) = (1, 1, Severity::Error);
        Problems::new(vec![Problem { file: path.to_owned(), line, column, message, hint: None, severity }])
    };
    let size = std::fs::metadata(path).map_err(|why| problem(format!("cannot be read: {why}")))?.len();
    if size > FILE_BYTES {
        return Err(problem(format!("has more than {FILE_BYTES} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|why| problem(format!("cannot be read: {why}")))?;
    read_text(path, &text)
}

/// Reads stories from a text; `path` says where it is from.
///
/// # Errors
/// Every mistake at once.
pub fn read_text(path: &Path, text: &str) -> Result<StoryFile, Problems> {
    let log = Log::new(path);
    let tree = parse(text, &log);
    let mut root = Section::root(&log, &tree);
    let folder = path.parent().unwrap_or(Path::new(""));
    let reader = Reader { log: &log, folder };
    let setup = reader.setup(&mut root);
    let event = patch_table(&mut root, "event");
    let http = reader.http(&mut root, true);
    let plugins = reader.plugins(&mut root);
    let stories = reader.stories(&mut root, &event, &http);
    if stories.is_empty() && !root.has("story") {
        root.missing("story", "add a table `[[story]]` with a `name` and steps `[[story.step]]`");
    }
    root.finish();
    let file = StoryFile { path: path.to_owned(), setup, plugins, stories };
    log.into_problems().into_warnings(file).map(|(file, _)| file)
}

struct Reader<'a> {
    log: &'a Log,
    folder: &'a Path,
}

impl Reader<'_> {
    fn setup(&self, section: &mut Section<'_>) -> Setup {
        let settings = json_table(section, "settings");
        let action = json_table(section, "action");
        for key in ["settings", "secrets", "name", "plugin"] {
            if action.contains_key(key) {
                let hint = "write it beside `action`, not in it";
                section.log.error_hint(section.place("action"), format!("`action.{key}` does not stand there"), hint);
            }
        }
        let mut secrets = BTreeMap::new();
        if let Some(table) = section.table("secrets") {
            for (name, _, node) in table.entries() {
                match &node.kind {
                    Kind::String(text) => drop(secrets.insert(name.to_owned(), text.clone())),
                    _ => table.mistyped(name, node, "a string").unwrap_or_default(),
                }
            }
        }
        Setup { settings, secrets, action }
    }

    fn plugins(&self, root: &mut Section<'_>) -> Vec<PluginRef> {
        let nodes = if root.has("plugin") { root.array("plugin").unwrap_or_default() } else { known(root, "plugin") };
        let mut plugins = Vec::new();
        for node in nodes {
            let Some(mut section) = Section::of(self.log, "a plugin".to_owned(), node.at, node) else { continue };
            let path = section.string("path").map(|path| match path.value.starts_with(BUILT_IN) {
                true => path.value.into(),
                false => self.folder.join(path.value),
            });
            let name = section.string("name").map(|name| name.value.to_owned());
            let setup = self.setup(&mut section);
            section.finish();
            plugins.push(PluginRef { line: node.at.line, path, name, setup });
        }
        if plugins.iter().filter(|plugin| plugin.path.is_none()).count() > 1 {
            let message = "two tables `[[plugin]]` have no `path`, and both would be the plugin under test";
            self.log.error_hint(
                root.place("plugin"),
                message,
                "give one of them the `path` of a project or a `.wasm` file",
            );
        }
        plugins
    }

    fn stories(&self, root: &mut Section<'_>, event: &Map<String, Value>, http: &[HttpStep]) -> Vec<Story> {
        let nodes = if root.has("story") { root.array("story").unwrap_or_default() } else { known(root, "story") };
        let (mut stories, mut names) = (Vec::<Story>::new(), BTreeMap::<String, usize>::new());
        for node in nodes {
            let Some(mut section) = Section::of(self.log, "a story".to_owned(), node.at, node) else { continue };
            let name = section.parsed("name", |name| match name.trim() {
                "" => Err(Complaint::new("is empty")),
                name => Ok(name.to_owned()),
            });
            if !section.has("name") {
                section.missing("name", "say in a sentence what the story shows");
            }
            let name = name.map(|name| name.value).unwrap_or_default();
            if !name.is_empty() {
                section.rename(&format!("story `{}`", shown(&name)));
                if let Some(line) = names.insert(name.clone(), node.at.line) {
                    let message = format!("{}: the story in line {line} has this name too", section.label("name"));
                    self.log.error_hint(section.place("name"), message, "give each story of a file a name of its own");
                }
            }
            stories.push(self.story(section, name, event, http));
        }
        stories
    }

    fn story(&self, mut section: Section<'_>, name: String, event: &Map<String, Value>, http: &[HttpStep]) -> Story {
        let line = section.at.line;
        let skip = section.string("skip").map(|why| why.value.to_owned());
        let setup = self.setup(&mut section);
        let mut all = Value::Object(event.clone());
        compose(&mut all, &Value::Object(patch_table(&mut section, "event")));
        let mut requests = self.http(&mut section, true);
        requests.extend(http.iter().cloned());
        let mut steps = Vec::new();
        let nodes =
            if section.has("step") { section.array("step").unwrap_or_default() } else { known(&mut section, "step") };
        for node in nodes {
            let subject = section.subject_of("a step");
            let Some(mut step) = Section::of(self.log, subject, node.at, node) else { continue };
            let http = self.http(&mut step, false);
            steps.extend(step::read(step, http, self.folder));
        }
        if nodes.is_empty() && !section.has("step") {
            section.missing("step", "add a table `[[story.step]]` with `login = {}`");
        }
        section.finish();
        Story { name, line, skip, setup, event: all, http: requests, steps }
    }

    /// Expected requests. Those of a file or a story may be made by any step, and none has to be.
    fn http(&self, section: &mut Section<'_>, shared: bool) -> Vec<HttpStep> {
        let nodes =
            if section.has("http") { section.array("http").unwrap_or_default() } else { known(section, "http") };
        let mut all = Vec::new();
        for node in nodes {
            let subject = section.subject_of("an expected request");
            let Some(mut entry) = Section::of(self.log, subject, node.at, node) else { continue };
            let request = Value::Object(json_table(&mut entry, "request"));
            if let Err(why) = pattern::check(&request) {
                self.log.error(entry.place("request"), format!("{}: {why}", entry.label("request")));
            }
            for name in request.as_object().into_iter().flatten().map(|(name, _)| name) {
                if !["method", "url", "headers", "body"].contains(&name.as_str()) {
                    let message = format!("{} is not known here", entry.label(&format!("request.{}", shown(name))));
                    self.log.error_hint(entry.place("request"), message, "known keys: method, url, headers, body");
                }
            }
            let answer = Value::Object(answer(&mut entry));
            let fail = entry.parsed("fail", |text| {
                let hint = format!("write one of: {}", FAILURES.join(", "));
                let known = FAILURES.contains(&text).then(|| text.to_owned());
                known.ok_or_else(|| Complaint::new(format!("`{}` is no failure of a request", shown(text))).hint(hint))
            });
            if entry.has("fail") == entry.has("answer") {
                let hint = "write `answer = { status = 200, body = .. }` or `fail = \"timeout\"`";
                self.log.error_hint(
                    node.at,
                    format!("{} and `fail`: exactly one has to be there", entry.label("answer")),
                    hint,
                );
            }
            let repeats = entry.boolean("repeat").unwrap_or(shared);
            entry.finish();
            all.push(HttpStep { line: node.at.line, request, answer, fail: fail.map(|fail| fail.value), repeats });
        }
        all
    }
}

/// Makes a key known that is not there.
fn known<'a>(section: &mut Section<'a>, key: &'static str) -> &'a [Node] {
    let _ = section.entry(key);
    &[]
}

fn answer(entry: &mut Section<'_>) -> Map<String, Value> {
    let all = json_table(entry, "answer");
    for name in all.keys() {
        if !["status", "headers", "body"].contains(&name.as_str()) {
            let message = format!("{} is not known here", entry.label(&format!("answer.{}", shown(name))));
            entry.log.error_hint(entry.place("answer"), message, "known keys: status, headers, body");
        }
    }
    let status = all.get("status").cloned().unwrap_or_else(|| json!(200));
    if status.as_u64().is_none_or(|status| !(100..=999).contains(&status)) {
        entry.log.error(entry.place("answer"), format!("{} is not a status code", entry.label("answer.status")));
    }
    all
}

/// A table of changes, in which `{ absent = true }` removes.
fn patch_table(section: &mut Section<'_>, key: &'static str) -> Map<String, Value> {
    match patch(&Value::Object(json_table(section, key))) {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn json_table(section: &mut Section<'_>, key: &'static str) -> Map<String, Value> {
    let Some((at, node)) = section.entry(key) else { return Map::new() };
    match (&node.kind, node.kind.to_json()) {
        (Kind::Table(_), Some(Value::Object(members))) => members,
        (Kind::Table(_) | Kind::Broken, _) => {
            section.log.error(at, format!("{}: infinities and NaN have no JSON", section.label(key)));
            Map::new()
        }
        _ => section.mistyped(key, node, "a table").unwrap_or_default(),
    }
}
