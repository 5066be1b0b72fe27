//! No file, however damaged, stops the reader: it says what is wrong, and nothing that it should keep to itself.

use super::support::*;
use crate::load::read_text;
use crate::problem::Log;
use crate::secret::Origin;
use proptest::prelude::*;
use std::path::Path;

fn read(text: &str) -> String {
    let (environment, log) = (environment(), Log::new(Path::new("postlude.toml")));
    let origin = Origin { base: Path::new("/nonexistent"), environment: &environment };
    let _ = read_text(Path::new("postlude.toml"), text, &origin, &log);
    log.into_problems().to_string()
}

#[test]
fn every_line_can_be_missing_or_stand_twice() {
    let text = documented();
    let lines: Vec<&str> = text.lines().collect();
    for at in 0..lines.len() {
        let (before, after) = lines.split_at(at);
        read(&[before, &after[1..]].concat().join("\n"));
        read(&[before, &[after[0]], after].concat().join("\n"));
    }
}

#[test]
fn every_value_can_have_another_type() {
    let text = documented();
    for line in text.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')) {
        let (key, _) = line.split_once(" = ").unwrap();
        for other in
            ["1", "1.5", "\"x\"", "true", "[]", "{}", "[[1]]", "[{}]", "{ a = { b = 1 } }", "1979-05-27", "inf"]
        {
            read(&text.replacen(line, &format!("{key} = {other}"), 1));
        }
    }
}

#[test]
fn deep_nesting_is_an_error() {
    let deep = |open: &str, close: &str| format!("[server]\nlisten = {}{}", open.repeat(20_000), close.repeat(20_000));
    assert_says(&read(&deep("[", "]")), &["not TOML"]);
    assert_says(&read(&deep("{a=", "}")), &["not TOML"]);
    let settings = format!("settings = {}1{}", "{ a = ".repeat(40), " }".repeat(40));
    let from = documented().lines().find(|line| line.starts_with("settings")).unwrap().to_owned();
    assert_says(&problems(&with(&from, &settings)), &["`settings`: nested deeper than 32 levels"]);
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in "(?s).{0,200}") {
        read(&text);
    }

    #[test]
    fn a_damaged_file_is_read_to_its_end(at in 0_usize..3000, cut in 0_usize..40, put in "[\\[\\]{}=\",.\n #a-z0-9]{0,12}") {
        let text: Vec<char> = documented().chars().collect();
        let (at, end) = (at.min(text.len()), (at + cut).min(text.len()));
        let damaged: String = text[..at].iter().copied().chain(put.chars()).chain(text[end..].iter().copied()).collect();
        read(&damaged);
    }
}
