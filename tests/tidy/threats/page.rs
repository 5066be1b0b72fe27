//! `docs/threats.md`: the attacks with their tests, for people.

use crate::threats::list::{self, Threat};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const OPENING: &str = "# Threats

What Postlude is attacked with, what stands against it, and the tests that show it. This page is made of
[tests/threats](../tests/threats) and of the tests, each of which names in the comment before it what it shows: a row that loses its
last test fails `cargo test --workspace --test tidy`, and so does a row without a test and without a reason. An identifier never
changes. A test is named by its crate or folder, its file and its function: `sandbox/hostile::deep_recursion_is_a_trap` runs by
`cargo test --workspace -- deep_recursion_is_a_trap`. All of them are part of `make test`.

";

/// The page.
pub fn text(threats: &[Threat], tests: &BTreeMap<&str, Vec<&str>>) -> String {
    let mut out = OPENING.to_owned();
    summary(&mut out, threats);
    for file in list::FILES {
        let _ = write!(out, "\n## {}\n\n", list::heading(file));
        out.push_str("| id | attack | defence | tests | result |\n|---|---|---|---|---|\n");
        for threat in list::of_file(file) {
            let named = tests.get(threat.id.as_str()).cloned().unwrap_or_default();
            let named: Vec<_> = named.iter().map(|test| format!("`{}`", escaped(test))).collect();
            let (attack, defence) = (escaped(&threat.attack), escaped(&threat.defence));
            let _ = writeln!(
                out,
                "| {} | {attack} | {defence} | {} | {} |",
                threat.id,
                named.join(", "),
                escaped(&result(&threat))
            );
        }
    }
    out
}

fn summary(out: &mut String, threats: &[Threat]) {
    let partly = threats.iter().filter(|threat| threat.partly.is_some()).count();
    let untested = threats.iter().filter(|threat| threat.untested.is_some()).count();
    let _ = writeln!(
        out,
        "Of {} rows {} are tested, {partly} in part, and {untested} are not: the last column says why.",
        threats.len(),
        threats.len() - partly - untested,
    );
}

fn result(threat: &Threat) -> String {
    match (&threat.partly, &threat.untested) {
        (Some(missing), _) => format!("tested in part: {missing}"),
        (_, Some(why)) => format!("not tested: {why}"),
        _ => "tested".to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
