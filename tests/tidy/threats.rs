//! The identifiers of attacks in comments of the code, and the table that explains them, agree.

use crate::{root, rust_files};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const TABLE: &str = "docs/threats.md";

/// A source file: its name without `.rs` (a folder's, where it is a `mod.rs`), and its text.
type Source = (String, String);

fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    for folder in ["crates", "examples", "plugins", "tests/e2e"] {
        rust_files(&root().join(folder), &mut files);
    }
    let read = |path: &std::path::PathBuf| {
        let of_folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let own = path.file_stem().unwrap().to_str().unwrap();
        let name = if own == "mod" { of_folder } else { own };
        (name.to_owned(), fs::read_to_string(path).unwrap())
    };
    files.iter().map(read).collect()
}

/// The identifiers in a text: a capital letter of the table's and two digits, as a word.
fn identifiers(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_one = |word: &&str| {
        word.len() == 3
            && word.starts_with(['P', 'U', 'S', 'N', 'O', 'T', 'R'])
            && word[1..].bytes().all(|b| b.is_ascii_digit())
    };
    words.filter(is_one).collect()
}

/// The identifiers in the comments of a source file.
fn in_comments(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.split_once("//")).flat_map(|(_, comment)| identifiers(comment)).collect()
}

/// The rows of the table: identifier and named tests.
fn rows(table: &str) -> BTreeMap<&str, Vec<(&str, &str)>> {
    let rows = table.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
        let id = cells.first().filter(|id| identifiers(id).len() == 1)?;
        let tests = cells.get(3)?.split(',').filter_map(|test| test.trim().trim_matches('`').split_once("::"));
        Some((*id, tests.collect()))
    });
    rows.collect()
}

/// What does not agree, for a person.
fn faults(table: &str, sources: &[Source]) -> Vec<String> {
    let rows = rows(table);
    let mut faults = Vec::new();
    for (file, text) in sources {
        let unknown = in_comments(text).into_iter().filter(|id| !rows.contains_key(id));
        faults.extend(unknown.map(|id| format!("`{id}` in `{file}.rs` has no row in {TABLE}")));
    }
    for (id, tests) in rows {
        if tests.is_empty() {
            faults.push(format!("the row of `{id}` names no test"));
        }
        for (file, function) in tests {
            let proves = |(name, text): &&Source| {
                let of_test = text.contains(&format!("fn {function}("));
                let tests = text.contains("test]") || text.contains("::test(");
                name == file && of_test && tests && in_comments(text).contains(id)
            };
            if !sources.iter().any(|source| proves(&source)) {
                faults
                    .push(format!("the row of `{id}` names `{file}::{function}`: no such test carries the identifier"));
            }
        }
    }
    faults
}

#[test]
fn each_identifier_of_an_attack_is_explained_and_proved() {
    let table = fs::read_to_string(root().join(TABLE)).unwrap();
    assert!(rows(&table).len() > 60, "the table was not read: {} rows", rows(&table).len());
    let faults = faults(&table, &sources());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_missing_row_a_missing_test_and_a_row_without_use_are_found() {
    let file = |text: &str| vec![("a".to_owned(), text.to_owned())];
    let table = "| id | attack | defence | tests |\n|---|---|---|---|\n| P01 | x | y | `a::f` |\n";
    assert_eq!(faults(table, &file("/// P01: x.\n#[test]\nfn f() {}")), [""; 0]);
    for (text, wrong) in [
        ("/// P01, U02: x.\n#[test]\nfn f() {}", "`U02` in `a.rs` has no row"),
        ("/// P01: x.\n#[test]\nfn g() {}", "names `a::f`"),
        ("#[test]\nfn f() { let p = \"P01\"; }", "names `a::f`"),
    ] {
        let faults = faults(table, &file(text));
        assert!(faults.len() == 1 && faults[0].contains(wrong), "{faults:?}");
    }
}
