//! The table of docs/auth0.md is made of `sdk/auth0/surface.json`, which the build, `postlude migrate` and the plugin itself read.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The chapter, and the heading whose section is generated.
const PAGE: &str = "docs/auth0.md";
const HEADING: &str = "## What Postlude has of it\n";

fn read(root: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(root.join("sdk/auth0/surface.json")).unwrap()).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// Entries in rows: one for each verdict and note, with the names in their order.
fn rows(entries: &Value) -> Vec<(Vec<&str>, &str, &str)> {
    let mut rows: Vec<(Vec<&str>, &str, &str)> = Vec::new();
    for (name, entry) in entries.as_object().unwrap() {
        let (verdict, note) = (text(entry, "verdict"), text(entry, "note"));
        match rows.iter_mut().find(|(_, of, why)| (*of, *why) == (verdict, note)) {
            Some((names, _, _)) => names.push(name),
            None => rows.push((vec![name], verdict, note)),
        }
    }
    rows
}

/// Methods by group: `a.b`, `a.c` as `a`: `b`, `c`.
fn methods(names: &[&str]) -> String {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (group, method) in names.iter().filter_map(|name| name.split_once('.')) {
        groups.entry(group).or_default().push(method);
    }
    let group = |(group, methods): (&&str, &Vec<&str>)| format!("`{group}.`: {}", quoted(methods));
    groups.iter().map(group).collect::<Vec<_>>().join("; ")
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

const fn verdict(id: &str) -> &str {
    match id.as_bytes() {
        b"handed" => "handed to the IdP",
        b"sent" => "from the IdP",
        _ => id,
    }
}

fn table(out: &mut String, title: &str, entries: &Value, names: fn(&[&str]) -> String) {
    let order = ["works", "sent", "differs", "handed", "missing"];
    let mut rows = rows(entries);
    rows.sort_by_key(|(_, verdict, note)| (order.iter().position(|id| id == verdict), !note.is_empty()));
    let _ = write!(out, "\n### {title}\n\n| | | |\n|---|---|---|\n");
    for (all, id, note) in rows {
        let _ = writeln!(out, "| {} | {} | {note} |", names(&all), verdict(id));
    }
}

/// The section as it has to be.
fn section(surface: &Value) -> String {
    let mut out = format!(
        "{HEADING}\nThis section is made of `sdk/auth0/surface.json`. *Works*: as with Auth0. *Differs*: it is there, and does something else. *Handed to the IdP*: the call is \
         an entry of the answer's `idp_requests`; the IdP carries it out or denies. *From the IdP*: the event has what the IdP sends. *Missing*: a call throws.\n"
    );
    table(&mut out, "Methods of `api`", &surface["methods"], methods);
    table(&mut out, "Members of `event`", &surface["event"], quoted);
    table(&mut out, "Globals", &surface["globals"], quoted);
    table(&mut out, "Modules of Node", &surface["modules"], quoted);
    let packages: Vec<&str> = surface["packages"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let _ = write!(
        out,
        "\n### Packages\n\nBrought along: {}. Others are taken from the `node_modules` beside the action.\n\n### Else\n\n| | |\n|---|---|\n",
        quoted(&packages)
    );
    for one in surface["behaviour"].as_array().unwrap() {
        let _ = writeln!(out, "| {} | {} |", text(one, "topic"), text(one, "note"));
    }
    out.push('\n');
    out
}

/// `INSTA_UPDATE=always` writes the section anew.
pub fn the_page_is_what_the_list_says(root: &Path) {
    let path = root.join(PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let begin = page.find(HEADING).unwrap_or_else(|| panic!("{PAGE} has no heading {HEADING}"));
    let rest = &page[begin + HEADING.len()..];
    let end = rest.find("\n## ").map_or(page.len(), |at| begin + HEADING.len() + at + 1);
    let made = section(&read(root));
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&path, format!("{}{made}{}", &page[..begin], &page[end..])).unwrap();
        return;
    }
    let differing = page[begin..end].lines().zip(made.lines()).find(|(old, new)| old != new);
    assert!(
        page[begin..end] == made,
        "{PAGE} is stale: `INSTA_UPDATE=always cargo test --workspace --test docs -- surface` writes it anew\n{differing:?}"
    );
}

/// Why actions of `tests/auth0` are known not to do the same as in Node: each is in the list, and the list has no other.
pub fn known_differences_are_in_the_list(root: &Path) {
    let mut of_cases = BTreeSet::new();
    for entry in fs::read_dir(root.join("tests/auth0/actions")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let case: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            of_cases.extend(case["known_difference"].as_str().map(str::to_owned));
        }
    }
    let surface = read(root);
    let behaviour = surface["behaviour"].as_array().unwrap().iter();
    let listed: BTreeSet<_> = behaviour.filter_map(|one| one["known_difference"].as_str().map(str::to_owned)).collect();
    assert!(!listed.is_empty());
    assert_eq!(listed, of_cases, "the cases of tests/auth0/actions and `behaviour` of sdk/auth0/surface.json");
}
