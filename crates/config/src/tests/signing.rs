//! Root keys and the keys of actions, from configuration to a token that is made.

use super::support::*;
use postlude_model::decision::TokenRequest;
use postlude_model::names::{FactorName, Timestamp};
use postlude_model::token::{TokenContext, TokenError};

#[test]
fn what_is_no_root_key_is_said_beside_everything_else() {
    let folder = Folder::new();
    folder.secret("root.key", "TOPSECRET");
    folder.secret("old.key", "postlude-root-1.AAAA");
    let text = with("previous_root_keys = []", "previous_root_keys = [{ file = \"old.key\" }]");
    let mut manifest = manifest();
    manifest["capabilities"]["hosts"] = serde_json::json!(["api.acme.example"]);
    let found = folder.check(&text, &manifest).unwrap_err();
    let expected = [
        "postlude.toml:8: `server.root_key`: file `root.key`: the root key does not begin with `postlude-root-1.`",
        "postlude.toml:9: `server.previous_root_keys`: file `old.key`: the root key has 3 bytes, not 32",
        "asks for host `api.acme.example`, not granted",
    ];
    assert_says(&found, &expected);
    assert!(!found.contains("TOPSECRET"), "{found}");
}

#[test]
fn a_jwk_that_is_no_key_is_said_at_the_key() {
    let folder = Folder::new();
    folder.write("partner.jwks.json", r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}"#);
    let found = folder.check(&documented(), &manifest()).unwrap_err();
    assert_says(&found, &["postlude.toml:56: action `face`: keys: key `partner`: the JWK set's key 0"]);
}

#[test]
fn a_bound_action_makes_tokens_under_its_keys_name_only() {
    let checked = Folder::new().check(&documented(), &manifest()).unwrap();
    let (tenant, action) = (&checked.tenants[0], &checked.tenants[0].actions[0]);
    let factor = FactorName::new(FACE).unwrap();
    let (issuer, continue_url) = (tenant.tenant.issuer(), tenant.tenant.continue_url());
    let context = TokenContext {
        issuer,
        continue_url: &continue_url,
        action: &action.spec.name,
        user_id: "ana",
        state: "state",
        factor: Some(&factor),
        now: Timestamp(1_800_000_000_000),
        jti: "jti",
    };
    let request = |key: &str| TokenRequest {
        parameter: "token".to_owned(),
        key: key.to_owned(),
        claims: "{}".to_owned(),
        ttl_seconds: 60,
    };
    assert_eq!(action.keys.encode(&request("partner"), &context).unwrap().split('.').count(), 3);
    assert_eq!(action.keys.encode(&request("other"), &context), Err(TokenError::UnknownKey));
    assert!(checked.signing.signer(&tenant.name).is_some());
}
