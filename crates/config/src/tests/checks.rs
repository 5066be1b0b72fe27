//! Each check of the file alone, at its edge.

use super::support::*;

#[test]
fn nothing_at_all_says_what_to_write() {
    assert_says(&problems(""), &["`server` is missing", "`tenants` is missing"]);
    assert_says(&problems("[tenants]"), &["postlude.toml:1: `tenants` is empty"]);
    let folder = Folder::new();
    let missing = crate::load(&folder.path("none.toml"), &environment()).unwrap_err();
    assert_says(&missing.to_string(), &["none.toml:1: cannot be read"]);
}

#[test]
fn listeners_must_differ() {
    let public = "public_listen = \"127.0.0.1:8481\"";
    for same in ["127.0.0.1:8480", "0.0.0.0:8480"] {
        assert_says(
            &problems(&with(public, &format!("public_listen = \"{same}\""))),
            &["is the same as `server.listen`"],
        );
    }
    assert_eq!(problems(&with(public, "public_listen = \"127.0.0.2:8480\"")), "");
    let free = with(public, "public_listen = \"127.0.0.1:0\"")
        .replace("listen = \"127.0.0.1:8480\"", "listen = \"127.0.0.1:0\"");
    assert_eq!(problems(&free), "");
    let metrics = |address: &str| problems(&with(public, &format!("{public}\nmetrics_listen = \"{address}\"")));
    assert_says(&metrics("0.0.0.0:8480"), &["`server.metrics_listen`: `0.0.0.0:8480` is the same as `server.listen`"]);
    assert_says(&metrics("127.0.0.1:8481"), &["is the same as `server.public_listen`"]);
    assert_eq!(metrics("127.0.0.1:8482"), "");
}

/// N01.
#[test]
fn without_development_plain_http_is_refused_everywhere() {
    let found = problems(&with("development = true", "development = false"));
    for line in [
        "`issuer`: `http://localhost:8481/acme`",
        "`return_urls`: `http://localhost:3000/interaction/`",
        "`grants.redirect_origins`: `http://localhost:4000`",
    ] {
        assert_says(&found, &[&format!("{line} is not https")]);
    }
}

#[test]
fn development_on_a_public_address_is_a_warning() {
    let found = problems(&with("listen = \"127.0.0.1:8480\"", "listen = \"0.0.0.0:8480\""));
    assert_says(&found, &["warning: `server.development` is on"]);
}

#[test]
fn issuers_are_exact_and_have_paths_of_their_own() {
    let issuer = "issuer = \"http://localhost:8481/acme\"";
    for (bad, why) in [
        ("http://localhost:8481/acme/", "ends in a slash"),
        ("http://localhost:8481/acme?x", "has a query"),
        ("http://localhost:8481/acme#x", "has a fragment"),
        ("http://u@localhost:8481/acme", "has user information"),
        ("http://LOCALHOST:8481/acme", "canonical form"),
        ("http://localhost:80/acme", "canonical form"),
        ("https://a.example/x/../acme", "canonical form"),
        ("https://a.example/v1", "Postlude's own"),
    ] {
        assert_says(&problems(&with(issuer, &format!("issuer = \"{bad}\""))), &[why]);
    }
    let second = |issuer: &str| problems(&format!("{}\n[tenants.beta]\nissuer = \"{issuer}\"\n", documented()));
    assert_says(&second("http://localhost:8481/acme"), &["has the same path as the issuer of tenant `acme`"]);
    assert_says(&second("https://other.example/acme"), &["has the same path as"]);
    assert_says(&second("https://other.example/acme/b"), &["lies below the issuer of tenant `acme`"]);
    assert_says(&second("https://other.example"), &["lies above the issuer of tenant `acme`"]);
    assert!(!second("https://other.example/acme2").contains("issuer`"));
}

#[test]
fn keys_are_hashes_and_belong_to_one_caller() {
    let found = problems(&with("key = { env = \"CONSOLE_KEY\" }", "key = { env = \"SHORT\" }"));
    assert_says(&found, &["the key is shorter than 22 characters"]);
    let hash: String = crate::hash_of("a-key-that-is-long-enough").iter().map(|b| format!("{b:02x}")).collect();
    let start = documented().find("sha256 = \"").unwrap() + 10;
    let twice = documented().replacen(&documented()[start..start + 64], &hash, 1);
    assert_says(&problems(&twice), &["is the same key as key `console` of tenant `acme`"]);
    assert_says(
        &problems(&with("role = \"idp\"", "role = \"reader\"")),
        &["warning: tenant `acme`: `keys`: no key has the role `idp`"],
    );
    let short = documented().replacen(&documented()[start..start + 64], &hash[..63], 1);
    let found = problems(&short);
    assert_says(&found, &["`sha256`: is not 64 hexadecimal digits"]);
    assert!(!found.contains(&hash[..63]), "a key that was put here by mistake is repeated: {found}");
}

#[test]
fn inline_secrets_are_refused_and_not_repeated() {
    let found = problems(&with("{ file = \"root.key\" }", "\"TOPSECRET\""));
    assert_says(&found, &["`server.root_key`: secrets do not stand in this file", "hint: write `{ env = \"NAME\" }`"]);
    assert!(!found.contains("TOPSECRET"), "{found}");
}

