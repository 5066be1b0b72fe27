//! `postlude test --review` at a terminal: what a person is shown, answers, and finds stored.
#![expect(clippy::unwrap_used, reason = "tests stop at what surprises them")]

use postlude_testkit::plugin_file;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Two stories; the first has two answers to store, and the second one.
const STORIES: &str = r#"[settings]
prompt_url = "https://prompt.acme.example/check"
factor = "https://acme.example/face"
profile = "postlude"

[[story]]
name = "one"
[[story.step]]
login = {}
snapshot = true
[[story.step]]
prompt = "ok"
snapshot = true

[[story]]
name = "two"
[[story.step]]
login = {}
[[story.step]]
prompt = "refused"
snapshot = true
"#;

const QUESTION: &str = "[y]es, [n]o, [s]kip this story, [q]uit: ";

fn project() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("stories")).unwrap();
    fs::copy(plugin_file("custom-factor"), dir.path().join("face.wasm")).unwrap();
    fs::write(dir.path().join("stories/face.toml"), STORIES).unwrap();
    dir
}

/// The command at a terminal of its own, which `script` (of Debian's essential `bsdutils`) makes; a minute at most.
struct Terminal(Child);

impl Terminal {
    fn review(dir: &Path) -> Self {
        let command = format!("{} test face.wasm --no-stock --review -j 1", env!("CARGO_BIN_EXE_postlude"));
        let mut script = Command::new("timeout");
        script.args(["60", "script", "--quiet", "--return", "--flush", "--command", &command, "/dev/null"]);
        script.current_dir(dir).env("NO_COLOR", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(script.spawn().unwrap())
    }

    /// What is printed up to a text; all of it where the text does not come.
    fn until(&mut self, end: &str) -> String {
        let (mut read, mut byte) = (Vec::new(), [0]);
        let out = self.0.stdout.as_mut().unwrap();
        while !read.ends_with(end.as_bytes()) && out.read(&mut byte).unwrap() == 1 {
            read.extend(byte);
        }
        String::from_utf8(read).unwrap()
    }

    fn send(&mut self, keys: &str) {
        let stdin = self.0.stdin.as_mut().unwrap();
        stdin.write_all(keys.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// The rest of what is printed, and the exit code.
    fn end(mut self) -> (String, i32) {
        let mut rest = String::new();
        self.0.stdout.as_mut().unwrap().read_to_string(&mut rest).unwrap();
        (rest, self.0.wait().unwrap().code().unwrap())
    }
}

/// Answers one question after the other; what was printed after the last one, and the exit code.
fn answer(dir: &Path, answers: &[&str]) -> (String, i32) {
    let mut terminal = Terminal::review(dir);
    for answer in answers {
        let shown = terminal.until(QUESTION);
        assert!(shown.ends_with(QUESTION), "nothing was asked: {shown}");
        match *answer {
            "end of input" => terminal.send("\u{4}"),
            line => terminal.send(&format!("{line}\n")),
        }
    }
    terminal.end()
}

/// The files that are stored now.
fn stored(dir: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(dir.join("stories/snapshots")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn what_is_accepted_is_stored_and_passes_then() {
    let dir = project();
    let (rest, code) = answer(dir.path(), &["y", "YES", "maybe", "y"]);
    assert_eq!(code, 0, "{rest}");
    assert!(rest.contains("2 stories passed"), "{rest}");
    assert_eq!(stored(dir.path()).len(), 3);
    let (rest, code) = answer(dir.path(), &[]);
    assert!(code == 0 && rest.contains("2 stories passed"), "nothing is asked any more: {rest}");
}

#[test]
fn what_is_rejected_is_not_stored_and_fails_while_the_next_answer_is_asked_about() {
    let dir = project();
    let (rest, code) = answer(dir.path(), &["n", "y", "y"]);
    assert_eq!(code, 1, "{rest}");
    assert!(rest.contains("1 story passed, 1 failed"), "{rest}");
    let files = stored(dir.path());
    assert_eq!(files.iter().map(String::as_str).collect::<Vec<_>>(), ["face.one.2.json", "face.two.2.json"]);
}

#[test]
fn a_story_is_skipped_as_a_whole() {
    let dir = project();
    let (rest, code) = answer(dir.path(), &["s", "y"]);
    assert_eq!(code, 1, "{rest}");
    assert_eq!(stored(dir.path()).iter().map(String::as_str).collect::<Vec<_>>(), ["face.two.2.json"]);
}

#[test]
fn to_quit_and_the_end_of_the_input_store_nothing_more() {
    for last in ["q", "end of input"] {
        let dir = project();
        let (rest, code) = answer(dir.path(), &["y", last]);
        assert_eq!(code, 1, "{last}: {rest}");
        assert!(rest.contains("0 stories passed, 2 failed"), "{last}: {rest}");
        assert_eq!(stored(dir.path()).iter().map(String::as_str).collect::<Vec<_>>(), ["face.one.1.json"], "{last}");
    }
}

#[test]
fn a_changed_answer_is_shown_as_a_difference() {
    let dir = project();
    answer(dir.path(), &["y", "y", "y"]);
    let file = dir.path().join("stories/snapshots/face.two.2.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("factor_refused", "something_else")).unwrap();
    let mut terminal = Terminal::review(dir.path());
    let shown = terminal.until(QUESTION);
    assert!(shown.contains("changed") && shown.contains("something_else"), "{shown}");
    assert!(shown.contains("factor_refused") && shown.contains("stories/face.toml:"), "{shown}");
    terminal.send("y\n");
    terminal.end();
    assert_eq!(fs::read_to_string(&file).unwrap(), text, "the new answer is stored");
}
