//! Each check of a plugin's manifest against the configuration, at its edge.

use super::support::*;
use postlude_model::limits::SCHEMA_PATTERNS;
use serde_json::json;
use std::time::Duration;

#[test]
fn the_bound_action_has_what_was_asked_and_granted() {
    let checked = Folder::new().check(&documented(), &manifest()).unwrap();
    let action = &checked.tenants[0].actions[0];
    assert_eq!(action.secrets["api_token"].reveal(), "token");
    assert_eq!(action.spec.grants.redirect_origins, ["http://localhost:4000"]);
    assert_eq!(action.spec.factors[0].max_age, Duration::from_secs(86400));
    assert_eq!((action.spec.factors[0].external, action.spec.factors[0].silent), (false, false));
    assert_eq!(action.spec.budget.fuel, 50_000_000, "the operator's value holds over the plugin's");
    assert!(action.development);
    assert_eq!(checked.plugins.len(), 1);
}

#[test]
fn a_plugin_lowers_its_limits_and_never_raises_them() {
    let fuel = |text: &str, wish: u64| {
        let mut manifest = manifest();
        manifest["limits"] = json!({"fuel": wish, "wall_clock_ms": 60_000, "memory_bytes": 1_048_576});
        let checked = Folder::new().check(text, &manifest).unwrap();
        checked.tenants[0].actions[0].spec.budget.clone()
    };
    let silent = with("fuel = 50_000_000\nwall_clock = \"2s\"\nmemory = \"16MiB\"\n", "");
    assert_eq!(fuel(&silent, 1000).fuel, 1000);
    assert_eq!(fuel(&silent, 1 << 40).fuel, 50_000_000);
    assert_eq!(fuel(&silent, 1).wall_clock, Duration::from_secs(2));
    assert_eq!(fuel(&silent, 1).memory_bytes, 1 << 20);
    assert_eq!(fuel(&documented(), 1).memory_bytes, 16 << 20);
}

#[test]
fn a_pointer_grants_what_lies_below_it_by_whole_segments() {
    let bind = |granted: &str, asked: &str| {
        let mut manifest = manifest();
        manifest["capabilities"]["event"] = json!([asked]);
        bound(&with("event = [\"/user/user_id\"]", &format!("event = [\"{granted}\"]")), &manifest)
    };
    for (granted, asked) in [("/user", "/user"), ("/user", "/user/user_id"), ("", "/user"), ("", "")] {
        assert_eq!(bind(granted, asked), "", "{granted} {asked}");
    }
    for (granted, asked) in [("/user", "/users"), ("/user/user_id", "/user"), ("/user", ""), ("/a~1b", "/a/b")] {
        assert_says(
            &bind(granted, asked),
            &[&format!("asks for the event's `{asked}`, not granted"), "which the plugin does not ask for"],
        );
    }
}

#[test]
fn an_event_grant_without_a_factor_may_continue_on_failure() {
    let lax = with("on_failure = \"deny\"", "on_failure = \"continue\"");
    assert_says(&bound(&lax, &manifest()), &["`on_failure = \"continue\"` with a factor, `https://acme.example/face`"]);
    let mut none = manifest();
    none["factors"] = json!([]);
    let start = lax.find("[[tenants.acme.pipeline.factors]]").unwrap();
    let end = lax.find("[tenants.acme.pipeline.limits]").unwrap();
    assert_eq!(bound(&format!("{}{}", &lax[..start], &lax[end..]), &none), "");
}

#[test]
fn narrowing_an_action_with_a_factor_is_a_warning() {
    let found = bound(&with("\"silent\", \"refresh\", \"password\"", "\"silent\""), &manifest());
    assert_says(
        &found,
        &["warning: action `face`: `applies_to` leaves out refresh, password, where `https://acme.example/face`"],
    );
}