#[test]
fn a_secret_that_everyone_may_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    std::fs::set_permissions(folder.path("root.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let (_, warnings) = folder.load(&documented()).unwrap();
    assert_says(
        &warnings[0].to_string(),
        &["postlude.toml:8: warning: `server.root_key`", "can be read by every user"],
    );
}

#[test]
fn root_keys_are_not_listed_twice() {
    assert_says(
        &problems(&with("previous_root_keys = []", "previous_root_keys = [{ file = \"root.key\" }]")),
        &["already listed"],
    );
    assert_eq!(problems(&with("previous_root_keys = []", "previous_root_keys = [{ file = \"old.key\" }]")), "");
}

#[test]
fn lifetimes_are_ordered_and_bounded() {
    assert_eq!(problems(&with("state = \"15m\"", "state = \"60m\"")), "");
    assert_says(
        &problems(&with("state = \"15m\"", "state = \"61m\"")),
        &["`lifetimes.state`: 1h1m is longer than `login`, 1h"],
    );
    assert_says(&problems(&with("session = \"30d\"", "session = \"401d\"")), &["out of range", "from 1s to 400d"]);
    assert_says(&problems(&with("session = \"30d\"", "session = \"12h\"")), &["warning: action `face`: `max_age` 1d"]);
}

#[test]
fn a_pipeline_has_twenty_actions_at_most() {
    let many = |count: usize| {
        let head = documented().split("[[tenants.acme.pipeline]]").next().unwrap().to_owned();
        (0..count).fold(head, |text, at| {
            format!("{text}[[tenants.acme.pipeline]]\nname = \"a{at}\"\nplugin = \"custom-factor\"\n")
        })
    };
    assert_eq!(problems(&many(20)), "");
    assert_says(&problems(&many(21)), &["21 actions are more than 20"]);
}

#[test]
fn limits_are_bounded() {
    for (from, good, bad) in [
        ("fuel = 50_000_000", "fuel = 10_000", "fuel = 9_999"),
        ("fuel = 50_000_000", "fuel = 20_000_000_000", "fuel = 20_000_000_001"),
        ("wall_clock = \"2s\"", "wall_clock = \"30s\"", "wall_clock = \"30s1ms\""),
        ("wall_clock = \"2s\"", "wall_clock = \"10ms\"", "wall_clock = \"9ms\""),
        ("memory = \"16MiB\"", "memory = \"256MiB\"", "memory = \"257MiB\""),
        ("memory = \"16MiB\"", "memory = \"64KiB\"", "memory = \"65535B\""),
    ] {
        assert_eq!(problems(&with(from, good)), "", "{good}");
        assert_says(&problems(&with(from, bad)), &["is out of range"]);
    }
    assert_says(&problems(&with("fuel = 50_000_000", "fuel = 99999999999999999999")), &["fits into 64 bits"]);
}

#[test]
fn key_material_fits_the_algorithm() {
    let (jwks, alg) = ("jwks = { file = \"partner.jwks.json\" }", "alg = \"EdDSA\"");
    assert_says(&problems(&with(alg, "alg = \"ES256\"")), &["`jwks`: has no key for ES256"]);
    assert_says(&problems(&with(alg, "alg = \"HS256\"")), &["`jwks` does not go with HS256", "`secret` is missing"]);
    let shared = |name: &str| with(jwks, &format!("secret = {{ env = \"{name}\" }}")).replace(alg, "alg = \"HS256\"");
    assert_eq!(problems(&shared("SECRET_32")), "");
    assert_says(&problems(&shared("CONSOLE_KEY")), &["25 bytes are too few for HS256"]);
    let folder = Folder::new();
    folder.write("partner.jwks.json", r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","d":"PRIVATE"}]}"#);
    let found = folder.load(&documented()).unwrap_err().to_string();
    assert_says(&found, &["holds a private or secret key"]);
    assert!(!found.contains("PRIVATE"), "{found}");
}

#[test]
fn an_unused_plugin_is_a_warning() {
    let found =
        problems(&format!("{}\n[tenants.acme.plugins.spare]\npath = \"plugins/custom-factor.wasm\"\n", documented()));
    assert_says(&found, &["warning: tenant `acme`: no action uses the plugin `spare`"]);
}

#[test]
fn claims_of_the_idp_cannot_be_granted() {
    let claims = "claims = [\"https://acme.example/face_at\"]";
    for claim in ["sub", "amr", "auth_time", "scope"] {
        let found = problems(&with(claims, &format!("claims = [\"https://acme.example/face_at\", \"{claim}\"]")));
        assert_says(&found, &[&format!("`grants.claims`: `{claim}` is a claim that no action may set")]);
    }
}

#[test]
fn a_configuration_has_a_largest_size() {
    let folder = Folder::new();
    let most = usize::try_from(crate::CONFIG_FILE_BYTES).unwrap();
    for (size, fits) in [(most, true), (most + 1, false)] {
        let text = documented();
        let padded = format!("{text}#{}", "x".repeat(size - text.len() - 1));
        let loaded = folder.load(&padded).map_err(|all| all.to_string());
        assert_eq!(loaded.is_ok(), fits, "{size}");
        assert!(fits || loaded.unwrap_err().contains("has more than 4194304 bytes"));
    }
}
