//! Each version is asked for once, and only an acceptance of that very version counts.

use postlude_sdk::testing::{Command, FakeHost};
use postlude_sdk::{Decision, Failure, TokenError, Value, json};
use terms::Terms;

fn host(accepted: Value) -> FakeHost {
    FakeHost::new()
        .manifest(include_str!("../manifest.json"))
        .settings(json!({ "prompt_url": "https://prompt.example/terms", "version": "2026-11" }))
        .event(json!({ "user": { "app_metadata": { "terms": accepted, "plan": "gold" } } }))
}

#[test]
fn who_has_not_accepted_this_version_is_asked_in_every_mode() {
    for accepted in [
        json!(null),
        json!({}),
        json!({ "version": "2026-10", "accepted_at": 1 }),
        json!({ "version": 2026 }),
        json!("2026-11"),
        json!(["2026-11"]),
    ] {
        for mode in ["interactive", "silent", "refresh", "password"] {
            let run = host(accepted.clone()).mode(mode).on_login::<Terms>();
            let redirect = run.redirect().unwrap();
            assert_eq!((redirect.url.as_str(), &redirect.factor), ("https://prompt.example/terms", &None));
            let token = redirect.token.as_ref().unwrap();
            assert_eq!((token.parameter.as_str(), token.key.as_str()), ("request", "partner"));
            assert_eq!((token.ttl_seconds, &token.claims["terms_version"]), (900, &json!("2026-11")));
            assert!(run.commands.is_empty());
        }
    }
    let no_metadata = host(json!(null)).event(json!({ "user": {} })).on_login::<Terms>();
    assert!(no_metadata.redirect().is_some());
}

#[test]
fn who_has_accepted_it_is_not() {
    let run = host(json!({ "version": "2026-11", "accepted_at": 1 })).on_login::<Terms>();
    assert_eq!((run.decision, run.commands.len()), (Ok(Decision::Continue), 0));
}

#[test]
fn an_acceptance_is_stored_with_version_and_time() {
    let result = json!({ "verdict": "ok", "terms_version": "2026-11" });
    let run = host(json!(null)).now(42_000).result(result).on_continue::<Terms>();
    assert_eq!(run.decision, Ok(Decision::Continue));
    let value = Some(json!({ "version": "2026-11", "accepted_at": 42_000 }));
    assert_eq!(run.commands, [Command::SetAppMetadata { key: "terms".to_owned(), value }]);
}

#[test]
fn an_acceptance_of_another_version_is_none() {
    for version in [json!("2026-10"), json!(null), json!(202_611)] {
        let result = json!({ "verdict": "ok", "terms_version": version });
        let run = host(json!(null)).result(result).on_continue::<Terms>();
        assert!(run.decision.is_err() && run.commands.is_empty());
    }
    assert!(host(json!(null)).verdict("ok").on_continue::<Terms>().decision.is_err());
}

#[test]
fn whoever_declines_or_proves_nothing_is_denied() {
    let declined = host(json!(null)).verdict("refused").on_continue::<Terms>();
    assert_eq!((declined.denial().unwrap().code.as_str(), declined.commands.len()), ("terms_declined", 0));
    for why in [TokenError::Missing, TokenError::Invalid("aud".to_owned())] {
        let run = host(json!(null)).result_error(why).on_continue::<Terms>();
        assert_eq!((run.denial().unwrap().code.as_str(), run.log.len()), ("terms_not_accepted", 1));
    }
    let error = host(json!(null)).verdict("error").on_continue::<Terms>();
    assert!(matches!(error.decision, Err(Failure::Unavailable(_))));
    assert!(host(json!(null)).verdict("perhaps").on_continue::<Terms>().decision.is_err());
}
