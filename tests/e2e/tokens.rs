//! Result tokens through the whole server: every profile and algorithm, and every token that must not count.

use postlude_testkit::{Alg, Postlude, claims_of};
use serde_json::{Value, json};
use url::Url;

#[tokio::test]
async fn every_profile_and_algorithm_completes_the_story() {
    for (alg, profile) in
        [(Alg::EdDsa, "postlude"), (Alg::Es256, "postlude"), (Alg::Hs256, "postlude"), (Alg::Hs256, "auth0")]
    {
        let postlude = Postlude::builder().tokens(alg, profile).start().await;
        let mut browser = postlude.browser("ana");
        assert_eq!(browser.login().await.outcome(), "redirect", "{alg:?} {profile}");
        let back = browser.complete().await;
        assert_eq!(back.outcome(), "continue", "{alg:?} {profile}: {}", back.text);
        assert_eq!(browser.login().await.outcome(), "continue", "{alg:?} {profile}");
    }
}

/// U10, U13, S02, S03: a token that is expired, or made for another user, audience, state or factor, proves nothing.
#[tokio::test]
async fn a_token_with_one_wrong_claim_records_nothing() {
    let postlude = Postlude::in_memory().await;
    let wrong: [(&str, Value); 12] = [
        ("sub", json!("ben")),
        ("iss", json!("http://localhost:4999")),
        ("aud", json!("http://localhost/acme#another")),
        ("state", json!("v1.another")),
        ("factor", json!("https://acme.example/other")),
        ("exp", json!(1)),
        ("iat", json!(4_000_000_000_u64)),
        ("verdict", json!("maybe")),
        ("verdict", Value::Null),
        ("jti", Value::Null),
        ("state", Value::Null),
        ("exp", Value::Null),
    ];
    for (claim, value) in wrong {
        let mut browser = postlude.browser("ana");
        browser.login().await;
        let answered = browser.answer(&json!({ claim: value })).await;
        assert_eq!(answered.outcome(), "deny", "{claim} = {value}: {}", answered.text);
        assert_eq!(answered.text_at("/code"), "factor_not_proved", "{claim} = {value}: {}", answered.text);
    }
}

/// U10, U11, S04, U05: a token with another key's signature, our own request token, and a cut token prove nothing.
#[tokio::test]
async fn a_strangers_signature_a_reflected_request_and_no_token_prove_nothing() {
    let postlude = Postlude::in_memory().await;
    for case in ["stranger", "reflected", "absent", "cut", "twice"] {
        let mut browser = postlude.browser("ana");
        browser.login().await;
        let url = Url::parse(browser.location()).unwrap();
        let request = url.query_pairs().find(|(name, _)| name == "request").unwrap().1.into_owned();
        let good = postlude.partner.result(browser.location(), &json!({}));
        let state = browser.state();
        let stranger = postlude.partner.stranger().result(browser.location(), &json!({}));
        let query: Vec<(&str, &str)> = match case {
            "stranger" => vec![("state", &state), ("postlude_result", &stranger)],
            "reflected" => vec![("state", &state), ("postlude_result", &request)],
            "absent" => vec![("state", &state)],
            "cut" => vec![("state", &state), ("postlude_result", &good[..good.len() - 4])],
            _ => vec![("state", &state), ("postlude_result", &good), ("postlude_result", &good)],
        };
        let sealed = postlude.come_back("GET", &query, &[]).await.sealed();
        let answered = browser.resume(&sealed).await;
        assert_eq!(
            (answered.outcome(), answered.text_at("/code")),
            ("deny", "factor_not_proved"),
            "{case}: {}",
            answered.text
        );
    }
}

/// U12: a result of an earlier login.
#[tokio::test]
async fn an_old_result_does_not_fit_a_later_login() {
    let postlude = Postlude::in_memory().await;
    let mut first = postlude.browser("ana");
    first.login().await;
    let old = postlude.partner.result(first.location(), &json!({}));
    let mut later = postlude.browser("ana");
    later.login().await;
    let sealed = later.bring(&old).await.sealed();
    assert_eq!(later.resume(&sealed).await.outcome(), "deny");
}

#[tokio::test]
async fn the_request_token_names_everything_that_a_prompt_site_needs() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let url = Url::parse(browser.location()).unwrap();
    let token = url.query_pairs().find(|(name, _)| name == "request").unwrap().1.into_owned();
    let claims = claims_of(&token);
    assert_eq!(claims["sub"], "ana");
    assert_eq!(claims["aud"], postlude.partner.issuer());
    assert_eq!(claims["iss"], format!("{}/acme", postlude.base));
    assert_eq!(claims["state"], browser.state());
    assert_eq!(claims["continue_url"], format!("{}/acme/continue", postlude.base));
    assert_eq!(claims["factor"], postlude_testkit::FACTOR);
    let jwks = postlude.client.get(format!("{}/acme/.well-known/jwks.json", postlude.base)).send().await.unwrap();
    assert_eq!(jwks.headers()["content-type"], "application/jwk-set+json");
    let keys: Value = serde_json::from_str(&jwks.text().await.unwrap()).unwrap();
    assert!(keys["keys"].as_array().unwrap().iter().all(|key| key.get("d").is_none()), "no private key: {keys}");
}
