//! The vectors that every prompt-site kit is tested with (`examples/prompt-site/vectors.json`): made by the code that signs
//! requests and verifies results, and compared with the file. `RENEW=1` writes the file anew.

use super::*;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use std::path::PathBuf;

const FILE: &str = "../../examples/prompt-site/vectors.json";
/// The algorithms, by the name of the key.
const ALGORITHMS: [(&str, Algorithm); 3] =
    [("ed", Algorithm::EdDSA), ("es", Algorithm::ES256), ("hs", Algorithm::HS256)];
/// Claims of the plugin's own that a good request carries.
const OWN: &str = r#"{"reason":"new place"}"#;

fn request(key: &str) -> TokenRequest {
    TokenRequest { parameter: "request".to_owned(), key: key.to_owned(), claims: OWN.to_owned(), ttl_seconds: 300 }
}

fn requests() -> Vec<Value> {
    let mut all = Vec::new();
    for (key, alg) in ALGORITHMS {
        let case = Case::new();
        for forgery in keys().forgeries(&request(key), &case.context()).unwrap() {
            all.push(json!({ "name": forgery.name, "alg": alg.as_str(), "token": forgery.token, "state": STATE,
                "refused": forgery.refused }));
        }
        let token = keys().encode(&request(key), &case.context()).unwrap();
        let claims = parts(&token).1;
        all.push(json!({ "name": "good", "alg": alg.as_str(), "token": token, "state": STATE, "claims": claims }));
    }
    all.push(without_factor());
    all
}

/// A request that asks for no factor.
fn without_factor() -> Value {
    let case = Case { factor: None, ..Case::new() };
    let request = TokenRequest {
        parameter: "request".to_owned(),
        key: "ed".to_owned(),
        claims: "{}".to_owned(),
        ttl_seconds: 60,
    };
    let token = keys().encode(&request, &case.context()).unwrap();
    let claims = parts(&token).1;
    json!({ "name": "good, without a factor", "alg": "EdDSA", "token": token, "state": STATE, "claims": claims })
}

/// What the kit must sign for each good request: header and claims, of which Postlude takes the token.
fn results(requests: &[Value]) -> Vec<Value> {
    let mut all = Vec::new();
    for request in requests.iter().filter(|request| request.get("claims").is_some()) {
        let key = ALGORITHMS.iter().find(|(_, alg)| request["alg"] == alg.as_str()).unwrap().0;
        for verdict in ["ok", "refused", "error"] {
            let asked = &request["claims"];
            let mut claims = json!({
                "iss": PARTNER, "sub": asked["sub"], "aud": asked["action"], "iat": NOW, "exp": NOW + 300, "jti": "result-1",
                "state": asked["state"], "verdict": verdict,
            });
            if let Some(factor) = asked.get("factor") {
                claims["factor"] = factor.clone();
            }
            let case = if asked.get("factor").is_some() { Case::new() } else { Case { factor: None, ..Case::new() } };
            let taken = keys().verify(key, &token(key, &claims), &case.context()).unwrap();
            assert!(taken.verdict.is_some());
            let url = format!("https://login.example/acme/continue?state={STATE}");
            all.push(json!({
                "request": request["name"], "alg": request["alg"], "verdict": verdict, "header": header(key),
                "claims": claims, "continue_url": url,
            }));
        }
    }
    all
}

#[test]
fn the_kits_vectors_are_what_this_code_makes_and_takes() {
    let ed = crate::partner_key::private_pem(&partner_ed()).unwrap().to_string();
    let es = p256::SecretKey::from(partner_es()).to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
    let requests = requests();
    let vectors = json!({
        "about": "Made by `RENEW=1 cargo test --workspace --lib -- kits_vectors`. The keys are public: never use them.",
        "now": NOW, "issuer": ISSUER, "site": PARTNER, "jti": "result-1",
        "tenant_keys": serde_json::from_str::<Value>(signer(1).jwks().as_str()).unwrap(),
        "secret": std::str::from_utf8(SECRET).unwrap(),
        "site_keys": {
            "EdDSA": { "kid": "e1", "pem": ed, "jwk": ed_jwk() },
            "ES256": { "kid": "p1", "pem": es, "jwk": es_jwk() },
        },
        "results": results(&requests),
        "requests": requests,
    });
    let text = format!("{:#}\n", vectors);
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("RENEW").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&file).unwrap() == text,
        "renew the file: RENEW=1 cargo test --workspace --lib -- kits_vectors"
    );
}