#[test]
fn a_factor_has_exactly_one_policy() {
    let other = bound(
        &with("name = \"https://acme.example/face\"\nmax_age", "name = \"https://acme.example/fase\"\nmax_age"),
        &manifest(),
    );
    assert_says(
        &other,
        &[
            "the plugin may record `https://acme.example/face`, and there is no policy for it",
            "amr = [\"mfa\", \"face\"]",
        ],
    );
    assert_says(
        &other,
        &["there is a policy for `https://acme.example/fase`", "did you mean `https://acme.example/face`?"],
    );
    let amr = bound(&with("amr = [\"mfa\", \"face\"]", "amr = [\"hwk\"]"), &manifest());
    assert_says(&amr, &["warning: action `face`: amr `hwk`", "it proposes: mfa, face"]);
}

#[test]
fn external_is_granted_by_name() {
    let mut external = manifest();
    external["result"] = json!("external");
    assert_says(
        &bound(&documented(), &external),
        &["asks to record `https://acme.example/face` on its own word, not granted", "`keys` has `partner`"],
    );
    let granted = with("external = []", &format!("external = [\"{FACE}\"]"));
    let folder = Folder::new();
    let checked = folder.check(&granted, &external).unwrap();
    assert!(checked.tenants[0].actions[0].spec.factors[0].external);
    assert_says(&bound(&granted, &manifest()), &["the plugin's `result` is not `external`"]);
    assert_says(
        &bound(&with("silent = []", "silent = [\"x\"]"), &manifest()),
        &["`grants.silent` has `x`, which the plugin does not declare"],
    );
    external["result"] = json!("none");
    assert_says(&bound(&documented(), &external), &["can never be recorded"]);
}

/// P56.
#[test]
fn one_factor_name_belongs_to_one_publisher() {
    let folder = Folder::new();
    let again =
        documented().split_once("[[tenants.acme.pipeline]]").unwrap().1.replace("name = \"face\"", "name = \"second\"");
    let same = format!("{}\n[[tenants.acme.pipeline]]\n{again}", documented());
    assert!(folder.check(&same, &manifest()).is_ok(), "one publisher may declare a factor twice");
    folder.write("plugins/other.wasm", "other");
    let text = same.replace("name = \"second\"\nplugin = \"custom-factor\"", "name = \"second\"\nplugin = \"other\"")
        + "\n[tenants.acme.plugins.other]\npath = \"plugins/other.wasm\"\n";
    let (ours, mut theirs) = (manifest(), manifest());
    theirs["publisher"] = json!("evil.example");
    let (config, _) = folder.load(&text).unwrap();
    let info = |value: &serde_json::Value| crate::PluginInfo {
        digest: digest(),
        manifest: postlude_model::manifest::Manifest::parse(value.to_string().as_bytes()).unwrap(),
        budget: postlude_model::action::Budget::default(),
    };
    let (ours, theirs, environment) = (info(&ours), info(&theirs), environment());
    let binder = binder(&environment, &no_keys);
    let lookup =
        |_: &_, name: &postlude_model::names::PluginName| Some(if name.as_str() == "other" { &theirs } else { &ours });
    let found = crate::bind(&config, lookup, binder).unwrap_err().to_string();
    assert_says(
        &found,
        &[
            "the plugin of `evil.example` declares `https://acme.example/face`, which belongs to `acme.example` by action `face`",
        ],
    );
}

#[test]
fn profile_auth0_takes_a_shared_secret_that_the_action_cannot_use() {
    let auth0 = with("profile = \"postlude\"", "profile = \"auth0\"");
    assert_says(&bound(&auth0, &manifest()), &["key `partner`: EdDSA does not go with the profile `auth0`"]);
    let shared = auth0
        .replace("alg = \"EdDSA\"", "alg = \"HS256\"")
        .replace("jwks = { file = \"partner.jwks.json\" }", "secret = { env = \"SECRET_32\" }");
    assert_eq!(bound(&shared, &manifest()), "");
    assert_says(
        &bound(&shared.replace("keys = []", "keys = [\"partner\"]"), &manifest()),
        &["the action could sign its own proof"],
    );
    let mut asks = manifest();
    asks["capabilities"]["keys"] = json!(["partner"]);
    assert_says(
        &bound(&shared.replace("keys = []", "keys = [\"partner\"]"), &asks),
        &["the action could sign its own proof"],
    );
}

