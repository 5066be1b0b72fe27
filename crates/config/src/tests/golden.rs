//! The documented example, and files with many mistakes.

use super::support::*;
use serde_json::json;

/// Compares a text with the one in the repository.
fn golden(name: &str, text: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn the_documented_example_is_good() {
    let folder = Folder::new();
    let (config, warnings) = folder.load(&documented()).map_err(|all| folder.tidy(all)).unwrap();
    assert_eq!(warnings, []);
    let tenant = &config.tenants[0];
    assert_eq!(tenant.continue_url(), "http://localhost:8481/acme/continue");
    assert_eq!(tenant.jwks_url(), "http://localhost:8481/acme/.well-known/jwks.json");
    assert_eq!(tenant.pipeline.len(), 1);
    assert_eq!(config.server.high_water_file, folder.path("data.high-water"));
}

#[test]
fn the_documented_example_binds_without_a_warning() {
    assert_eq!(bound(&documented(), &manifest()), "");
}

#[test]
fn every_mistake_is_reported_at_its_line() {
    golden("broken", &problems(include_str!("broken.toml")));
}

#[test]
fn syntax_errors_do_not_hide_what_could_be_read() {
    golden("syntax", &problems("[server]\nlisten = \nroot_key = { file = \"missing\" }\n[tenants.acme\nissuer = 1\n"));
}

#[test]
fn a_plugin_that_asks_for_more_is_reported_with_the_remedies() {
    let mut manifest = manifest();
    manifest["capabilities"] = json!({
        "event": ["/user/email"], "redirect_origins": ["https://other.example"], "secrets": ["other"], "keys": ["signer"],
        "hosts": ["api.acme.example"], "claims": ["c"], "scopes": ["s"], "app_metadata": ["a"], "user_metadata": ["u"]
    });
    manifest["factors"] = json!([{"name": "https://acme.example/voice", "amr": ["mfa"]}]);
    manifest["result"]["key"] = json!("missing");
    golden("asks_for_more", &bound(&documented(), &manifest));
}

#[test]
fn settings_are_checked_against_the_plugins_schema() {
    let text = with("prompt_url = \"http://localhost:4000/prompt\", ", "prompt_url = 4, more = { x = 1 }, ");
    golden("settings", &bound(&text, &manifest()));
}
