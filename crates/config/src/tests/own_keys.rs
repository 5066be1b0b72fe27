//! Keys that an action uses itself, hosts that come from settings, and the way out.

use super::support::*;
use crate::Problems;
use serde_json::{Value, json};

const P256: &str = include_str!("../../../crypto/src/keys/vectors/p256.pkcs8.pem");

/// The example with one more key, which the plugin asks for and is granted.
fn keyed(key: &str) -> String {
    let table = format!("[tenants.acme.pipeline.keys.mine]\n{key}\n\n[[tenants.acme.pipeline.factors]]");
    with("[[tenants.acme.pipeline.factors]]", &table).replacen("\nkeys = []", "\nkeys = [\"mine\"]", 1)
}

fn asking() -> Value {
    let mut manifest = manifest();
    manifest["capabilities"]["keys"] = json!(["mine"]);
    manifest
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.secret("client.pem", P256);
    folder.secret("long.secret", &SECRET_32.repeat(2));
    folder.write("rsa.jwks.json", r#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#);
    folder
}

fn says(key: &str) -> String {
    match folder().check(&keyed(key), &asking()) {
        Ok(checked) => checked.warnings.iter().map(ToString::to_string).collect(),
        Err(problems) => problems,
    }
}

#[test]
fn a_key_of_its_own_is_a_secret_a_private_key_or_a_published_set() {
    for key in [
        "alg = \"HS256\"\nsecret = { env = \"SECRET_32\" }",
        "alg = \"ES256\"\nprivate_key = { file = \"client.pem\" }",
        "alg = \"EdDSA\"\njwks = { file = \"partner.jwks.json\" }",
        "alg = \"RS256\"\njwks = { url = \"https://idp.example/jwks\" }",
        "alg = \"RS256\"\njwks = { url = \"http://localhost:4000/jwks\" }",
    ] {
        assert_eq!(says(key), "", "{key}");
    }
}

#[test]
fn what_is_no_usable_key_is_refused() {
    for (key, why) in [
        ("alg = \"RS256\"\nsecret = { env = \"SECRET_32\" }", "`secret` does not go with RS256"),
        ("alg = \"HS256\"\njwks = { file = \"partner.jwks.json\" }", "`jwks` does not go with HS256"),
        ("alg = \"HS384\"\nsecret = { env = \"SECRET_32\" }", "32 bytes are too few for HS384"),
        ("alg = \"HS512\"\nsecret = { env = \"SECRET_32\" }", "32 bytes are too few for HS512"),
        ("alg = \"ES256\"", "`jwks` is missing"),
        (
            "alg = \"ES256\"\nprivate_key = { file = \"client.pem\" }\njwks = { url = \"https://idp.example/jwks\" }",
            "public keys or a private one, not both",
        ),
        ("alg = \"EdDSA\"\nprivate_key = { file = \"client.pem\" }", "cannot be used for EdDSA"),
        ("alg = \"RS256\"\nprivate_key = { file = \"client.pem\" }", "cannot be used for RS256"),
        ("alg = \"RS256\"\njwks = { file = \"rsa.jwks.json\" }", "no usable key for RS256"),
        ("alg = \"RS256\"\njwks = { file = \"partner.jwks.json\" }", "has no key for RS256"),
        ("alg = \"RS256\"\njwks = { url = \"http://idp.example/jwks\" }", "is not https"),
        ("alg = \"RS256\"\njwks = { url = \"https://10.0.0.1/jwks\" }", "it is an address"),
        ("alg = \"RS256\"\njwks = { url = \"https://u@idp.example/jwks\" }", "has user information"),
        ("alg = \"RS256\"\njwks = { url = 7 }", "must be"),
        ("alg = \"PS256\"\njwks = { url = \"https://idp.example/jwks\" }", "`PS256` is not an algorithm"),
    ] {
        assert_says(&says(key), &[why]);
    }
}

/// The key that proves replies stands in the file, with an algorithm of the prompt sites' tokens.
#[test]
fn the_key_of_the_result_is_not_like_them() {
    let proving = |lines: &str| {
        let from = "alg = \"EdDSA\"\njwks = { file = \"partner.jwks.json\" }";
        match folder().check(&with(from, lines), &manifest()) {
            Ok(_) => String::new(),
            Err(problems) => problems,
        }
    };
    let stands = "proves its replies, so its keys stand here";
    assert_says(&proving("alg = \"EdDSA\"\njwks = { url = \"https://idp.example/jwks\" }"), &[stands]);
    assert_says(&proving("alg = \"ES256\"\nprivate_key = { file = \"client.pem\" }"), &[stands]);
    assert_says(
        &proving("alg = \"HS384\"\nsecret = { file = \"long.secret\" }"),
        &["HS384 does not go with prompt sites"],
    );
}

#[test]
fn a_key_that_is_asked_for_and_missing_says_what_to_add() {
    let text = with("\nkeys = []", "\nkeys = [\"mine\"]");
    let problems = folder().check(&text, &asking()).unwrap_err();
    assert_says(&problems, &["asks for the key `mine`, which is not configured", "jwks = { url ="]);
}

/// "By settings alone": the host of a URL in the settings, and still the operator's own grant.
#[test]
fn a_host_comes_from_a_setting_and_is_granted() {
    let mut manifest = manifest();
    manifest["capabilities"]["hosts"] =
        json!([{ "setting": "/prompt_url" }, { "setting": "/absent" }, "API.example:443"]);
    let granted = with("hosts = []", "hosts = [\"localhost:4000\", \"api.example\"]");
    let checked = folder().check(&granted, &manifest).unwrap();
    assert_eq!(checked.tenants[0].actions[0].spec.grants.hosts, ["localhost:4000", "api.example"]);
    let refused = folder().check(&with("hosts = []", "hosts = [\"localhost\"]"), &manifest).unwrap_err();
    assert_says(&refused, &["asks for host `localhost:4000`, not granted", "asks for host `api.example`, not granted"]);
    for host in ["10.0.0.1", "https://[::1]/x", "a@b.example", "*.example", "api.example."] {
        manifest["capabilities"]["hosts"] = json!([host]);
        assert_says(
            &folder().check(&granted, &manifest).unwrap_err(),
            &[&format!("the host `{host}` is not acceptable")],
        );
    }
}

#[test]
fn the_way_out_trusts_a_file_and_names_private_hosts() {
    let outbound = |lines: &str| {
        let root = "root_key = { file = \"root.key\" }";
        let folder = folder();
        match folder.load(&with(root, &format!("{root}\noutbound = {{ {lines} }}"))) {
            Ok((config, _)) => Ok(config.server.outbound),
            Err(problems) => Err(folder.tidy(problems)),
        }
    };
    let read = outbound("allow_private = [\"partner.internal\", \"partner.internal:8443\"]").unwrap();
    assert_eq!(read.allow_private, ["partner.internal", "partner.internal:8443"]);
    for (lines, why) in [
        ("allow_private = [\"10.0.0.1\"]", "`10.0.0.1` is an address"),
        ("allow_private = [\"*.internal\"]", "`*.internal` is not a host"),
        ("ca_file = \"missing.pem\"", "cannot be read"),
        ("proxy = \"http://proxy\"", "is not known here"),
    ] {
        assert_says(&outbound(lines).unwrap_err(), &[why]);
    }
}

/// A plugin that may use the secret by which its replies are proved, under another name, could sign its own proof.
#[test]
fn the_secret_of_the_result_under_another_name_is_a_warning() {
    let folder = folder();
    folder.secret("same.secret", &format!("{SECRET_32}\n"));
    let shared = with("profile = \"postlude\"", "profile = \"auth0\"")
        .replace("alg = \"EdDSA\"", "alg = \"HS256\"")
        .replace("jwks = { file = \"partner.jwks.json\" }", "secret = { env = \"SECRET_32\" }")
        .replacen("\nkeys = []", "\nkeys = [\"mine\"]", 1);
    let own = |secret: &str| {
        let key = format!("[tenants.acme.pipeline.keys.mine]\nalg = \"HS256\"\nsecret = {{ file = \"{secret}\" }}\n\n");
        shared.replace("[[tenants.acme.pipeline.factors]]", &format!("{key}[[tenants.acme.pipeline.factors]]"))
    };
    let warnings = |text: &str| {
        let checked = folder.check(text, &asking()).unwrap_or_else(|problems| panic!("{problems}"));
        folder.tidy(Problems::new(checked.warnings))
    };
    assert_says(
        &warnings(&own("same.secret")),
        &["key `mine` is the same secret as the key `partner`, which proves its replies", "sign its own proof"],
    );
    assert_eq!(warnings(&own("long.secret")), "");
    let read = own("long.secret").replace("{ env = \"FACE_TOKEN\" }", "{ env = \"SECRET_32\" }");
    assert_says(&warnings(&read), &["secret `api_token` is the same secret as the key `partner`"]);
}