#[test]
fn the_results_key_has_an_issuer() {
    let text = with("issuer = \"http://localhost:4000\"\nalg", "alg");
    assert_says(&bound(&text, &manifest()), &["key `partner`: `issuer` is missing"]);
}

#[test]
fn a_redirect_origin_that_comes_from_settings_is_secure() {
    let text = with("http://localhost:4000/prompt", "http://prompt.example/");
    assert_says(
        &bound(&text, &manifest()),
        &[
            "redirects to `http://prompt.example`, which is not https",
            "asks for redirects to `http://prompt.example`, not granted",
        ],
    );
}

#[test]
fn a_plugin_without_a_schema_takes_no_settings() {
    let mut none = manifest();
    none["settings"] = json!(null);
    assert_says(&bound(&documented(), &none), &["the plugin `custom-factor` takes no settings"]);
}

#[test]
fn a_schema_cannot_reach_out_or_run_for_ever() {
    for schema in
        [json!({"$ref": "https://evil.example/schema"}), json!({"$ref": "file:///etc/passwd"}), json!({"type": 7})]
    {
        let mut manifest = manifest();
        manifest["settings"] = schema;
        assert_says(&bound(&documented(), &manifest), &["the plugin's schema of its settings is not usable"]);
    }
    let mut slow = manifest();
    slow["settings"] = json!({"properties": {"factor": {"pattern": "^(a+)+$"}}});
    let text = with("factor = \"https://acme.example/face\"", &format!("factor = \"{}!\"", "a".repeat(200)));
    assert_says(&bound(&text, &slow), &["`settings` at `/factor`"]);
}

/// The server compiles the schema itself, and a small one may take much memory there.
#[test]
fn the_patterns_of_a_schema_are_limited_at_the_edge() {
    let with_patterns = |patterns: Vec<String>| {
        let mut manifest = manifest();
        let all: Vec<_> =
            patterns.iter().map(|pattern| json!({ "properties": { "x": { "pattern": pattern } } })).collect();
        manifest["settings"] = json!({ "allOf": all });
        bound(&documented(), &manifest)
    };
    let many = |count: usize| (0..count).map(|number| format!("^{number}")).collect();
    assert!(!format!("{:?}", with_patterns(many(SCHEMA_PATTERNS))).contains("regular expressions"));
    assert_says(&with_patterns(many(SCHEMA_PATTERNS + 1)), &["has 65 regular expressions, 64 are allowed"]);
    let says = ["the plugin's schema of its settings is not usable"];
    assert_says(&with_patterns(vec!["(?:[a-z]{100}){900}x".to_owned()]), &says);
}

#[test]
fn a_file_that_is_no_plugin_or_another_one_is_refused() {
    let folder = Folder::new();
    folder.write("plugins/custom-factor.wasm", "something else");
    let found = folder.check(&documented(), &manifest()).unwrap_err();
    assert_says(&found, &["plugin `custom-factor`: not a component", "imports `wasi:sockets/tcp`"]);
    let pin = with("# digest = \"sha256:..\"", &format!("digest = \"{}\" #", digest()));
    assert_says(
        &bound(&pin, &manifest()),
        &["`digest` is sha256:0707", "if the change is wanted, write `digest = \"sha256:"],
    );
    let mut renamed = manifest();
    renamed["name"] = json!("other");
    assert_says(
        &bound(&documented(), &renamed),
        &["warning: action `face`: the file of plugin `custom-factor` calls itself `other`"],
    );
}

#[test]
fn mistakes_of_the_file_and_of_the_plugin_come_together() {
    let mut manifest = manifest();
    manifest["capabilities"]["hosts"] = json!(["api.acme.example"]);
    let found = bound(&with("data_dir = \"data\"", "data_dri = \"data\""), &manifest);
    assert_says(&found, &["`server.data_dri` is not known here", "asks for host `api.acme.example`, not granted"]);
}
