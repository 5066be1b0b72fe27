//! Claims come from where the settings say, and from nowhere else.
#![expect(clippy::indexing_slicing, reason = "tests stop at what surprises them")]

use enrich_claims::EnrichClaims;
use postlude_sdk::testing::{Command, FakeHost, Run};
use postlude_sdk::{Decision, Value, json};

const PLAN: &str = "https://acme.example/plan";

fn run(claims: Value, event: Value) -> Run {
    let host = FakeHost::new().manifest(include_str!("../manifest.json"));
    host.settings(json!({ "claims": claims })).event(event).on_login::<EnrichClaims>()
}

/// The value that one mapping gives for `/user/x`.
fn mapped(mapping: Value, x: Value) -> Option<Value> {
    let mut mapping = mapping;
    mapping["claim"] = json!(PLAN);
    mapping["from"] = json!("/user/x");
    let run = run(json!([mapping]), json!({ "user": { "x": x } }));
    assert_eq!(run.decision, Ok(Decision::Continue));
    run.id_token_claim(PLAN).cloned()
}

#[test]
fn a_value_goes_into_the_token_that_the_setting_names() {
    let event = json!({ "user": { "app_metadata": { "plan": { "name": "gold" } } } });
    let id = Command::SetIdTokenClaim { name: PLAN.to_owned(), value: json!({ "name": "gold" }) };
    let access = Command::SetAccessTokenClaim { name: PLAN.to_owned(), value: json!({ "name": "gold" }) };
    for (token, expected) in [
        (json!(null), vec![id.clone()]),
        (json!("id"), vec![id.clone()]),
        (json!("access"), vec![access.clone()]),
        (json!("both"), vec![id.clone(), access.clone()]),
    ] {
        let mut mapping = json!({ "claim": PLAN, "from": "/user/app_metadata/plan" });
        if !token.is_null() {
            mapping["token"] = token;
        }
        let run = run(json!([mapping]), event.clone());
        assert_eq!((run.decision, run.commands), (Ok(Decision::Continue), expected));
    }
}

#[test]
fn every_mapping_counts_in_its_order() {
    let claims = json!([
        { "claim": "a", "from": "/user/name" },
        { "claim": "b", "from": "/user/name", "transform": "upper" },
        { "claim": "a", "from": "/user/nickname" },
    ]);
    let run = run(claims, json!({ "user": { "name": "Ana", "nickname": "an" } }));
    assert_eq!((run.id_token_claim("a"), run.id_token_claim("b")), (Some(&json!("an")), Some(&json!("ANA"))));
}

#[test]
fn without_a_value_there_is_the_default_or_no_claim() {
    for absent in [json!({}), json!({ "user": {} }), json!({ "user": { "x": null } })] {
        let mapping = |default: Option<&str>| {
            let mut mapping = json!({ "claim": PLAN, "from": "/user/x", "transform": "lower" });
            if let Some(default) = default {
                mapping["default"] = json!(default);
            }
            json!([mapping])
        };
        assert!(run(mapping(None), absent.clone()).commands.is_empty());
        let run = run(mapping(Some("Free")), absent);
        assert_eq!(run.id_token_claim(PLAN), Some(&json!("Free")), "a default is taken as it is");
    }
}

#[test]
fn transforms_take_what_they_can_and_leave_out_the_rest() {
    let with = |transform: &str, value: Value| mapped(json!({ "transform": transform, "default": "d" }), value);
    assert_eq!(with("lower", json!("ÄB")), Some(json!("äb")));
    assert_eq!(with("upper", json!(["a", "b"])), Some(json!(["A", "B"])));
    assert_eq!(with("text", json!(7)), Some(json!("7")));
    assert_eq!(with("text", json!(true)), Some(json!("true")));
    assert_eq!(with("text", json!("t")), Some(json!("t")));
    assert_eq!(with("join", json!(["read", "write"])), Some(json!("read write")));
    assert_eq!(with("join", json!([])), Some(json!("")));
    for (transform, value) in [
        ("lower", json!(7)),
        ("lower", json!(["a", 7])),
        ("upper", json!({ "a": "b" })),
        ("text", json!(["a"])),
        ("join", json!("a")),
        ("join", json!(["a", 1])),
    ] {
        assert_eq!(with(transform, value.clone()), None, "{transform} of {value}: the default is for what is absent");
    }
}

#[test]
fn what_is_left_out_is_in_the_log_without_the_value() {
    let claims = json!([{ "claim": PLAN, "from": "/user/x", "transform": "join" }]);
    let run = run(claims, json!({ "user": { "x": "secret" } }));
    let line = run.log.first().unwrap();
    assert!(line.message.contains(PLAN) && line.message.contains("/user/x") && !line.message.contains("secret"));
}

#[test]
fn a_reserved_claim_is_a_failure() {
    let run = run(json!([{ "claim": "sub", "from": "/user/x" }]), json!({ "user": { "x": "root" } }));
    assert!(run.decision.is_err() && run.commands.is_empty());
}

#[test]
fn what_the_settings_do_not_name_is_not_granted() {
    let host = FakeHost::new().manifest(include_str!("../manifest.json"));
    let host = host.settings(json!({ "claims": [{ "claim": "a" }] })).event(json!({ "user": { "x": 1 } }));
    assert!(host.on_login::<EnrichClaims>().decision.is_err(), "settings of another shape");
}
