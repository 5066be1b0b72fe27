//! Texts that others collected because programs stumble over them, through the whole server: `tests/vectors` says whose they are.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use postlude_testkit::{Answered, IDP_KEY, OPERATOR_KEY, Postlude};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

const JSON: &str = include_str!("../vectors/json-test-suite.txt");
const NAUGHTY: &str = include_str!("../vectors/naughty-strings.json");

async fn posted(postlude: &Postlude, key: &str, body: Vec<u8>) -> Answered {
    let request = postlude.client.post(format!("{}/v1/logins", postlude.base)).bearer_auth(IDP_KEY);
    Answered::of(request.header("idempotency-key", key).body(body)).await
}

/// N06: what is no JSON is refused, and what is JSON is taken, as a whole and within an event.
#[tokio::test(flavor = "multi_thread")]
async fn each_text_of_the_json_test_suite_is_judged_as_it_says() {
    let postlude = Postlude::in_memory().await;
    let texts = JSON.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once(' ').unwrap());
    let texts: Vec<(&str, Vec<u8>)> = texts.map(|(name, text)| (name, BASE64_STANDARD.decode(text).unwrap())).collect();
    assert!(texts.len() > 270);
    let plain = postlude.browser("ana").body("silent").to_string();
    let within = |text: &[u8]| {
        let (before, after) = plain.split_once("\"event\":{").unwrap();
        [before.as_bytes(), b"\"event\":{\"extra\":", text, b",", after.as_bytes()].concat()
    };
    for (name, text) in &texts {
        if name.starts_with("n_") {
            let answered = posted(&postlude, name, text.clone()).await;
            assert_eq!((answered.status, answered.outcome()), (400, "invalid_request"), "{name}: {}", answered.text);
        } else {
            // A name that stands twice is JSON, and refused here.
            let expected = if name.contains("duplicated_key") { 400 } else { 200 };
            let answered = posted(&postlude, name, within(text)).await;
            assert_eq!(answered.status, expected, "{name}: {}", answered.text);
        }
    }
    for (name, text) in [("arrays", "[".repeat(100_000)), ("both", "[{\"\":".repeat(50_000))] {
        assert_eq!(posted(&postlude, name, text.into_bytes()).await.status, 400, "{name}");
    }
    assert_eq!(postlude.browser("ana").login().await.outcome(), "redirect");
}

fn naughty() -> Vec<String> {
    let texts: Vec<String> = serde_json::from_str(NAUGHTY).unwrap();
    assert!(texts.len() > 500);
    texts
}

/// U21: as a user's identifier and in every place of an event, such a text comes back as it was or is refused.
#[tokio::test(flavor = "multi_thread")]
async fn naughty_texts_come_back_as_they_were_or_are_refused() {
    let postlude = Postlude::in_memory().await;
    let (mut taken, mut refused) = (0, Vec::new());
    for (number, text) in naughty().into_iter().enumerate() {
        let mut body = postlude.browser("ana").body("silent");
        body["event"]["user"] = json!({ "user_id": text, "name": text, "app_metadata": { text.as_str(): text } });
        body["event"]["request"] = json!({ "user_agent": text, "ip": text });
        let answered = posted(&postlude, &format!("naughty-{number}"), body.to_string().into_bytes()).await;
        match answered.status {
            200 => {
                assert_eq!(answered.text_at("/subject/user_id"), text, "{}", answered.text);
                let id = answered.text_at("/login_id");
                let shown = postlude.get_as(OPERATOR_KEY, &format!("/v1/admin/logins/{id}")).await;
                assert_eq!((shown.status, shown.text_at("/user_id")), (200, text.as_str()), "{}", shown.text);
                taken += 1;
            }
            400 => refused.push(text),
            status => panic!("{text:?}: {status}: {}", answered.text),
        }
    }
    // Nobody's identifier is empty, or longer than a line.
    assert!(taken > 450, "{taken} were taken");
    assert!(
        refused.iter().all(|text| text.is_empty() || text.len() > 255 || text.chars().any(char::is_control)),
        "{refused:?}"
    );
    let mut huge = postlude.browser("ana").body("silent");
    huge["event"]["user"]["user_id"] = Value::from("x".repeat(1 << 20));
    assert_eq!(posted(&postlude, "huge", huge.to_string().into_bytes()).await.status, 413);
}

fn files(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.insert(path.display().to_string());
        }
    }
}

/// O03: no name of a call is part of a path: of names that lead elsewhere no file appears, and none is shown.
#[tokio::test(flavor = "multi_thread")]
async fn no_name_leads_out_of_the_data_folder() {
    let postlude = Postlude::start().await;
    let mut before = BTreeSet::new();
    files(postlude.dir(), &mut before);
    let names = [
        "../../../../etc/passwd",
        "..\\..\\etc",
        "/etc/passwd",
        "con",
        "nul.wasm",
        "a\0b",
        ".",
        "..",
        "~root",
        "$HOME",
        "%2e%2e",
    ];
    let escaped = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    for name in names
        .iter()
        .map(|name| (*name).to_owned())
        .chain(naughty().into_iter().filter(|text| !text.is_empty()).take(200))
    {
        for path in ["/v1/logins/", "/v1/admin/logins/", "/v1/admin/plugins/", "/v1/admin/plugins/sha256:"] {
            let answered = postlude.get_as(OPERATOR_KEY, &format!("{path}{}", escaped(&name))).await;
            assert!(
                matches!(answered.status, 400 | 404 | 405),
                "{path}{name:?}: {} {}",
                answered.status,
                answered.text
            );
            assert!(!answered.text.contains("root:x:"), "{path}{name:?}");
        }
    }
    let mut after = BTreeSet::new();
    files(postlude.dir(), &mut after);
    // The store's own files come and go.
    let new: Vec<_> = after.difference(&before).filter(|path| !path.contains("/data/")).collect();
    assert!(new.is_empty(), "{new:?}");
}
