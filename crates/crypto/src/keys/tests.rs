//! The RFCs' own examples, another implementation's opinion, and whatever must not verify. All keys are published ones.

use super::*;
use crate::token::Algorithm::{ES256, EdDSA, HS256, HS384, HS512, RS256};
use jsonwebtoken as other;
use serde_json::json;

/// The payload of RFC 7515, appendix A, with its line ends.
const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const CLAIMS: &str = r#"{"exp":1300819380,"http://example.com/is_root":true,"iss":"joe"}"#;
const RSA_JWK: &str = include_str!("vectors/rsa.jwk.json");
const RSA_PEM: &str = include_str!("vectors/rsa.pkcs8.pem");
const P256_PEM: &str = include_str!("vectors/p256.pkcs8.pem");
const ED25519_PEM: &str = include_str!("vectors/ed25519.pkcs8.pem");
const RSA_SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5\
    jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383\
    LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig\
    cN_IoypGlUPQGe77Rw";

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

fn public_rsa() -> Value {
    let jwk: Value = serde_json::from_str(RSA_JWK).unwrap();
    json!({ "kty": "RSA", "n": jwk["n"], "e": jwk["e"] })
}

fn public_p256() -> Value {
    json!({ "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" })
}

fn public_ed25519() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })
}

fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn with(mut jwk: Value, members: Value) -> Value {
    jwk.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    jwk
}

