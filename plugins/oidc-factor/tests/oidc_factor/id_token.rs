//! Which ID tokens count, at the edges of each check.

use super::support::{ASKED, FACTOR, ISSUER, NOW, back, claims, discovery, host_with, id_token, returned, token};
use oidc_factor::OidcFactor;
use postlude_sdk::testing::{Run, signed};
use postlude_sdk::{Decision, Value, json};

/// The end of a login whose ID token has one claim changed; null removes it.
fn with(claim: &str, value: Value) -> Run {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(claim);
    } else {
        claims[claim] = value;
    }
    back(&claims).on_continue::<OidcFactor>()
}

fn under(settings: Value, claims: &Value) -> Run {
    returned(host_with(&settings)).exchange(discovery()).exchange(token(&id_token(claims))).on_continue::<OidcFactor>()
}

fn denied(run: &Run) -> &str {
    assert!(!run.recorded(FACTOR));
    &run.denial().unwrap().code
}

#[test]
fn each_claim_counts_up_to_its_edge() {
    for (claim, value) in [
        ("aud", json!(["postlude"])),
        ("azp", json!("postlude")),
        ("exp", json!(NOW - 30)),
        ("exp", json!(NOW as f64 + 0.5)),
        ("iat", json!(NOW - 300)),
        ("iat", json!(NOW + 30)),
        ("auth_time", Value::Null),
        ("acr", json!("whatever")),
    ] {
        let run = with(claim, value.clone());
        assert_eq!(run.decision, Ok(Decision::Continue), "{claim} = {value}: {:?}", run.log);
    }
}

#[test]
fn each_claim_beyond_its_edge_proves_nothing() {
    for (claim, value) in [
        ("iss", json!("https://idp.example/")),
        ("iss", Value::Null),
        ("aud", json!("another")),
        ("aud", json!(["postlude", "another"])),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("azp", json!("another")),
        ("azp", json!(["postlude"])),
        ("sub", json!("")),
        ("sub", Value::Null),
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("exp", json!(NOW - 31)),
        ("exp", json!((NOW + 300).to_string())),
        ("exp", Value::Null),
        ("iat", json!(NOW - 301)),
        ("iat", json!(NOW + 31)),
        ("iat", Value::Null),
    ] {
        let run = with(claim, value.clone());
        assert_eq!(denied(&run), "factor_not_proved", "{claim} = {value}");
        assert!(run.log[0].message.contains(&format!("`{claim}`")), "{}", run.log[0].message);
    }
}

#[test]
fn what_is_no_token_proves_nothing() {
    let whole = id_token(&claims());
    for text in ["", "a.b", "a.b.c", &whole.replace('.', ""), &format!("{whole}.x"), &id_token(&json!([]))] {
        let run =
            returned(super::support::host()).exchange(discovery()).exchange(token(text)).on_continue::<OidcFactor>();
        assert_eq!(denied(&run), "factor_not_proved", "{text}");
    }
}

#[test]
fn only_the_account_of_this_login_is_the_factor() {
    assert_eq!(denied(&with("email", json!("eve@evil.example"))), "factor_wrong_account");
    assert_eq!(denied(&with("email", json!("Ana@acme.example"))), "factor_wrong_account", "byte for byte");
    assert_eq!(denied(&with("email", Value::Null)), "factor_wrong_account");
    assert_eq!(denied(&with("email", json!(["ana@acme.example"]))), "factor_wrong_account");
    for unverified in [json!(false), json!("true"), Value::Null] {
        assert_eq!(denied(&with("email_verified", unverified)), "factor_wrong_account");
    }
    let run = with("email", json!("eve@evil.example"));
    assert!(!format!("{:?}", run.log).contains("eve@"), "addresses stay out of the log");
}

#[test]
fn an_event_that_says_nothing_matches_nothing() {
    for user in [json!({}), json!({ "email": "" })] {
        let mut claims = claims();
        claims["email"] = json!("");
        let run = back(&claims).event(json!({ "user": user })).on_continue::<OidcFactor>();
        assert_eq!(denied(&run), "factor_wrong_account");
    }
}

#[test]
fn any_claim_can_be_the_one_that_matches() {
    let settings = json!({ "match": { "claim": "oid", "pointer": "/user/app_metadata/oid" } });
    let mut claims = claims();
    claims["oid"] = json!(7);
    let host = returned(host_with(&settings)).exchange(discovery()).exchange(token(&id_token(&claims)));
    let event = |oid: Value| json!({ "user": { "app_metadata": { "oid": oid } } });
    for same in [json!(7), json!("7")] {
        assert!(host.clone().event(event(same)).on_continue::<OidcFactor>().recorded(FACTOR));
    }
    assert_eq!(denied(&host.event(event(json!(8))).on_continue::<OidcFactor>()), "factor_wrong_account");
}

#[test]
fn max_age_needs_an_authentication_that_is_recent() {
    let at = |auth_time: Value| {
        let mut claims = claims();
        claims["auth_time"] = auth_time;
        under(json!({ "max_age": 60 }), &claims)
    };
    // Counted from when the provider was asked, however long the browser took to come back.
    assert!(at(json!(NOW - ASKED - 90)).recorded(FACTOR));
    for late in [json!(NOW - ASKED - 91), json!(NOW + 31), json!(null), json!("x")] {
        assert_eq!(denied(&at(late)), "factor_not_proved");
    }
}

#[test]
fn acr_must_be_one_that_was_asked_for() {
    let said = |acr: Value| {
        let mut claims = claims();
        claims["acr"] = acr;
        under(json!({ "acr_values": ["phr", "phrh"] }), &claims)
    };
    assert!(said(json!("phrh")).recorded(FACTOR));
    for other in [json!("pwd"), json!("phr phrh"), json!(null), json!(["phr"])] {
        assert_eq!(denied(&said(other)), "factor_not_proved");
    }
}

#[test]
fn with_the_providers_keys_the_signature_must_verify() {
    let settings = json!({ "id_token_key": "provider" });
    let end = |text: &str| {
        returned(host_with(&settings)).exchange(discovery()).exchange(token(text)).on_continue::<OidcFactor>()
    };
    assert!(end(&signed("provider", &claims())).recorded(FACTOR));
    assert_eq!(denied(&end(&signed("another", &claims()))), "factor_not_proved");
    assert_eq!(denied(&end(&id_token(&claims()))), "factor_not_proved");
    let mut wrong = claims();
    wrong["iss"] = json!("https://evil.example");
    assert_eq!(denied(&end(&signed("provider", &wrong))), "factor_not_proved", "{ISSUER} alone");
}
