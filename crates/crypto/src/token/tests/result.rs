//! Result tokens: every claim compared, every trick of a header refused.

use super::*;
use postlude_model::json::Json;
use postlude_model::limits;
use postlude_model::token::Verdict;
use proptest::prelude::*;

const ALL: [&str; 4] = ["ed", "es", "hs", "a0"];
const POSTLUDE: [&str; 3] = ["ed", "es", "hs"];

fn verify(key: &str, token: &str) -> Result<VerifiedResult, TokenError> {
    keys().verify(key, token, &Case::new().context())
}

#[test]
fn a_good_token_gives_claims_and_verdict() {
    for (text, verdict) in [("ok", Verdict::Ok), ("refused", Verdict::Refused), ("error", Verdict::Error)] {
        let claims = with("verdict", json!(text));
        for key in POSTLUDE {
            let verified = verify(key, &token(key, &claims)).unwrap();
            assert_eq!(verified, VerifiedResult { claims: Json::from_value(&claims), verdict: Some(verdict) });
        }
    }
    assert_eq!(verify("a0", &token("a0", &claims())).unwrap().verdict, None);
}

#[test]
fn every_claim_of_profile_postlude_is_required_and_compared() {
    for key in POSTLUDE {
        for name in ["iss", "sub", "aud", "iat", "exp", "jti", "state", "factor", "verdict"] {
            assert_eq!(refusal(key, &token(key, &with(name, Value::Null))), format!("`{name}` is missing"));
        }
        for (name, value, check) in [
            ("iss", json!("https://partner.example/"), "`iss` is not the partner's"),
            ("sub", json!("auth0|2"), "`sub` is not the login's user"),
            ("sub", json!(1), "`sub` is not a text"),
            ("aud", json!("https://login.example/acme#other"), "`aud` is not this action's"),
            ("aud", json!("https://login.example/other#face"), "`aud` is not this action's"),
            ("aud", json!(["https://login.example/acme#face", "x"]), "`aud` is not this action's"),
            ("aud", json!([]), "`aud` is not this action's"),
            ("state", json!("v1.kid.other"), "`state` is not the resumed one"),
            ("factor", json!("https://a.example/voice"), "`factor` is not the one asked for"),
            ("jti", json!(""), "`jti` is empty"),
            ("verdict", json!("OK"), "`verdict` is not `ok`, `refused` or `error`"),
            ("verdict", json!(true), "`verdict` is not a text"),
        ] {
            assert_eq!(refusal(key, &token(key, &with(name, value))), check);
        }
        let listed = with("aud", json!(["https://login.example/acme#face"]));
        assert!(verify(key, &token(key, &listed)).is_ok());
    }
}

#[test]
fn a_factor_that_was_not_asked_for_is_refused() {
    let case = Case { factor: None, ..Case::new() };
    let check = |claims: &Value| keys().verify("ed", &token("ed", claims), &case.context());
    assert!(check(&with("factor", Value::Null)).is_ok());
    let error = TokenError::Invalid("`factor` is present, and none was asked for".to_owned());
    assert_eq!(check(&claims()), Err(error));
}

/// S12.
#[test]
fn dates_are_refused_at_their_edges() {
    let at = |iat: u64, exp: u64| {
        let mut claims = claims();
        (claims["iat"], claims["exp"]) = (json!(iat), json!(exp));
        refusal("ed", &token("ed", &claims))
    };
    let good = |check: String| check.starts_with("not refused as invalid: Ok");
    assert!(good(at(NOW - 60, NOW - 29)));
    assert_eq!(at(NOW - 60, NOW - 30), "`exp` is past");
    assert!(good(at(NOW + 30, NOW + 60)));
    assert_eq!(at(NOW + 31, NOW + 60), "`iat` is in the future");
    assert!(good(at(NOW, NOW + 900)));
    assert_eq!(at(NOW, NOW + 901), "`exp` is more than 900 s after `iat`");
    assert!(good(at(NOW, NOW)));
    assert_eq!(at(NOW, NOW - 1), "`exp` is before `iat`");
    let nbf = |nbf: u64| refusal("ed", &token("ed", &with("nbf", json!(nbf))));
    assert!(good(nbf(NOW + 30)));
    assert_eq!(nbf(NOW + 31), "`nbf` is in the future");
}

/// S10.
#[test]
fn dates_that_are_no_whole_seconds_are_refused() {
    for key in ALL {
        for name in ["iat", "exp", "nbf"] {
            for bad in ["1.5", "-1", "1e308", "1e9", "\"1800000000\"", "253402300800", "18446744073709551616", "null"] {
                let claims = with(name, json!("BAD")).to_string().replace("\"BAD\"", bad);
                let check = refusal(key, &sign(key, &header(key).to_string(), &claims));
                assert_eq!(check, format!("`{name}` is not a date in whole seconds"), "{bad}");
            }
        }
    }
}

