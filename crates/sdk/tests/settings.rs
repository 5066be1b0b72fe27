//! The types that `settings!` makes of a schema read what the schema allows.

use postlude_sdk::json;

postlude_sdk::settings!("tests/settings.json");

#[test]
fn required_properties_are_plain_and_others_optional() {
    let settings: Settings =
        serde_json::from_value(json!({ "prompt_url": "https://a.example", "type": "post" })).unwrap();
    assert_eq!(settings.prompt_url, "https://a.example");
    assert_eq!(settings.r#type, SettingsType::Post);
    assert_eq!(settings.note, None);
    assert_eq!(settings.nested, None);
}

#[test]
fn defaults_of_the_schema_hold() {
    let settings: Settings = serde_json::from_value(json!({ "prompt_url": "", "type": "get" })).unwrap();
    assert!(settings.verified);
    assert_eq!((settings.tries, settings.ratio, settings.offset), (3, 0.5, -1));
    assert_eq!(settings.profile, Profile::Auth0);
    assert!(settings.domains.is_empty());
}

#[test]
fn objects_arrays_maps_and_references_have_types_of_their_own() {
    let nested = json!({
        "prompt_url": "", "type": "get", "domains": ["a.example"], "labels": { "a": 1 }, "anything": [1, "x"],
        "nested": { "mail-to": "a@b.example" }, "claims": [{ "claim": "c", "token": "id" }], "owner": { "name": "ana" },
        "deputy": { "name": "bob" }
    });
    let settings: Settings = serde_json::from_value(nested).unwrap();
    assert_eq!(settings.labels.unwrap().get("a"), Some(&1));
    assert_eq!(settings.nested.unwrap().mail_to, "a@b.example");
    let claim: &SettingsClaimsItem = &settings.claims.as_ref().unwrap()[0];
    assert_eq!((claim.claim.as_str(), claim.token), ("c", Some(SettingsClaimsItemToken::Id)));
    let owner: SettingsPerson = settings.owner.unwrap();
    assert_eq!((owner.name, settings.deputy.unwrap().name), ("ana".to_owned(), "bob".to_owned()));
    assert_eq!(settings.anything, Some(json!([1, "x"])));
}
