//! Who is let in, and who is not.

use email_domain::EmailDomain;
use postlude_sdk::testing::{FakeHost, Run};
use postlude_sdk::{Decision, Value, json};

fn host(event: Value, settings: Value) -> FakeHost {
    FakeHost::new().manifest(include_str!("../manifest.json")).event(event).settings(settings)
}

fn login(email: &str) -> Run {
    let event = json!({ "user": { "email": email, "email_verified": true, "name": "Ana" } });
    host(event, json!({ "domains": ["acme.example", "xn--mller-kva.example"] })).on_login::<EmailDomain>()
}

fn code(run: &Run) -> &str {
    run.denial().map_or("not denied", |denial| &denial.code)
}

#[test]
fn a_listed_domain_is_let_in_in_any_case_of_letters() {
    for email in ["ana@acme.example", "ana@ACME.Example", "\"a@b\"@acme.example", "ana@xn--Mller-kva.example"] {
        assert_eq!(login(email).decision, Ok(Decision::Continue), "{email}");
    }
}

#[test]
fn any_other_domain_is_refused() {
    let others = [
        "ana@evil.example",
        "ana@acme.example.evil.example",
        "ana@sub.acme.example",
        "ana@notacme.example",
        "ana@acme.example@evil.example",
        "ana@acme.example.",
        "ana@acme.example ",
        "ana@\u{212a}cme.example",
        "ana@m\u{fc}ller.example",
        "ana@\u{430}cme.example",
    ];
    for email in others {
        assert_eq!(code(&login(email)), "email_domain_refused", "{email}");
    }
}

#[test]
fn a_missing_or_broken_address_is_refused() {
    for email in ["", "ana", "@acme.example", "ana@"] {
        assert_eq!(code(&login(email)), "email_missing", "{email}");
    }
    let run = host(json!({}), json!({ "domains": ["acme.example"] })).on_login::<EmailDomain>();
    assert_eq!(code(&run), "email_missing");
}

#[test]
fn an_address_that_is_not_verified_is_refused_unless_the_operator_says_otherwise() {
    for user in [json!({ "email": "a@acme.example", "email_verified": false }), json!({ "email": "a@acme.example" })] {
        let event = json!({ "user": user });
        let run = host(event.clone(), json!({ "domains": ["acme.example"] })).on_login::<EmailDomain>();
        assert_eq!(code(&run), "email_not_verified");
        let settings = json!({ "domains": ["acme.example"], "require_verified": false });
        assert_eq!(host(event, settings).on_login::<EmailDomain>().decision, Ok(Decision::Continue));
    }
}

#[test]
fn the_operator_words_the_refusal() {
    let settings = json!({ "domains": ["acme.example"], "deny_message": "Staff only." });
    let run =
        host(json!({ "user": { "email": "a@b.example", "email_verified": true } }), settings).on_login::<EmailDomain>();
    assert_eq!(run.denial().unwrap().message, "Staff only.");
}

#[test]
fn an_event_of_another_shape_is_a_failure() {
    let settings = json!({ "domains": ["acme.example"] });
    for user in [json!({ "email": 1 }), json!({ "email": "a@acme.example", "email_verified": "yes" })] {
        assert!(host(json!({ "user": user }), settings.clone()).on_login::<EmailDomain>().decision.is_err());
    }
}

#[test]
fn it_does_not_redirect_and_has_no_reply() {
    assert!(host(json!({}), json!({ "domains": ["a.example"] })).on_continue::<EmailDomain>().decision.is_err());
}
