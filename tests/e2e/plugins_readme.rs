//! The configuration that each plugin's README offers for copying is one that `postlude check` accepts.

use postlude_testkit::{plugin_file, program};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

const BASE: &str = r#"
[server]
root_key = { file = "root.key" }
# Nobody has signed what these tests build.
development = true
[tenants.acme]
issuer = "https://login.acme.example/acme"
return_urls = ["https://idp.acme.example/interaction/"]
[tenants.acme.keys.idp]
role = "idp"
sha256 = "4a5e6c1f3b0d9e8872615d4c3b2a19087f6e5d4c3b2a190817263544f5e6d7c8"
"#;
const PUBLIC_KEY: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// RFC 7515, appendix A.3.1.
const PRIVATE_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X5fCE9-E9LI"}"#;

fn snippets(readme: &str) -> Vec<&str> {
    let blocks = readme.split("```toml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap()).collect()
}

/// What `postlude check` says of a README's snippet, in a folder with everything that it names.
fn check(name: &str, snippet: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let at = |file: &str| folder.path().join(file);
    let root = Command::new(program()).args(["keys", "new", "root"]).output().unwrap().stdout;
    fs::create_dir(at("plugins")).unwrap();
    fs::copy(plugin_file(name), at(&format!("plugins/{name}.wasm"))).unwrap();
    private(&at("root.key"), &root);
    private(&at("partner.jwks.json"), PUBLIC_KEY.as_bytes());
    private(&at("client.pem"), PRIVATE_KEY.as_bytes());
    fs::write(at("postlude.toml"), format!("{BASE}\n{snippet}")).unwrap();
    let mut command = Command::new(program());
    command.args(["check", "--json", "--config"]).arg(at("postlude.toml")).env("PARTNER_SECRET", "a partner's secret");
    let checked = command.output().unwrap();
    serde_json::from_slice(&checked.stdout).unwrap()
}

fn private(file: &Path, content: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(file, content).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn what_a_readme_offers_is_accepted_without_a_warning() {
    for name in ["custom-factor", "email-domain", "enrich-claims", "new-device", "oidc-factor", "terms"] {
        let readme = fs::read_to_string(format!("{}/../plugins/{name}/README.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let snippets = snippets(&readme);
        assert!(!snippets.is_empty(), "{name}: no configuration");
        for snippet in snippets {
            assert_eq!(check(name, snippet), json!({ "ok": true, "problems": [] }), "{name}");
        }
    }
}
