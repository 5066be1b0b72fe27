//! A folder with a configuration and the files that it names, and plugins that exist only as manifests.

use crate::*;
use postlude_crypto::keys::OwnKey;
use postlude_model::action::Budget;
use postlude_model::keys::{NoOwnKeys, OwnKeys};
use postlude_model::manifest::Manifest;
use postlude_model::names::{ActionName, Digest, TenantName};
use postlude_model::token::{NoKeys, TokenKeys};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

pub const SECRET_32: &str = "0123456789abcdef0123456789abcdef";
pub const FACE: &str = "https://acme.example/face";

/// The complete example of the documentation.
pub fn documented() -> String {
    let docs = include_str!("../../../../docs/configuration.md");
    docs.split("```toml\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

pub struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder with everything that the documented example names.
    pub fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.secret("root.key", &root_key(1));
        folder.secret("old.key", &format!("{}\n", root_key(2)));
        folder.write("plugins/custom-factor.wasm", "component");
        folder.write(
            "partner.jwks.json",
            r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
        );
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn secret(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.write(name, text);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub fn load(&self, text: &str) -> Result<(Config, Vec<Problem>), Problems> {
        load(&self.write("postlude.toml", text), &environment())
    }

    /// A text without the folder's own path.
    pub fn tidy(&self, text: impl ToString) -> String {
        text.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }

    pub fn check(&self, text: &str, manifest: &Value) -> Result<Checked, String> {
        let (file, environment, manifest) = (self.write("postlude.toml", text), environment(), manifest.clone());
        let inspect = move |bytes: &[u8]| match bytes {
            b"component" => Manifest::parse(manifest.to_string().as_bytes()).map_err(|why| vec![why.to_string()]),
            _ => Err(vec!["not a component".to_owned(), "imports `wasi:sockets/tcp`".to_owned()]),
        };
        let bound = Draft::read(&file, &environment).and_then(|draft| {
            let info = |digest, manifest| crate::PluginInfo { digest, manifest, budget: Budget::default() };
            let found = |digest, bytes: &[u8]| (digest, inspect(bytes).map(|manifest| info(digest, manifest)));
            let found = draft.files().map(|(digest, bytes)| found(digest, &bytes)).collect();
            draft.bind(found, &environment, own_keys)
        });
        bound.map_err(|all| self.tidy(all))
    }
}

/// A root key that only tests know.
pub fn root_key(byte: u8) -> String {
    postlude_crypto::root::RootKey::from_bytes([byte; 32]).to_text().to_string()
}

pub fn no_keys(_: &TenantName, _: &ActionName, _: Vec<ReadyKey>) -> Result<Arc<dyn TokenKeys>, String> {
    Ok(Arc::new(NoKeys))
}

/// Makes no keys, and refuses those that no host could make.
pub fn own_keys(keys: Vec<ReadyKey>) -> Result<Arc<dyn OwnKeys>, String> {
    for key in keys {
        let made = match &key.material {
            ReadyMaterial::Secret(secret) => OwnKey::secret(key.alg, secret.reveal().as_bytes()).map(drop),
            ReadyMaterial::PrivateKey(secret) => OwnKey::private(key.alg, secret.reveal()).map(drop),
            ReadyMaterial::Jwks(text) => OwnKey::public(key.alg, text).map(drop),
            ReadyMaterial::JwksUrl(_) => Ok(()),
        };
        made.map_err(|why| format!("key `{}`: {why}", key.name))?;
    }
    Ok(Arc::new(NoOwnKeys))
}

pub fn binder<'a>(environment: &'a Environment, keys: &'a dyn KeyMaker) -> Binder<'a> {
    Binder { environment, keys, own_keys }
}

pub fn environment() -> Environment {
    let long = "a-key-that-is-long-enough";
    Environment::of([("FACE_TOKEN", "token"), ("CONSOLE_KEY", long), ("SHORT", "short"), ("SECRET_32", SECRET_32)])
}

pub fn digest() -> Digest {
    Digest::from_bytes([7; 32])
}

/// The manifest for which the documented example is written.
pub fn manifest() -> Value {
    json!({
        "name": "custom-factor", "version": "1.0.0", "publisher": "acme.example", "abi": "0.1.0",
        "factors": [{"name": {"setting": "/factor"}, "amr": ["mfa", "face"]}],
        "result": {"parameter": "result", "key": "partner", "profile": {"setting": "/profile"}},
        "capabilities": {
            "event": ["/user/user_id"], "redirect_origins": [{"setting": "/prompt_url"}],
            "secrets": ["api_token"], "claims": ["https://acme.example/face_at"]
        },
        "settings": {
            "type": "object", "required": ["prompt_url"], "additionalProperties": false,
            "properties": {
                "prompt_url": {"type": "string"}, "factor": {"type": "string"}, "profile": {"enum": ["postlude", "auth0"]}
            }
        },
        "limits": {"fuel": 1_000_000}
    })
}

/// The example with one line in the place of another.
pub fn with(from: &str, to: &str) -> String {
    let text = documented();
    assert!(text.contains(from), "the example has no `{from}`");
    text.replacen(from, to, 1)
}

/// The errors and warnings of a text, without the folder's path.
pub fn problems(text: &str) -> String {
    let folder = Folder::new();
    match folder.load(text) {
        Ok((_, warnings)) => folder.tidy(Problems::new(warnings)),
        Err(problems) => folder.tidy(problems),
    }
}

/// The warnings or problems of a configuration that is bound to plugins.
pub fn bound(text: &str, manifest: &Value) -> String {
    let folder = Folder::new();
    match folder.check(text, manifest) {
        Ok(checked) => folder.tidy(Problems::new(checked.warnings)),
        Err(problems) => problems,
    }
}

/// Asserts that a text names everything.
#[track_caller]
pub fn assert_says(problems: &str, parts: &[&str]) {
    for part in parts {
        assert!(problems.contains(part), "no `{part}` in:\n{problems}");
    }
}
