//! When a factor may be recorded: P38, as a table of profiles, proofs and grants.

use crate::support::{FACE, continued, face, input, json, logged, replied, run, tokenless, with};
use postlude_model::decision::Command;
use postlude_model::names::FactorName;
use postlude_model::run::{Proof, RunInput};
use postlude_model::token::{Profile, Verdict};

fn record(name: &str) -> String {
    format!(
        "(call $session.record-factor «{name}» (i32.const 0) (i32.const 0) (i32.const 0) (global.get $out))
         (call $outcome (global.get $out))"
    )
}

async fn answer(input: RunInput) -> String {
    logged(&record(FACE), input).await.remove(0)
}

fn external(input: RunInput, granted: bool) -> RunInput {
    with(input, |action| {
        action.spec.result.profile = Profile::External;
        action.spec.factors[0].external = granted;
    })
}

fn profile(input: RunInput, profile: Profile) -> RunInput {
    with(input, |action| action.spec.result.profile = profile)
}

fn token(verdict: Verdict, factor: Option<FactorName>) -> Proof {
    Proof::Token { factor, verdict }
}

const NOT_DECLARED: &str = "error 1";
const NOT_IN_ON_LOGIN: &str = "error 2";
const NOT_PROVED: &str = "error 3";

/// P38.
#[tokio::test]
async fn on_login_needs_the_grant_silent() {
    assert_eq!(answer(input()).await, NOT_IN_ON_LOGIN);
    assert_eq!(answer(with(input(), |action| action.spec.factors[0].silent = true)).await, "ok");
    // A reply given by mistake proves nothing in `on-login`.
    assert_eq!(answer(RunInput { reply: continued().reply, ..input() }).await, NOT_IN_ON_LOGIN);
}

/// P38.
#[tokio::test]
async fn an_undeclared_factor_is_never_recorded() {
    for other in ["https://acme.example/other", "https://acme.example/fac"] {
        let lines = logged(&record(other), continued()).await;
        assert_eq!(
            (lines.len(), lines[1].as_str()),
            (2, NOT_DECLARED),
            "the host's own line, then the answer: {lines:?}"
        );
    }
}

/// P38.
#[tokio::test]
async fn a_token_must_be_ok_and_name_the_factor() {
    let proof = |proof| replied(continued(), |reply| reply.proof = proof);
    let other = FactorName::new("https://acme.example/other").unwrap();
    assert_eq!(answer(continued()).await, "ok");
    for refused in [
        proof(token(Verdict::Refused, Some(face()))),
        proof(token(Verdict::Error, Some(face()))),
        proof(token(Verdict::Ok, Some(other.clone()))),
        proof(token(Verdict::Ok, None)),
        proof(Proof::Nothing),
        proof(Proof::Judged),
        replied(continued(), |reply| reply.asked_for = Some(other)),
        replied(continued(), tokenless),
        RunInput { reply: None, ..continued() },
    ] {
        assert_eq!(answer(refused).await, NOT_PROVED);
    }
}

#[tokio::test]
async fn a_judged_reply_counts_for_what_was_asked() {
    let auth0 = |change: fn(&mut postlude_model::run::Reply)| {
        profile(replied(replied(continued(), |reply| reply.proof = Proof::Judged), change), Profile::Auth0)
    };
    assert_eq!(answer(auth0(|_| ())).await, "ok");
    assert_eq!(answer(auth0(|reply| reply.asked_for = None)).await, "ok");
    assert_eq!(answer(auth0(|reply| reply.asked_for = FactorName::new("https://other").ok())).await, NOT_PROVED);
    assert_eq!(answer(auth0(|reply| reply.proof = Proof::Nothing)).await, NOT_PROVED);
    assert_eq!(answer(profile(continued(), Profile::Auth0)).await, NOT_PROVED);
}

#[tokio::test]
async fn the_own_word_needs_the_grant_external() {
    let unproved = || replied(continued(), tokenless);
    assert_eq!(answer(external(unproved(), true)).await, "ok");
    assert_eq!(answer(external(unproved(), false)).await, NOT_PROVED);
    assert_eq!(answer(profile(continued(), Profile::None)).await, NOT_PROVED);
    let granted = with(continued(), |action| {
        action.spec.result.profile = Profile::None;
        action.spec.factors[0].external = true;
    });
    assert_eq!(answer(granted).await, NOT_PROVED);
}

#[tokio::test]
async fn evidence_is_an_object_of_limited_size() {
    let text = |evidence: &str| {
        let evidence = evidence.replace('"', "\\22");
        format!(
            "(func (export \"on-continue\") (result i32)
              (call $session.record-factor «{FACE}» (i32.const 1) «{evidence}» (global.get $out))
              (call $outcome (global.get $out)) (call $continue))"
        )
    };
    let exact = format!(r#"{{"a":"{}"}}"#, "x".repeat(2048 - 8));
    for (evidence, answer) in [
        (r#"{"b": 1, "a": 2}"#.to_owned(), "ok"),
        (exact.clone(), "ok"),
        (exact.replace("xx", "xxx"), "error 4"),
        ("[]".to_owned(), "error 4"),
        ("{".to_owned(), "error 4"),
    ] {
        let report = run(&text(&evidence), continued()).await;
        assert_eq!(report.log.lines[0].message, answer, "{evidence}");
        assert_eq!(report.commands.len(), usize::from(answer == "ok"));
    }
    let report = run(&text(r#"{"b": 1, "a": 2}"#), continued()).await;
    let expected = Command::RecordFactor { name: face(), evidence: Some(json(r#"{"a":2,"b":1}"#)) };
    assert_eq!(report.commands, [expected]);
}
