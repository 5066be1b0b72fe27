//! The manifest's published schema and the manifest's reader agree.

use postlude_model::manifest::Manifest;
use serde_json::{Value, json};

fn schema() -> jsonschema::Validator {
    let text = include_str!("../../../../wit/0.1/manifest.schema.json");
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

fn good() -> Value {
    json!({ "name": "face", "version": "1.0.0", "publisher": "acme.example", "abi": "0.1.0" })
}

#[test]
fn the_plugins_of_this_repository_fit_the_schema() {
    for text in [
        include_str!("../../../../plugins/custom-factor/manifest.json"),
        include_str!("../../../../plugins/email-domain/manifest.json"),
    ] {
        let manifest: Value = serde_json::from_str(text).unwrap();
        assert!(schema().is_valid(&manifest), "{manifest}");
        Manifest::parse(text.as_bytes()).unwrap();
    }
}

#[test]
fn schema_and_reader_accept_and_refuse_the_same() {
    let with = |pointer: &str, value: Value| {
        let mut manifest = good();
        manifest[pointer] = value;
        manifest
    };
    let accepted = [
        good(),
        with("result", json!("external")),
        with("result", json!({ "parameter": "r", "key": "k", "profile": { "setting": "/profile" } })),
        with("factors", json!([{ "name": { "setting": "/factor" }, "amr": ["mfa"] }])),
        with("limits", json!({ "fuel": 1000 })),
        with("capabilities", json!({ "event": ["/user"], "claims": [{ "setting": "/claim" }] })),
    ];
    let refused = [
        with("abi", json!("0.2.0")),
        with("name", json!("Face")),
        with("colour", json!("red")),
        with("result", json!("maybe")),
        with("result", json!({ "parameter": "r", "key": "k" })),
        with("factors", json!([{ "amr": [] }])),
        with("capabilities", json!({ "files": ["/"] })),
        with("limits", json!({ "fuel": -1 })),
        json!({ "name": "face" }),
        json!([]),
    ];
    for (manifests, wanted) in [(&accepted[..], true), (&refused[..], false)] {
        for manifest in manifests {
            let read = Manifest::parse(manifest.to_string().as_bytes());
            assert_eq!((schema().is_valid(manifest), read.is_ok()), (wanted, wanted), "{manifest}: {read:?}");
        }
    }
}
