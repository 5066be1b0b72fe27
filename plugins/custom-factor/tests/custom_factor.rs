//! The factor is recorded after a proved result, and never otherwise.

use custom_factor::CustomFactor;
use postlude_sdk::testing::{Command, FakeHost};
use postlude_sdk::{Decision, Failure, TokenError, Value, json};

const FACE: &str = "https://acme.example/face";
const CLAIM: &str = "https://acme.example/face_at";

fn settings(profile: &str) -> Value {
    json!({ "prompt_url": "https://face.example/prompt", "factor": FACE, "profile": profile, "claim": CLAIM })
}

fn host(profile: &str) -> FakeHost {
    FakeHost::new().manifest(include_str!("../manifest.json")).settings(settings(profile)).asked_for(FACE)
}

#[test]
fn a_login_goes_to_the_prompt_site_with_a_request_token() {
    for mode in ["interactive", "silent", "refresh", "password"] {
        let run = host("postlude").mode(mode).on_login::<CustomFactor>();
        let redirect = run.redirect().unwrap();
        assert_eq!(redirect.url, "https://face.example/prompt");
        assert_eq!(redirect.factor.as_deref(), Some(FACE));
        let token = redirect.token.as_ref().unwrap();
        assert_eq!((token.parameter.as_str(), token.key.as_str(), token.ttl_seconds), ("request", "partner", 600));
        assert!(run.commands.is_empty());
    }
}

#[test]
fn a_verdict_ok_records_the_factor_and_sets_the_claim() {
    let run = host("postlude").verdict("ok").now(42_000).on_continue::<CustomFactor>();
    assert_eq!(run.decision, Ok(Decision::Continue));
    let record = Command::RecordFactor { name: FACE.to_owned(), evidence: Some(json!({ "jti": "result-1" })) };
    assert_eq!(run.commands.first(), Some(&record));
    assert_eq!(run.id_token_claim(CLAIM), Some(&json!(42_000)));
}

#[test]
fn without_the_setting_there_is_no_claim() {
    let mut settings = settings("postlude");
    settings.as_object_mut().unwrap().remove("claim");
    let run = host("postlude").settings(settings).verdict("ok").on_continue::<CustomFactor>();
    assert_eq!(run.decision, Ok(Decision::Continue));
    assert_eq!(run.commands.len(), 1);
}

#[test]
fn a_verdict_refused_denies() {
    for profile in ["postlude", "auth0"] {
        let run = host(profile).verdict("refused").on_continue::<CustomFactor>();
        assert_eq!(run.denial().unwrap().code, "factor_refused");
        assert!(run.commands.is_empty());
    }
}

#[test]
fn a_verdict_error_is_a_failure_and_so_is_an_unknown_one() {
    for profile in ["postlude", "auth0"] {
        let run = host(profile).verdict("error").on_continue::<CustomFactor>();
        assert!(matches!(run.decision, Err(Failure::Unavailable(_))));
        let run = host(profile).verdict("maybe").on_continue::<CustomFactor>();
        assert!(matches!(run.decision, Err(Failure::Other(_))));
        let run = host(profile).result(json!({ "verdict": true })).on_continue::<CustomFactor>();
        assert!(run.decision.is_err() && !run.recorded(FACE));
    }
}

#[test]
fn a_reply_without_proof_denies_and_says_why_in_the_log() {
    for why in [TokenError::Missing, TokenError::Invalid("exp".to_owned()), TokenError::UnknownKey] {
        let run = host("postlude").result_error(why).on_continue::<CustomFactor>();
        assert_eq!(run.denial().unwrap().code, "factor_not_proved");
        assert_eq!((run.commands.len(), run.log.len()), (0, 1));
    }
}

#[test]
fn in_profile_auth0_a_verified_token_is_enough() {
    let run = host("auth0").result(json!({ "sub": "u1" })).on_continue::<CustomFactor>();
    assert_eq!(run.decision, Ok(Decision::Continue));
    assert!(run.recorded(FACE));
    let run = host("postlude").result(json!({ "sub": "u1" })).on_continue::<CustomFactor>();
    assert!(run.decision.is_err() && !run.recorded(FACE));
}

#[test]
fn a_reply_to_another_prompt_records_nothing() {
    let run = host("postlude").asked_for("https://acme.example/voice").verdict("ok").on_continue::<CustomFactor>();
    assert!(run.decision.is_err() && !run.recorded(FACE));
}

#[test]
fn settings_of_another_shape_are_a_failure() {
    assert!(host("other").on_login::<CustomFactor>().decision.is_err());
}
