//! Signed tokens of this demo: JSON Web Signatures in compact form (RFC 7515) with Ed25519 keys (RFC 8037).
//!
//! A partner takes the JWT library of its language instead; the demo signs with the curve alone, because a library brings
//! RSA and the other curves along, which a first build would compile.

use anyhow::{Context as _, Result, anyhow, bail};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD as B64, Engine as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The only algorithm that this demo signs with and accepts.
const ALG: &str = "EdDSA";

/// The public half of a key as a JWK (RFC 7517) with the name `kid`.
#[must_use]
pub(crate) fn public_jwk(key: &SigningKey, kid: &str) -> Value {
    let x = B64.encode(key.verifying_key().to_bytes());
    json!({ "kty": "OKP", "crv": "Ed25519", "alg": ALG, "use": "sig", "kid": kid, "x": x })
}

/// A token of the type `typ` with these claims, signed with a key whose name is `kid`.
#[must_use]
pub(crate) fn sign(key: &SigningKey, kid: &str, typ: &str, claims: &Value) -> String {
    let header = json!({ "alg": ALG, "typ": typ, "kid": kid }).to_string();
    let signed = format!("{}.{}", B64.encode(header), B64.encode(claims.to_string()));
    let signature = B64.encode(key.sign(signed.as_bytes()).to_bytes());
    format!("{signed}.{signature}")
}

/// The header of a token, which nobody has verified yet: it only chooses the key.
#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    alg: String,
    /// The type of the token.
    pub(crate) typ: Option<String>,
    /// The name of the key that signed it.
    pub(crate) kid: Option<String>,
}

impl Header {
    /// Reads the header of a token.
    ///
    /// # Errors
    /// When the token is not in compact form.
    pub(crate) fn of(token: &str) -> Result<Self> {
        decode(token.split('.').next().unwrap_or_default()).context("the token has no header")
    }
}

/// The claims of a token that was signed with a key of `jwks`.
///
/// # Errors
/// When the token's algorithm is another one, its key is not in `jwks`, or its signature is wrong.
pub(crate) fn verify<T: DeserializeOwned>(token: &str, jwks: &Value) -> Result<T> {
    let header = Header::of(token)?;
    if header.alg != ALG {
        bail!("the token is signed with `{}`", header.alg);
    }
    let key = find(jwks, header.kid.as_deref())?;
    let (signed, signature) = token.rsplit_once('.').context("the token has no signature")?;
    let signature =
        Signature::from_slice(&B64.decode(signature)?).map_err(|_| anyhow!("the signature is malformed"))?;
    key.verify_strict(signed.as_bytes(), &signature).map_err(|_| anyhow!("the signature is wrong"))?;
    let (_, claims) = signed.split_once('.').context("the token has no claims")?;
    decode(claims).context("the token's claims are malformed")
}

fn find(jwks: &Value, kid: Option<&str>) -> Result<VerifyingKey> {
    let text = |key: &Value, name: &str| key.get(name).and_then(Value::as_str).map(str::to_owned);
    let keys = jwks.get("keys").and_then(Value::as_array).context("the JWKS has no keys")?;
    let key = keys
        .iter()
        .find(|key| {
            kid.is_some() && text(key, "kid").as_deref() == kid && text(key, "crv").as_deref() == Some("Ed25519")
        })
        .context("the key that signed the token is not in the JWKS")?;
    let x: [u8; 32] = B64
        .decode(text(key, "x").unwrap_or_default())?
        .try_into()
        .map_err(|_| anyhow!("the key in the JWKS does not have 32 bytes"))?;
    VerifyingKey::from_bytes(&x).map_err(|_| anyhow!("the key in the JWKS is no point of the curve"))
}

fn decode<T: DeserializeOwned>(part: &str) -> Result<T> {
    Ok(serde_json::from_slice(&B64.decode(part)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn jwks(key: &SigningKey) -> Value {
        json!({ "keys": [public_jwk(key, "one")] })
    }

    #[test]
    fn what_was_signed_is_read_back_and_a_changed_token_is_refused() {
        let token = sign(&key(1), "one", "a+jwt", &json!({ "sub": "ana" }));
        assert_eq!(verify::<Value>(&token, &jwks(&key(1))).unwrap(), json!({ "sub": "ana" }));
        assert_eq!(Header::of(&token).unwrap().typ.as_deref(), Some("a+jwt"));
        assert!(verify::<Value>(&token, &jwks(&key(2))).is_err(), "another key");
        let parts: Vec<&str> = token.split('.').collect();
        let forged = [parts[0], &B64.encode(r#"{"sub":"eve"}"#), parts[2]].join(".");
        assert!(verify::<Value>(&forged, &jwks(&key(1))).is_err(), "other claims");
    }

    #[test]
    fn a_key_by_another_name_and_an_unsigned_token_are_refused() {
        let token = sign(&key(1), "two", "a+jwt", &json!({}));
        assert!(verify::<Value>(&token, &jwks(&key(1))).is_err());
        let unsigned = format!("{}.{}.", B64.encode(r#"{"alg":"none","kid":"one"}"#), B64.encode("{}"));
        assert!(verify::<Value>(&unsigned, &jwks(&key(1))).is_err());
    }

    /// The example of RFC 8037, appendix A: the key, and its signature over that payload.
    #[test]
    fn the_example_of_the_rfc_verifies() {
        let d = B64.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = SigningKey::from_bytes(&d.try_into().unwrap());
        assert_eq!(public_jwk(&key, "k")["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(B64.encode(key.sign(signed.as_bytes()).to_bytes()), signature);
    }
}
