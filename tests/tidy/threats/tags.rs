//! Which tests name which attacks: by an identifier in the comment that stands before a test.

use crate::root;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A comment that names attacks, and the test that follows it.
#[derive(Debug)]
pub struct Tag {
    /// The file, for a person.
    pub place: String,
    pub ids: BTreeSet<String>,
    /// None where no test follows that is always run.
    pub test: Option<String>,
}

/// The tags of all sources.
pub fn read() -> Vec<Tag> {
    let mut tags = Vec::new();
    for folder in ["crates", "plugins", "examples", "tests", "scripts"] {
        let mut files = Vec::new();
        sources(&root().join(folder), &mut files);
        for file in files {
            let place = file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&file).unwrap();
            tags.extend(match file.extension().unwrap().to_str().unwrap() {
                // Its texts are examples of tags.
                "rs" if place.starts_with("tests/tidy/threats/") => Vec::new(),
                "rs" => of_rust(&place, &text),
                "mjs" => of_script(&place, &text),
                _ => of_program(&place, &text),
            });
        }
    }
    tags
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !["target", "node_modules"].contains(&name) && !name.starts_with('.') {
            sources(&path, found);
        } else if [".rs", ".mjs", ".sh", ".py"].iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}

/// The identifiers in a text: a letter for who attacks and two digits, as a word.
fn identifiers(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_one = |word: &&str| {
        word.len() == 3
            && word.starts_with(['P', 'U', 'S', 'N', 'O', 'T', 'R'])
            && word[1..].bytes().all(|b| b.is_ascii_digit())
    };
    words.filter(is_one).map(str::to_owned).collect()
}

/// A file as the page names it: the crate or folder, and the name of the file (a folder's, where it is a `mod.rs`).
fn shown(place: &str) -> String {
    let parts: Vec<&str> = place.split('/').collect();
    let file = match parts.last().unwrap().trim_end_matches(".rs") {
        "mod" => parts[parts.len() - 2],
        own => own,
    };
    match parts.as_slice() {
        ["crates" | "plugins" | "examples" | "tests", of, _, ..] => format!("{of}/{file}"),
        _ => place.to_owned(),
    }
}

/// Rust: an identifier in the documentation of a function with the attribute `test`, or of a promise of the store's
/// conformance suite.
pub fn of_rust(place: &str, text: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let (mut ids, mut is_test, mut open) = (BTreeSet::new(), place.contains("/conformance/"), 0_usize);
    for line in text.lines().map(str::trim) {
        if open == 0 && (line.starts_with("//") || line.contains(" // ")) {
            let comment = line.split_once("//").unwrap().1;
            if line.starts_with("///") {
                ids.append(&mut identifiers(comment));
            } else if !identifiers(comment).is_empty() {
                tags.push(Tag { place: place.to_owned(), ids: identifiers(comment), test: None });
            }
            continue;
        }
        if open > 0 || line.starts_with("#[") {
            // An attribute may take several lines.
            open = (open + line.matches(['[', '(']).count()).saturating_sub(line.matches([']', ')']).count());
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            if line.starts_with("#[ignore") {
                is_test = false;
                ids.clear();
            }
            continue;
        }
        if !ids.is_empty() {
            let name = line.split_once("fn ").and_then(|(_, rest)| rest.split_once('(')).map(|(name, _)| name);
            let test = name.filter(|_| is_test).map(|name| format!("{}::{name}", shown(place)));
            tags.push(Tag { place: place.to_owned(), ids: std::mem::take(&mut ids), test });
        }
        is_test = place.contains("/conformance/");
    }
    tags
}

/// JavaScript: an identifier in the comment before `it('..`.
pub fn of_script(place: &str, text: &str) -> Vec<Tag> {
    let (mut tags, mut ids) = (Vec::new(), BTreeSet::new());
    for line in text.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("//") {
            ids.append(&mut identifiers(comment));
        } else if !ids.is_empty() {
            let title = line.strip_prefix("it('").and_then(|rest| rest.split_once('\'')).map(|(title, _)| title);
            let test = title.map(|title| format!("{}: {title}", shown(place)));
            tags.push(Tag { place: place.to_owned(), ids: std::mem::take(&mut ids), test });
        }
    }
    tags
}

/// A program that is a test as a whole.
fn of_program(place: &str, text: &str) -> Vec<Tag> {
    let comments = text.lines().filter_map(|line| line.trim().strip_prefix('#'));
    let ids: BTreeSet<_> = comments.flat_map(identifiers).collect();
    if ids.is_empty() {
        return Vec::new();
    }
    vec![Tag { place: place.to_owned(), ids, test: Some(place.to_owned()) }]
}
