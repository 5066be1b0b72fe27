//! The attacks, as `tests/threats/*.toml` has them.

use crate::root;
use std::fs;

/// The files, in the order of the page.
pub const FILES: [&str; 7] = ["plugin", "browser", "prompt-site", "network", "operator", "tenant", "failure"];

/// A row: an attack and what stands against it.
#[derive(Debug)]
pub struct Threat {
    /// A letter for who attacks, and a number; it never changes.
    pub id: String,
    pub attack: String,
    pub defence: String,
    /// Why no test names it.
    pub untested: Option<String>,
    /// What its tests do not show.
    pub partly: Option<String>,
}

/// The first line of a file, which says who attacks.
pub fn heading(file: &str) -> String {
    let text = text(file);
    text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap().trim_end_matches('.').to_owned()
}

fn text(file: &str) -> String {
    fs::read_to_string(root().join("tests/threats").join(file).with_extension("toml")).unwrap()
}

/// All rows, file by file and by identifier.
pub fn read() -> Vec<Threat> {
    FILES.iter().flat_map(|file| of_file(file)).collect()
}

pub fn of_file(file: &str) -> Vec<Threat> {
    let table: toml::Table = toml::from_str(&text(file)).unwrap();
    let mut threats: Vec<_> = table.into_iter().map(|(id, row)| threat(file, id, &row)).collect();
    threats.sort_by(|a, b| a.id.cmp(&b.id));
    threats
}

fn threat(file: &str, id: String, row: &toml::Value) -> Threat {
    let row = row.as_table().unwrap();
    for key in row.keys() {
        let known = ["attack", "defence", "untested", "partly"].contains(&key.as_str());
        assert!(known, "tests/threats/{file}.toml: `{key}` of `{id}` is no field of a row");
    }
    let field = |name: &str| row.get(name).map(|value| value.as_str().unwrap().to_owned());
    let needed = |name: &str| field(name).unwrap_or_else(|| panic!("tests/threats/{file}.toml: `{id}` has no {name}"));
    let (attack, defence) = (needed("attack"), needed("defence"));
    Threat { id, attack, defence, untested: field("untested"), partly: field("partly") }
}
