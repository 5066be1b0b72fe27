//! Request tokens: exact claims, reserved names, lifetimes, determinism.

use super::*;

fn request(key: &str, claims: &str, ttl_seconds: u32) -> TokenRequest {
    TokenRequest { parameter: "token".to_owned(), key: key.to_owned(), claims: claims.to_owned(), ttl_seconds }
}

fn encode(key: &str, claims: &str, ttl: u32) -> Result<String, TokenError> {
    keys().encode(&request(key, claims, ttl), &Case::new().context())
}

/// Checks a request token as the partner does: with the published JWK set only.
fn partner_verifies(token: &str, alg: Algorithm) -> bool {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let set = super::super::jwks::parse(signer(1).jwks().as_str(), alg).unwrap();
    let kid = parts(token).0["kid"].as_str().map(str::to_owned);
    let (_, key) = set.iter().find(|(name, _)| *name == kid).unwrap();
    key.verifies(signed.as_bytes(), &prim::decode(signature).unwrap())
}

#[test]
fn a_request_token_has_these_claims_and_verifies_with_the_published_set() {
    let expected = json!({
        "iss": ISSUER, "sub": "auth0|1", "aud": PARTNER, "iat": NOW, "exp": NOW + 900, "jti": "run_1.0",
        "state": STATE, "factor": "https://a.example/face", "continue_url": "https://login.example/acme/continue",
        "action": "https://login.example/acme#face", "level": 2,
    });
    for (key, alg) in [("ed", Algorithm::EdDSA), ("es", Algorithm::ES256)] {
        let token = encode(key, r#"{"level":2}"#, 900).unwrap();
        let (header, claims) = parts(&token);
        assert_eq!(claims, expected);
        assert_eq!(header, json!({"alg": alg.as_str(), "kid": signer(1).kid(alg).unwrap(), "typ": REQUEST_TYP}));
        assert!(partner_verifies(&token, alg));
    }
}

#[test]
fn an_hs256_request_token_is_made_with_its_directions_key() {
    let token = encode("hs", "{}", 60).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let key = prim::hkdf(SECRET, b"postlude prompt-request");
    assert_eq!(prim::decode(signature).unwrap(), prim::hmac(&key, signed.as_bytes()));
    assert_eq!(parts(&token).0, json!({"alg": "HS256", "typ": REQUEST_TYP}));
}

#[test]
fn a_request_token_has_this_text_under_a_fixed_root_key() {
    let text = |key| {
        let token = encode(key, "{}", 60).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let plain = |part| String::from_utf8(prim::decode(part).unwrap()).unwrap();
        (plain(header), plain(claims), signature.to_owned())
    };
    let claims = r##"{"action":"https://login.example/acme#face","aud":"https://partner.example","continue_url":"https://login.example/acme/continue","exp":1800000060,"factor":"https://a.example/face","iat":1800000000,"iss":"https://login.example/acme","jti":"run_1.0","state":"v1.kid.state","sub":"auth0|1"}"##;
    let (header, payload, signature) = text("ed");
    assert_eq!(
        header,
        r#"{"alg":"EdDSA","kid":"jqi7DglXbVCnTjOLEo8gV-UiBQgyahEJVYnnDQVAbZg","typ":"prompt-request+jwt"}"#
    );
    assert_eq!(payload, claims);
    assert_eq!(signature, "cchKAuKLtU4H1L5H3xB9fEUeMR1RhDfA0dEyR1IS7kad4ClrVS2TOWziWgjYlAYfAotycpFsYHGodXgIDhD5Dg");
    let (header, payload, signature) = text("es");
    assert_eq!(
        header,
        r#"{"alg":"ES256","kid":"oSoMP5Qw9pY42u0UBcUrkn7HFG0_lcO9vU6OxtnJp4M","typ":"prompt-request+jwt"}"#
    );
    assert_eq!(payload, claims);
    assert_eq!(signature, "lwHDoqROSCu2_iWAwhDc9w66vc_nzcdQbyL0jE5JJRtVhS6afox_wdgtXEy0BK_JhHNYtWAGADYghsPwLlgvZg");
}

#[test]
fn the_same_request_gives_the_same_token_and_another_root_key_another() {
    for key in ["ed", "es", "hs", "a0"] {
        assert_eq!(encode(key, r#"{"b":1,"a":2}"#, 60), encode(key, r#"{ "a":2, "b":1 }"#, 60));
    }
    let other = ActionKeys::new(vec![config("ed", KeyProfile::Postlude, Algorithm::EdDSA)], signer(2)).unwrap();
    assert_ne!(other.encode(&request("ed", "{}", 60), &Case::new().context()), encode("ed", "{}", 60));
}

#[test]
fn without_a_factor_there_is_no_claim() {
    let case = Case { factor: None, ..Case::new() };
    let token = keys().encode(&request("ed", "{}", 60), &case.context()).unwrap();
    assert!(parts(&token).1.get("factor").is_none());
}

#[test]
fn claims_that_only_the_host_sets_are_refused() {
    let reserved =
        ["iss", "sub", "aud", "iat", "exp", "nbf", "jti", "state", "factor", "continue_url", "action", "verdict"];
    for name in reserved {
        let error = TokenError::InvalidClaims(format!("only the host sets `{name}`"));
        assert_eq!(encode("ed", &json!({ name: 1 }).to_string(), 60), Err(error));
    }
}

#[test]
fn claims_that_are_no_object_are_refused() {
    let long = json!({"a": "x".repeat(4096)}).to_string();
    for claims in ["", "1", "[]", "null", "{", r#"{"a":1,"a":2}"#, &long] {
        for key in ["ed", "a0"] {
            assert!(matches!(encode(key, claims, 60), Err(TokenError::InvalidClaims(_))), "{claims}");
        }
    }
    let edge = format!("{{\"a\":\"{}\"}}", "x".repeat(4096 - 8));
    assert!(edge.len() == 4096 && encode("ed", &edge, 60).is_ok());
}

#[test]
fn a_lifetime_is_1_to_900_seconds() {
    for key in ["ed", "a0"] {
        for (ttl, good) in [(0, false), (1, true), (900, true), (901, false), (u32::MAX, false)] {
            assert_eq!(encode(key, "{}", ttl).is_ok(), good, "{ttl}");
        }
    }
}

#[test]
fn an_unknown_key_makes_no_token() {
    assert_eq!(encode("nope", "{}", 60), Err(TokenError::UnknownKey));
}

#[test]
fn an_auth0_token_is_as_auth0_makes_it() {
    let token = encode("a0", r#"{"a":1}"#, 60).unwrap();
    let (header, claims) = parts(&token);
    assert_eq!(header, json!({"alg": "HS256", "typ": "JWT"}));
    assert_eq!(claims, json!({"iss": "login.example", "sub": "auth0|1", "iat": NOW, "exp": NOW + 60, "a": 1}));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    assert_eq!(prim::decode(signature).unwrap(), prim::hmac(SECRET, signed.as_bytes()));
    let overriding = parts(&encode("a0", r#"{"sub":"x","iss":"y"}"#, 60).unwrap()).1;
    assert_eq!((&overriding["sub"], &overriding["iss"]), (&json!("x"), &json!("y")));
    assert!(matches!(encode("a0", r#"{"state":"x"}"#, 60), Err(TokenError::InvalidClaims(_))));
}