#[test]
fn profile_auth0_requires_what_auth0_requires() {
    for name in ["iss", "sub", "iat", "exp", "state"] {
        assert_eq!(refusal("a0", &token("a0", &with(name, Value::Null))), format!("`{name}` is missing"));
    }
    assert_eq!(refusal("a0", &token("a0", &with("state", json!("x")))), "`state` is not the resumed one");
    assert_eq!(refusal("a0", &token("a0", &with("sub", json!("x")))), "`sub` is not the login's user");
    assert_eq!(refusal("a0", &token("a0", &with("exp", json!(NOW - 30)))), "`exp` is past");
    let bare = json!({"iss": "p", "sub": "auth0|1", "iat": NOW, "exp": NOW + 9000, "state": STATE});
    assert!(verify("a0", &token("a0", &bare)).is_ok());
    assert!(verify("a0", &sign("a0", r#"{"alg":"HS256"}"#, &bare.to_string())).is_ok());
}

/// S10, U10.
#[test]
fn a_header_cannot_choose_how_it_is_verified() {
    for key in ALL {
        for member in [
            r#""crit":["b64"]"#,
            r#""jku":"https://evil.example""#,
            r#""jwk":{}"#,
            r#""x5u":"https://evil.example""#,
            r#""x5c":[]"#,
            r#""b64":false"#,
            r#""zip":"DEF""#,
            r#""cty":"JWT""#,
            r#""KID":"x""#,
        ] {
            let header = header(key).to_string().replacen('{', &format!("{{{member},"), 1);
            let check = refusal(key, &sign(key, &header, &claims().to_string()));
            assert_eq!(check, "its header has a member besides `alg`, `typ` and `kid`", "{member}");
        }
    }
}

#[test]
fn the_algorithm_is_the_keys_own() {
    for key in ALL {
        let own = header(key)["alg"].as_str().unwrap().to_owned();
        for alg in ["none", "None", "", "HS256", "HS384", "RS256", "ES256", "EdDSA", "Ed25519", "eddsa", "hs256"] {
            if alg != own {
                let mut header = header(key);
                header["alg"] = json!(alg);
                let check = refusal(key, &sign(key, &header.to_string(), &claims().to_string()));
                assert_eq!(check, format!("`alg` is not {own}"));
            }
        }
        let bare = refusal(key, &sign(key, &format!(r#"{{"typ":"{RESULT_TYP}"}}"#), &claims().to_string()));
        assert_eq!(bare, "its header has no `alg`");
    }
    // HS256 with the public key's bytes, or its JWK, as the secret.
    for secret in [partner_ed().verifying_key().as_bytes().to_vec(), ed_jwk().to_string().into_bytes()] {
        let signed = format!("{}.{}", prim::encode(header("hs").to_string()), prim::encode(claims().to_string()));
        let forged = format!("{signed}.{}", prim::encode(prim::hmac(&secret, signed.as_bytes())));
        assert_eq!(refusal("ed", &forged), "`alg` is not EdDSA");
    }
    // `none` with an empty signature.
    let none = format!("{}.{}.", prim::encode(r#"{"alg":"none"}"#), prim::encode(claims().to_string()));
    assert_eq!(refusal("hs", &none), "it is not three non-empty parts");
}

#[test]
fn the_type_is_exact() {
    for key in POSTLUDE {
        for typ in ["prompt-request+jwt", "JWT", "application/prompt-result+jwt", "Prompt-Result+JWT", ""] {
            let mut header = header(key);
            header["typ"] = json!(typ);
            let check = refusal(key, &sign(key, &header.to_string(), &claims().to_string()));
            assert_eq!(check, "`typ` is not `prompt-result+jwt`");
        }
    }
    let typed = sign("a0", r#"{"alg":"HS256","typ":"at+jwt"}"#, &claims().to_string());
    assert_eq!(refusal("a0", &typed), "`typ` is not `JWT`");
    let number = sign("ed", r#"{"alg":"EdDSA","typ":1}"#, &claims().to_string());
    assert_eq!(refusal("ed", &number), "`typ` of its header is not a text");
}

/// S10.
#[test]
fn duplicates_are_refused_in_header_and_claims() {
    for key in ALL {
        let (header, claims) = (header(key).to_string(), claims().to_string());
        let twice = refusal(key, &sign(key, &header.replacen('{', r#"{"alg":"none","#, 1), &claims));
        assert!(twice.starts_with("its header is not acceptable: key `alg` occurs twice"), "{twice}");
        let twice = refusal(key, &sign(key, &header, &claims.replacen('{', r#"{"sub":"x","#, 1)));
        assert!(twice.starts_with("its claims are not acceptable: key `sub` occurs twice"), "{twice}");
        for bad in ["[]", "1", "null", "{", ""] {
            assert!(!refusal(key, &sign(key, &header, bad)).starts_with("not refused"), "{bad}");
        }
    }
}

#[test]
fn a_reflected_request_token_is_no_result() {
    let (case, keys) = (Case::new(), keys());
    for key in ALL {
        let request =
            TokenRequest { parameter: "t".to_owned(), key: key.to_owned(), claims: "{}".to_owned(), ttl_seconds: 60 };
        let token = keys.encode(&request, &case.context()).unwrap();
        for verifier in ALL {
            assert!(keys.verify(verifier, &token, &case.context()).is_err(), "{key} as {verifier}");
        }
    }
    // Even with the right type, the key of the other direction does not verify.
    let signed = format!("{}.{}", prim::encode(header("hs").to_string()), prim::encode(claims().to_string()));
    for secret in [prim::hkdf(SECRET, REQUEST_LABEL.as_bytes()).to_vec(), SECRET.to_vec()] {
        let forged = format!("{signed}.{}", prim::encode(prim::hmac(&secret, signed.as_bytes())));
        assert_eq!(refusal("hs", &forged), "its signature is wrong");
    }
}

/// S10.
#[test]
fn the_form_is_strict() {
    for key in ALL {
        let good = token(key, &claims());
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let (header, payload) = signed.split_once('.').unwrap();
        for bad in [
            String::new(),
            signed.to_owned(),
            format!("{signed}."),
            format!(".{payload}.{signature}"),
            format!("{header}..{signature}"),
            format!("{good}.{signature}"),
            format!("{good}="),
            format!("{header}=.{payload}.{signature}"),
            format!(" {good}"),
            format!("{good}\n"),
            format!("{signed}.{}", &signature[..signature.len() - 4]),
            format!("{signed}.{signature}AAAA"),
            format!("{signed}.{}", prim::encode([0; 64])),
            format!("{signed}.{}", prim::encode([0; 32])),
        ] {
            assert!(!refusal(key, &bad).starts_with("not refused"), "`{bad}`");
        }
        assert_eq!(refusal(key, &format!("{good}.{signature}")), "it is not three non-empty parts");
    }
}

/// S10.
#[test]
fn a_token_has_at_most_4096_bytes() {
    let sized = |n: usize| token("hs", &with("note", json!("x".repeat(n))));
    let largest = (2000..3100).rev().find(|n| sized(*n).len() <= limits::RESULT_TOKEN_BYTES).unwrap();
    assert!(verify("hs", &sized(largest)).is_ok());
    assert_eq!(refusal("hs", &sized(largest + 1)), "it has more than 4096 bytes");
}

#[test]
fn a_kid_names_a_key_and_is_required_of_several() {
    let second = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
    let mut other = ed_jwk();
    (other["kid"], other["x"]) = (json!("e2"), json!(prim::encode(second.verifying_key().as_bytes())));
    let set = json!({"keys": [ed_jwk(), other]}).to_string();
    let config = KeyConfig { verify: VerifyWith::Jwks(set), ..config("ed", KeyProfile::Postlude, Algorithm::EdDSA) };
    let (two, one, case) = (ActionKeys::new(vec![config], signer(1)).unwrap(), keys(), Case::new());
    let with_kid = |kid: Value| {
        let mut header = header("ed");
        header["kid"] = kid;
        sign("ed", &header.to_string(), &claims().to_string())
    };
    let without = sign("ed", &json!({"alg": "EdDSA", "typ": RESULT_TYP}).to_string(), &claims().to_string());
    let says = |keys: &ActionKeys, token: &str| keys.verify("ed", token, &case.context()).map(drop);
    let error = |check: &str| Err(TokenError::Invalid(check.to_owned()));
    assert_eq!(says(&two, &with_kid(json!("e1"))), Ok(()));
    assert_eq!(says(&two, &with_kid(json!("e2"))), error("its signature is wrong"));
    assert_eq!(says(&two, &with_kid(json!("e3"))), error("`kid` names none of the partner's keys"));
    assert_eq!(says(&two, &without), error("`kid` is missing, and the partner has several keys"));
    assert_eq!(says(&one, &without), Ok(()));
    assert_eq!(says(&one, &with_kid(json!("e3"))), error("`kid` names none of the partner's keys"));
}

#[test]
fn another_partners_signature_and_an_unknown_key_are_refused() {
    let keys = ActionKeys::new(vec![config("es", KeyProfile::Postlude, Algorithm::ES256)], signer(1)).unwrap();
    let case = Case::new();
    assert_eq!(keys.verify("ed", &token("ed", &claims()), &case.context()), Err(TokenError::UnknownKey));
    let own = signer(1).sign(Algorithm::ES256, b"x").unwrap();
    let (signed, _) = token("es", &claims()).rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(refusal("es", &format!("{signed}.{}", prim::encode(own))), "its signature is wrong");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_changed_character_is_refused(at in 0_usize..600, to in "[A-Za-z0-9_.=-]", key in 0_usize..4) {
        let key = ALL[key];
        let good = token(key, &claims());
        let at = at % good.len();
        let changed = format!("{}{to}{}", &good[..at], &good[at + 1..]);
        prop_assert_eq!(verify(key, &changed).is_ok(), changed == good);
    }

    #[test]
    fn any_text_is_refused(text in ".{0,200}") {
        prop_assert!(verify("hs", &text).is_err());
    }
}
