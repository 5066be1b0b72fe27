//! Project Wycheproof's vectors: signatures, MACs and tokens that were made to be taken by mistake.

use super::*;
use crate::token::jwks::public;
use serde_json::json;
use std::sync::LazyLock;

static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../tests/vectors/wycheproof.json")).expect("the vectors are JSON")
});

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap().as_bytes();
    text.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

fn groups(name: &str) -> &'static Vec<Value> {
    VECTORS[name].as_array().unwrap()
}

/// Whether a signature is taken, for each `[number, comment, message, signature, result]`. A key that is refused verifies nothing.
fn judges(name: &str, alg: Algorithm) -> (usize, usize) {
    let (mut taken, mut refused) = (0, 0);
    for group in groups(name) {
        let key = public(group["jwk"].as_object().unwrap(), alg);
        for test in group["tests"].as_array().unwrap() {
            let good = key.as_ref().is_ok_and(|key| key.verifies(&hex(&test[2]), &hex(&test[3])));
            match test[4].as_str().unwrap() {
                "valid" => assert!(good, "{alg} {} {}: refused", test[0], test[1]),
                "invalid" => assert!(!good, "{alg} {} {}: taken", test[0], test[1]),
                other => panic!("{alg} {}: {other}", test[0]),
            }
            if good { taken += 1 } else { refused += 1 }
        }
    }
    (taken, refused)
}

/// U10, S10: as the P1363 form of JOSE has them (RFC 7518, section 3.4).
#[test]
fn signatures_of_p256_are_judged_as_they_say() {
    let (taken, refused) = judges("ES256", Algorithm::ES256);
    assert!(taken > 100 && refused > 50, "{taken} {refused}");
}

/// U10, S10.
#[test]
fn signatures_of_ed25519_are_judged_as_they_say() {
    let (taken, refused) = judges("EdDSA", Algorithm::EdDSA);
    assert!(taken > 50 && refused > 50, "{taken} {refused}");
}

/// Keys of any length, whole tags.
#[test]
fn macs_are_judged_as_they_say() {
    let all = VECTORS["HS256"].as_array().unwrap();
    assert!(all.len() > 80);
    for test in all {
        let made = prim::hmac(&hex(&test[2]), &hex(&test[3]));
        assert_eq!(made.as_slice() == hex(&test[4]), test[5] == "valid", "{} {}", test[0], test[1]);
    }
}

/// What a token gets whose signature was found good and whose payload is no object of claims.
fn passed_the_signature(outcome: &Result<Json, KeyError>) -> bool {
    match outcome {
        Ok(_) => true,
        Err(KeyError::Invalid(why)) => why.starts_with("its claims"),
        Err(_) => false,
    }
}

/// U10, S10: compact tokens with other headers, keys for another use, another algorithm, crafted padding of RSA, characters that do not
/// belong there. Of those that the vectors take, two have a character that is no base64url and one has no payload: those are no tokens here.
#[test]
fn tokens_are_judged_as_they_say() {
    let (mut taken, mut refused) = (0, 0);
    for group in groups("JWS") {
        let (alg, jwk) = (group["alg"].as_str().unwrap(), &group["jwk"]);
        let key = match alg {
            "HS256" => OwnKey::secret(Algorithm::HS256, &prim::decode(jwk["k"].as_str().unwrap()).unwrap()),
            "RS256" => OwnKey::public(Algorithm::RS256, &json!({ "keys": [jwk] }).to_string()),
            _ => OwnKey::public(Algorithm::ES256, &json!({ "keys": [jwk] }).to_string()),
        };
        for test in group["tests"].as_array().unwrap() {
            let token = test[2].as_str().unwrap();
            let good = key.as_ref().is_ok_and(|key| passed_the_signature(&key.verify(token)));
            let strange = !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            // Numbers 367 and 370 are the very bytes of 357, which is valid: their padding was lost on the way into the vectors.
            let same = group["tests"].as_array().unwrap().iter().filter(|other| other[2] == test[2]);
            let valid = same.into_iter().any(|other| other[3] == "valid");
            let expected = valid && !strange && !token.contains("..");
            assert_eq!(
                good,
                expected,
                "{alg} {} {}: {:?}",
                test[0],
                test[1],
                key.as_ref().map(|key| key.verify(token))
            );
            if good { taken += 1 } else { refused += 1 }
        }
    }
    assert!(taken > 10 && refused > 290, "{taken} {refused}");
}
