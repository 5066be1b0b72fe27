//! Every attack of `tests/threats/` has a test that names it or a written reason, and `docs/threats.md` says which.

mod list;
mod page;
mod tags;

use crate::root;
use list::Threat;
use std::collections::BTreeMap;
use std::fs;
use tags::Tag;

const PAGE: &str = "docs/threats.md";

/// What does not agree, for a person.
fn faults(threats: &[Threat], tags: &[Tag]) -> Vec<String> {
    let mut faults = Vec::new();
    for tag in tags {
        for id in tag.ids.iter().filter(|id| threats.iter().all(|threat| threat.id != **id)) {
            faults.push(format!("`{id}` in {} has no row in tests/threats", tag.place));
        }
    }
    for threat in threats {
        let tested = tags.iter().any(|tag| tag.test.is_some() && tag.ids.contains(&threat.id));
        let id = &threat.id;
        match (tested, &threat.untested) {
            (false, None) => faults.push(format!("no test names `{id}`, and its row has no `untested`")),
            (true, Some(_)) => faults.push(format!("a test names `{id}`, whose row says `untested`; say `partly`")),
            _ => {}
        }
        if !tested && threat.partly.is_some() {
            faults.push(format!("no test names `{id}`, whose row says `partly`; say `untested`"));
        }
    }
    faults
}

fn tests_by_id(tags: &[Tag]) -> BTreeMap<&str, Vec<&str>> {
    let mut by_id: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for tag in tags {
        for (id, test) in tag.ids.iter().zip(std::iter::repeat(&tag.test)) {
            by_id.entry(id).or_default().extend(test.as_deref());
        }
    }
    for tests in by_id.values_mut() {
        tests.sort_unstable();
        tests.dedup();
    }
    by_id
}

#[test]
fn each_attack_has_a_test_or_a_reason() {
    let (threats, tags) = (list::read(), tags::read());
    assert!(threats.len() > 150, "the list was not read: {} rows", threats.len());
    let faults = faults(&threats, &tags);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// `INSTA_UPDATE=always` writes it anew.
#[test]
fn the_page_is_what_the_list_and_the_tests_say() {
    let (threats, tags) = (list::read(), tags::read());
    let text = page::text(&threats, &tests_by_id(&tags));
    let path = root().join(PAGE);
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&path, &text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let differing = written.lines().zip(text.lines()).find(|(old, new)| old != new);
    assert!(
        written == text,
        "{PAGE} is stale: `INSTA_UPDATE=always cargo test --workspace --test tidy -- threats` writes it anew\n{differing:?}"
    );
}

#[test]
fn an_unknown_identifier_a_row_without_a_test_and_a_reason_too_many_are_found() {
    let threat = |untested: Option<&str>, partly: Option<&str>| {
        let (attack, defence) = ("x".to_owned(), "y".to_owned());
        let (untested, partly) = (untested.map(str::to_owned), partly.map(str::to_owned));
        vec![Threat { id: "P01".to_owned(), attack, defence, untested, partly }]
    };
    let tags = |text| tags::of_rust("crates/a/src/b.rs", text);
    let tagged = "/// P01: x.\n#[test]\nfn f() {}";
    assert_eq!(faults(&threat(None, None), &tags(tagged)), [""; 0]);
    assert_eq!(faults(&threat(Some("z"), None), &[]), [""; 0]);
    assert_eq!(faults(&threat(None, Some("z")), &tags(tagged)), [""; 0]);
    for (threats, text, wrong) in [
        (threat(None, None), "/// P01, U02: x.\n#[test]\nfn f() {}", "`U02` in crates/a/src/b.rs has no row"),
        (threat(None, None), "#[test]\nfn f() { let p = \"P01\"; }", "no test names `P01`"),
        (threat(None, None), "/// P01.\nfn f() {}", "no test names `P01`"),
        (threat(None, None), "/// P01.\n#[test]\n#[ignore = \"long\"]\nfn f() {}", "no test names `P01`"),
        (threat(None, Some("z")), "", "no test names `P01`, whose row says `partly`"),
        (threat(Some("z"), None), tagged, "a test names `P01`"),
    ] {
        let faults = faults(&threats, &tags(text));
        assert!(faults.iter().any(|fault| fault.contains(wrong)), "{text}: {faults:?}");
    }
}

#[test]
fn tags_stand_before_their_tests() {
    let rust = "/// P01: x,\n/// and U02.\n#[tokio::test(\n    flavor = \"x\"\n)]\nasync fn f() {}\n";
    let found = tags::of_rust("tests/e2e/a.rs", rust);
    assert_eq!(found[0].test.as_deref(), Some("e2e/a::f"));
    assert_eq!(found[0].ids.iter().collect::<Vec<_>>(), ["P01", "U02"]);
    let script = "  // U04: x,\n  it('a title', async () => {});\n  it('another', () => {});\n";
    let found = tags::of_script("examples/a/test/b.test.mjs", script);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].test.as_deref(), Some("a/b.test.mjs: a title"));
}
