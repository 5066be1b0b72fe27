//! The vectors that all kits share.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests stop at what surprises them")]

use base64::prelude::{BASE64_URL_SAFE_NO_PAD as B64, Engine as _};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use postlude_prompt_site::{KeyPair, PromptKit, Refusal, SiteKey, Verdict};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../vectors.json")).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text `{name}` in {value}"))
}

fn kit(vectors: &Value, alg: &str) -> PromptKit {
    let of_site = &vectors["site_keys"][alg];
    let key = match alg {
        "EdDSA" => SiteKey::EdDsa(KeyPair { pem: text(of_site, "pem"), kid: text(of_site, "kid") }),
        "ES256" => SiteKey::Es256(KeyPair { pem: text(of_site, "pem"), kid: text(of_site, "kid") }),
        _ => SiteKey::Shared(text(vectors, "secret").as_bytes()),
    };
    PromptKit::new(text(vectors, "issuer"), text(vectors, "site"), &key).unwrap()
}

fn tenant_keys(vectors: &Value) -> JwkSet {
    serde_json::from_value(vectors["tenant_keys"].clone()).unwrap()
}

fn part(token: &str, number: usize) -> Value {
    serde_json::from_slice(&B64.decode(token.split('.').nth(number).unwrap()).unwrap()).unwrap()
}

#[test]
fn requests_are_verified_as_by_every_kit() {
    let vectors = vectors();
    let (keys, now) = (tenant_keys(&vectors), vectors["now"].as_u64().unwrap());
    let requests = vectors["requests"].as_array().unwrap();
    for alg in ["EdDSA", "ES256", "HS256"] {
        let bad = requests.iter().filter(|request| request["alg"] == alg && request.get("refused").is_some());
        assert!(bad.count() > 20, "{alg}");
    }
    for request in requests {
        let what = format!("{}: {}", text(request, "alg"), text(request, "name"));
        let verified = kit(&vectors, text(request, "alg")).verify(
            text(request, "token"),
            text(request, "state"),
            Some(&keys),
            now,
        );
        match (verified, request.get("claims"), request.get("refused")) {
            (Ok(verified), Some(claims), None) => assert_eq!(&Value::Object(verified.claims), claims, "{what}"),
            (Err(why), None, Some(code)) => assert_eq!(why.refusal.code(), code, "{what}: {why}"),
            (verified, ..) => panic!("{what}: {verified:?}"),
        }
    }
}

#[test]
fn results_are_signed_as_by_every_kit() {
    let vectors = vectors();
    let (keys, now) = (tenant_keys(&vectors), vectors["now"].as_u64().unwrap());
    let results = vectors["results"].as_array().unwrap();
    assert!(results.len() >= 12);
    for wanted in results {
        let alg = text(wanted, "alg");
        let kit = kit(&vectors, alg);
        let request = vectors["requests"].as_array().unwrap().iter();
        let request =
            request.filter(|one| one["alg"] == alg).find(|one| one["name"] == wanted["request"]).expect("the request");
        let verified = kit.verify(text(request, "token"), text(request, "state"), Some(&keys), now).unwrap();
        let verdict = match text(wanted, "verdict") {
            "ok" => Verdict::Ok,
            "refused" => Verdict::Refused,
            _ => Verdict::Error,
        };
        let token = kit.sign_as(&verified, verdict, text(&vectors, "jti"), now).unwrap();
        assert_eq!((part(&token, 0), part(&token, 1)), (wanted["header"].clone(), wanted["claims"].clone()));
        if alg != "HS256" {
            let jwk: Jwk = serde_json::from_value(vectors["site_keys"][alg]["jwk"].clone()).unwrap();
            let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let alg = if alg == "EdDSA" { jsonwebtoken::Algorithm::EdDSA } else { jsonwebtoken::Algorithm::ES256 };
            assert!(jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, alg).unwrap());
        }
        let action = text(wanted, "continue_url");
        assert_eq!(verified.form_action().as_str(), action);
        assert_eq!(verified.redirect_url(&token).as_str(), format!("{action}&postlude_result={token}"));
        assert_ne!(part(&kit.sign(&verified, verdict, now).unwrap(), 1)["jti"], vectors["jti"]);
    }
}

#[test]
fn an_unknown_key_says_so_and_bad_keys_are_refused_at_once() {
    let vectors = vectors();
    let good = vectors["requests"].as_array().unwrap().iter().find(|request| request["name"] == "good").unwrap();
    let kit = kit(&vectors, text(good, "alg"));
    let why = kit.verify(text(good, "token"), text(good, "state"), None, 1_800_000_000).unwrap_err();
    assert_eq!(why.refusal, Refusal::UnknownKey);
    assert!(PromptKit::new("i", "s", &SiteKey::Shared(b"short")).is_err());
    assert!(PromptKit::new("i", "s", &SiteKey::EdDsa(KeyPair { pem: "none", kid: "k" })).is_err());
}