fn invalid(outcome: Result<Json, KeyError>) -> String {
    match outcome {
        Err(KeyError::Invalid(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_examples_of_rfc_7515_appendix_a_verify() {
    let secret =
        prim::decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow").unwrap();
    let hs256 =
        format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let rs256 = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}.{RSA_SIGNATURE}");
    let es256 = format!(
        "eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    for (key, token) in [
        (OwnKey::secret(HS256, &secret), &hs256),
        (OwnKey::public(RS256, &set(&[public_rsa()])), &rs256),
        (OwnKey::private(RS256, RSA_JWK), &rs256),
        (OwnKey::public(ES256, &set(&[public_p256()])), &es256),
        (OwnKey::private(ES256, P256_PEM), &es256),
    ] {
        let key = key.unwrap();
        assert_eq!(key.verify(token), Ok(json(CLAIMS)), "{key:?}");
        for at in [token.len() - 1, token.len() / 2, 3] {
            let mut bent = token.clone().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            assert!(key.verify(&String::from_utf8(bent).unwrap()).is_err(), "{key:?}, byte {at}");
        }
    }
    // The examples' signatures of the same bytes, made here: RSASSA-PKCS1-v1_5 and HMAC have one only.
    let unsigned = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}");
    let made = PrivateKey::read(RS256, RSA_PEM).unwrap().sign(unsigned.as_bytes()).unwrap();
    assert_eq!(prim::encode(made), RSA_SIGNATURE);
}

#[test]
fn every_form_of_a_private_key_signs_alike() {
    let p256_jwk = with(public_p256(), json!({ "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI" })).to_string();
    let ed_jwk = with(public_ed25519(), json!({ "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A" })).to_string();
    for (alg, forms) in [
        (RS256, [RSA_PEM, include_str!("vectors/rsa.pkcs1.pem"), RSA_JWK]),
        (ES256, [P256_PEM, include_str!("vectors/p256.sec1.pem"), &p256_jwk]),
        (EdDSA, [ED25519_PEM, ED25519_PEM, &ed_jwk]),
    ] {
        let sign = |form: &str| OwnKey::private(alg, form).unwrap().sign(&json("{}"), &json(CLAIMS)).unwrap();
        assert_eq!(sign(forms[0]), sign(forms[1]), "{alg}");
        assert_eq!(sign(forms[0]), sign(forms[2]), "{alg}");
        assert_eq!(sign(forms[0]), sign(forms[0]), "a retry gives the same token");
    }
}

/// Another implementation verifies what we sign, and we what it signs.
#[test]
fn another_implementation_agrees() {
    let secret = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let pem = |text: &'static str| text.as_bytes();
    let public = [
        pem(include_str!("vectors/rsa.pub.pem")),
        pem(include_str!("vectors/p256.pub.pem")),
        pem(include_str!("vectors/ed25519.pub.pem")),
    ];
    let shared = || (other::EncodingKey::from_secret(secret), other::DecodingKey::from_secret(secret));
    let rsa =
        (other::EncodingKey::from_rsa_pem(pem(RSA_PEM)).unwrap(), other::DecodingKey::from_rsa_pem(public[0]).unwrap());
    let p256 =
        (other::EncodingKey::from_ec_pem(pem(P256_PEM)).unwrap(), other::DecodingKey::from_ec_pem(public[1]).unwrap());
    let ed = (
        other::EncodingKey::from_ed_pem(pem(ED25519_PEM)).unwrap(),
        other::DecodingKey::from_ed_pem(public[2]).unwrap(),
    );
    let cases = [
        (OwnKey::secret(HS256, secret), other::Algorithm::HS256, shared()),
        (OwnKey::secret(HS384, secret), other::Algorithm::HS384, shared()),
        (OwnKey::secret(HS512, secret), other::Algorithm::HS512, shared()),
        (OwnKey::private(RS256, RSA_PEM), other::Algorithm::RS256, rsa),
        (OwnKey::private(ES256, P256_PEM), other::Algorithm::ES256, p256),
        (OwnKey::private(EdDSA, ED25519_PEM), other::Algorithm::EdDSA, ed),
    ];
    for (ours, alg, (signs, verifies)) in cases {
        let ours = ours.unwrap();
        let token = ours.sign(&json(r#"{"kid":"k","typ":"at+jwt"}"#), &json(CLAIMS)).unwrap();
        let mut rules = other::Validation::new(alg);
        (rules.validate_exp, rules.required_spec_claims) = (false, Default::default());
        let read = other::decode::<Value>(&token, &verifies, &rules).unwrap();
        assert_eq!(Json::from_value(&read.claims), json(CLAIMS), "{alg:?}");
        assert_eq!((read.header.kid.as_deref(), read.header.typ.as_deref()), (Some("k"), Some("at+jwt")));
        let theirs = other::encode(&other::Header::new(alg), &json(CLAIMS).to_value(), &signs).unwrap();
        assert_eq!(ours.verify(&theirs), Ok(json(CLAIMS)), "{alg:?}");
    }
}

/// A token with this header and the right signature over it.
fn with_header(header: &Value) -> String {
    let key = PrivateKey::read(RS256, RSA_PEM).unwrap();
    let unsigned = format!("{}.{PAYLOAD}", prim::encode(header.to_string()));
    let signature = key.sign(unsigned.as_bytes()).unwrap();
    format!("{unsigned}.{}", prim::encode(signature))
}

#[test]
fn nothing_in_a_header_chooses_how_it_is_verified() {
    let key = OwnKey::public(RS256, &set(&[public_rsa()])).unwrap();
    assert!(key.verify(&with_header(&json!({ "alg": "RS256", "x5t": "x", "cty": "y", "other": [1] }))).is_ok());
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "rs256" }),
        json!({ "alg": "PS256" }),
        json!({ "alg": ["RS256"] }),
        json!({ "typ": "JWT" }),
        json!({ "alg": "RS256", "crit": ["exp"], "exp": 1 }),
        json!({ "alg": "RS256", "crit": [] }),
        json!({ "alg": "RS256", "b64": false }),
        json!({ "alg": "RS256", "b64": true }),
        json!({ "alg": "RS256", "jku": "https://evil.example/jwks" }),
        json!({ "alg": "RS256", "jwk": public_rsa() }),
        json!({ "alg": "RS256", "x5u": "https://evil.example/x5c" }),
        json!({ "alg": "RS256", "x5c": ["AAAA"] }),
        json!({ "alg": "RS256", "zip": "DEF" }),
        json!({ "alg": "RS256", "enc": "A128GCM" }),
        json!({ "alg": "RS256", "kid": 7 }),
        json!({ "alg": "RS256", "kid": "another" }),
    ] {
        invalid(key.verify(&with_header(&header)));
    }
    // RFC 8725, section 2.1: the public key as a secret.
    let public = include_bytes!("vectors/rsa.pub.pem");
    let confused = OwnKey::secret(HS256, public).unwrap().sign(&json("{}"), &json(CLAIMS)).unwrap();
    assert_eq!(invalid(key.verify(&confused)), "`alg` is not RS256");
    let twice = format!("{}.{PAYLOAD}", prim::encode(r#"{"alg":"RS256","alg":"RS256"}"#));
    let signature = PrivateKey::read(RS256, RSA_PEM).unwrap().sign(twice.as_bytes()).unwrap();
    invalid(key.verify(&format!("{twice}.{}", prim::encode(signature))));
}

#[test]
fn malformed_tokens_are_refused() {
    let key = OwnKey::public(RS256, &set(&[public_rsa()])).unwrap();
    let good = with_header(&json!({ "alg": "RS256" }));
    assert!(key.verify(&good).is_ok());
    let long = "A".repeat(OWN_TOKEN_BYTES);
    for bad in [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        &good[1..],
        &format!("{good}="),
        &format!(" {good}"),
        &format!("{good}.{long}"),
    ] {
        invalid(key.verify(bad));
    }
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    invalid(key.verify(&format!("{unsigned}.")));
    invalid(key.verify(unsigned));
}

#[test]
fn a_set_is_read_by_kid_alg_and_use() {
    let named = |kid: &str| with(public_rsa(), json!({ "kid": kid, "use": "sig", "alg": "RS256" }));
    let token = |header: Value| with_header(&with(json!({ "alg": "RS256" }), header));
    let other =
        json!({ "kty": "RSA", "e": "AQAB", "kid": "b", "n": prim::encode([&[0xc0], [1; 255].as_slice()].concat()) });
    let both = OwnKey::public(RS256, &set(&[named("a"), other])).unwrap();
    assert!(both.verify(&token(json!({ "kid": "a" }))).is_ok());
    assert_eq!(invalid(both.verify(&token(json!({ "kid": "b" })))), "its signature is wrong");
    assert_eq!(invalid(both.verify(&token(json!({ "kid": "c" })))), "`kid` names none of the keys");
    assert!(invalid(both.verify(&token(json!({})))).contains("several keys"));
    let read = |keys: &[Value]| KeySet::parse(&set(keys), RS256).map(|set| set.0.len());
    // What is for something else, or cannot be read, is skipped.
    let odd = [
        named("a"),
        public_p256(),
        public_ed25519(),
        with(public_rsa(), json!({ "use": "enc" })),
        with(public_rsa(), json!({ "alg": "RS512" })),
        with(public_rsa(), json!({ "key_ops": ["encrypt"] })),
        json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
        json!({ "kty": "RSA", "n": public_rsa()["n"], "e": "AQ" }),
        json!({ "kty": "quantum" }),
    ];
    assert_eq!(read(&odd), Ok(1));
    assert_eq!(read(&odd[1..]), Err(SetProblem::NoKeyFor(RS256)));
    assert_eq!(read(&[named("a"), named("a")]), Err(SetProblem::KidTwice("a".to_owned())));
    let many: Vec<_> = (0..=MOST_KEYS).map(|n| named(&n.to_string())).collect();
    assert_eq!(read(&many[1..]), Ok(MOST_KEYS));
    assert_eq!(read(&many), Err(SetProblem::TooMany(MOST_KEYS + 1)));
    let private: Value = serde_json::from_str(RSA_JWK).unwrap();
    assert_eq!(read(&[named("a"), private]), Err(SetProblem::Private("d")));
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        assert!(matches!(KeySet::parse(text, RS256), Err(SetProblem::Unreadable(_))), "{text}");
    }
}

#[test]
fn a_plugin_adds_to_a_header_what_names_things_only() {
    let key = OwnKey::private(EdDSA, ED25519_PEM).unwrap();
    for name in ["alg", "crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc", "anything"] {
        let refused = key.sign(&Json::from_value(&json!({ name: "x" })), &json("{}"));
        assert!(matches!(refused, Err(KeyError::Invalid(why)) if why.contains(name)), "{name}");
    }
    assert!(key.sign(&json(r#"{"kid":7}"#), &json("{}")).is_err());
    let token = key.sign(&json("{}"), &json("{}")).unwrap();
    let header = prim::decode(token.split('.').next().unwrap()).unwrap();
    assert_eq!(String::from_utf8(header).unwrap(), r#"{"alg":"EdDSA","typ":"JWT"}"#);
    let large = Json::from_value(&json!({ "x": "y".repeat(OWN_TOKEN_BYTES) }));
    assert!(matches!(key.sign(&json("{}"), &large), Err(KeyError::Invalid(_))));
}

#[test]
fn a_key_does_what_it_is_for() {
    let secret = OwnKey::secret(HS256, &[7; 32]).unwrap();
    assert_eq!(secret.hmac(b"data").unwrap(), prim::hmac(&[7; 32], b"data"));
    for key in
        [OwnKey::secret(HS512, &[7; 64]), OwnKey::private(RS256, RSA_PEM), OwnKey::public(RS256, &set(&[public_rsa()]))]
    {
        assert!(matches!(key.unwrap().hmac(b"data"), Err(KeyError::Other(_))));
    }
    let public = OwnKey::public(RS256, &set(&[public_rsa()])).unwrap();
    assert!(matches!(public.sign(&json("{}"), &json("{}")), Err(KeyError::Other(_))));
    for (alg, least) in [(HS256, 32), (HS384, 48), (HS512, 64)] {
        assert!(OwnKey::secret(alg, &vec![1; least]).is_ok());
        assert!(matches!(OwnKey::secret(alg, &vec![1; least - 1]), Err(OwnKeyProblem::ShortSecret(..))));
        assert!(OwnKey::private(alg, RSA_PEM).is_err() && OwnKey::public(alg, &set(&[public_rsa()])).is_err());
    }
    assert!(OwnKey::secret(RS256, &[7; 64]).is_err());
    for (alg, text) in [
        (RS256, P256_PEM),
        (ES256, RSA_PEM),
        (EdDSA, P256_PEM),
        (ES256, ED25519_PEM),
        (RS256, include_str!("vectors/small.pem")),
        (RS256, include_str!("vectors/rsa.pub.pem")),
        (RS256, ""),
        (RS256, "{}"),
        (ES256, RSA_JWK),
        (RS256, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
    ] {
        let why = OwnKey::private(alg, text).unwrap_err().to_string();
        assert!(why.contains("private key") && !why.contains("MII"), "{alg}: {why}");
    }
    assert!(!format!("{secret:?} {:?}", OwnKey::private(RS256, RSA_JWK).unwrap()).contains("Eq5xpGnN"));
}
