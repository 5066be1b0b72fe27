//! The configuration that a workbench writes for plugins: each is granted what its manifest asks for, and its partner's key.

use super::error::WorkbenchError;
use super::pool::PooledPlugin;
use crate::event::merge;
use crate::partner::{Alg, PartnerKey, TokenProfile};
use postlude_config::Environment;
use postlude_crypto::root::RootKey;
use postlude_model::json::Json;
use postlude_model::manifest::{Declared, Manifest};
use postlude_model::token::Profile;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The tenant of a configuration that a workbench writes.
pub(super) const TENANT: &str = "stories";
/// Its return URL.
const RETURN_URL: &str = "https://idp.example/interaction/";
/// How old a factor's record may be, where nothing else is said.
const MAX_AGE: &str = "24h";
/// The wall clock of a run: fuel is what limits it, and a busy machine must not fail a test.
const WALL_CLOCK: &str = "10s";
/// Not a secret: the same workbench then makes the same tokens everywhere.
const ROOT: [u8; 32] = *b"a workbench's root, not a secret";

/// A plugin as an action of a workbench's pipeline.
#[derive(Debug, Clone)]
pub struct ActionSetup {
    /// The plugin.
    pub plugin: PooledPlugin,
    /// The action's name; the plugin's own where there is none.
    pub name: Option<String>,
    /// Its settings, an object.
    pub settings: Value,
    /// Its secrets by name; what the plugin asks for and is not here gets a stand-in.
    pub secrets: BTreeMap<String, String>,
    /// What an operator would write in the action's table beside settings and secrets: policy, grants, keys, limits. It is merged
    /// over what the workbench writes (RFC 7396).
    pub operator: Map<String, Value>,
}

impl ActionSetup {
    /// An action with its plugin's name and without settings.
    #[must_use]
    pub fn new(plugin: PooledPlugin) -> Self {
        Self { plugin, name: None, settings: json!({}), secrets: BTreeMap::new(), operator: Map::new() }
    }

    fn source(&self) -> ActionSource<'_> {
        let manifest = self.plugin.manifest();
        let name = self.name.as_deref().unwrap_or_else(|| manifest.name.as_str());
        let Self { settings, secrets, operator, .. } = self;
        ActionSource { name, manifest, settings, secrets, operator }
    }
}

/// What an action of a configuration is written from.
#[derive(Debug, Clone, Copy)]
pub struct ActionSource<'a> {
    /// The action's name.
    pub name: &'a str,
    /// Its plugin's manifest.
    pub manifest: &'a Manifest,
    /// Its settings, an object.
    pub settings: &'a Value,
    /// Its secrets by name.
    pub secrets: &'a BTreeMap<String, String>,
    /// What an operator would write in the action's table beside these (RFC 7396).
    pub operator: &'a Map<String, Value>,
}

/// An action that is granted all that its plugin's manifest asks for.
#[derive(Debug, Clone)]
pub struct GrantedAction {
    /// The action's table in the configuration. Its secrets and keys are references `{ env = NAME }`.
    pub table: Value,
    /// The values of these references.
    pub variables: BTreeMap<String, String>,
    /// What was made up, for people.
    pub notes: Vec<String>,
    /// The simulated partner whose results the action accepts, and the parameter of its results; none where no token proves a reply.
    pub partner: Option<(PartnerKey, String)>,
    /// The origins to which the action redirects.
    pub redirect_origins: Vec<String>,
}

impl GrantedAction {
    /// Writes the action of a plugin that the configuration has under the name `plugin`. Secrets that are not given get stand-ins, and
    /// its partner is a simulated one.
    #[must_use]
    pub fn of(source: ActionSource<'_>, plugin: &str) -> Self {
        let mut writer = Writer::default();
        let table = writer.action(source, plugin);
        let declared = source.declared();
        let partner = token_profile(&declared).and_then(|profile| {
            let key = table.pointer("/keys")?.get(declared.result.key.as_str())?;
            let text = |name: &str| key.get(name).and_then(Value::as_str);
            let (issuer, alg) = (text("issuer")?, Alg::of_name(text("alg")?)?);
            let key = match source.shared_secret(&declared) {
                Some(secret) => PartnerKey::shared(profile, issuer, &secret),
                None => PartnerKey::simulated(profile, issuer, alg),
            };
            Some((key, declared.result.parameter.clone()))
        });
        let redirect_origins = declared.capabilities.redirect_origins.clone();
        let Writer { variables, notes } = writer;
        Self { table, variables, notes, partner, redirect_origins }
    }
}

impl ActionSource<'_> {
    /// What the manifest comes to with the settings. What does not resolve is refused by the host, in its own words.
    fn declared(&self) -> Declared {
        self.manifest.resolve(&Json::from_value(self.settings)).unwrap_or_default()
    }

    /// The secret of profile `auth0` where the plugin holds it too, under the name of the key: actions of Auth0 sign and verify with it
    /// themselves, so key and secret have to be one. That of a simulated partner where none is given.
    fn shared_secret(&self, declared: &Declared) -> Option<String> {
        let name = &declared.result.key;
        let is_held = declared.result.profile == Profile::Auth0
            && (declared.capabilities.secrets.contains(name) || self.secrets.contains_key(name));
        let simulated = || PartnerKey::simulated(TokenProfile::Auth0, "", Alg::Hs256).configured();
        is_held.then(|| self.secrets.get(name).cloned().unwrap_or_else(simulated))
    }
}

fn token_profile(declared: &Declared) -> Option<TokenProfile> {
    match declared.result.profile {
        Profile::Postlude => Some(TokenProfile::Postlude),
        Profile::Auth0 => Some(TokenProfile::Auth0),
        Profile::External | Profile::None => None,
    }
}

/// A configuration's text, and where its secrets come from.
#[derive(Debug)]
pub(super) struct WrittenConfig {
    pub(super) text: String,
    pub(super) environment: Environment,
    /// What was made up, for people.
    pub(super) notes: Vec<String>,
}

/// Writes the configuration of a pipeline.
pub(super) fn write(actions: &[ActionSetup], data_dir: &Path) -> Result<WrittenConfig, WorkbenchError> {
    let mut writer = Writer::default();
    writer.variable("ROOT_KEY", RootKey::from_bytes(ROOT).to_text());
    let (mut plugins, mut pipeline) = (Map::new(), Vec::new());
    for action in actions {
        // Two versions of one plugin may be in one pipeline.
        let name = if plugins.contains_key(action.plugin.manifest().name.as_str()) {
            format!("{}-{}", action.plugin.manifest().name, plugins.len())
        } else {
            action.plugin.manifest().name.to_string()
        };
        plugins.insert(name.clone(), json!({ "path": action.plugin.file }));
        pipeline.push(writer.action(action.source(), &name));
    }
    let config = json!({
        "server": { "root_key": { "env": "ROOT_KEY" }, "development": true, "watch": false, "data_dir": data_dir.join("data") },
        "tenants": { TENANT: {
            "issuer": "https://postlude.example/stories",
            "return_urls": [RETURN_URL],
            "plugins": plugins,
            "pipeline": pipeline,
        } },
    });
    let text = toml::to_string(&config)
        .map_err(|why| WorkbenchError::Usage(format!("the settings cannot be written as TOML: {why}")))?;
    Ok(WrittenConfig { text, environment: Environment::of(writer.variables), notes: writer.notes })
}

#[derive(Default)]
struct Writer {
    variables: BTreeMap<String, String>,
    notes: Vec<String>,
}

impl Writer {
    /// Keeps a secret under a name of its own; the reference to it.
    fn variable(&mut self, name: &str, value: String) -> Value {
        self.variables.insert(name.to_owned(), value);
        json!({ "env": name })
    }

    fn action(&mut self, setup: ActionSource<'_>, plugin: &str) -> Value {
        let declared = setup.declared();
        let mut action = json!({
            "name": setup.name, "plugin": plugin, "settings": setup.settings,
            "grants": grants(&declared),
            "factors": declared.factors.iter()
                .map(|(name, amr)| json!({ "name": name, "max_age": MAX_AGE, "amr": amr }))
                .collect::<Vec<_>>(),
            "limits": { "wall_clock": WALL_CLOCK },
        });
        merge(&mut action, &Value::Object(setup.operator.clone()));
        let secrets = self.secrets(setup, &declared);
        let keys = self.keys(setup, &declared, action.get("keys"));
        if let Some(action) = action.as_object_mut() {
            action.insert("secrets".to_owned(), secrets);
            action.insert("keys".to_owned(), keys);
        }
        action
    }

    fn secrets(&mut self, setup: ActionSource<'_>, declared: &Declared) -> Value {
        let mut secrets = Map::new();
        for name in &declared.capabilities.secrets {
            if !setup.secrets.contains_key(name) {
                self.notes.push(format!("secret `{name}` is a stand-in"));
            }
        }
        let stand_ins = declared.capabilities.secrets.iter().map(|name| (name.clone(), format!("stand-in-of-{name}")));
        let shared = setup.shared_secret(declared).map(|secret| (declared.result.key.clone(), secret));
        let all: BTreeMap<_, _> = stand_ins.chain(setup.secrets.clone()).chain(shared).collect();
        for (name, value) in all {
            let variable = format!("SECRET {} {name}", setup.name).replace([' ', '='], "_");
            secrets.insert(name, self.variable(&variable, value));
        }
        Value::Object(secrets)
    }

    /// The key that proves replies, and those that the plugin uses itself; what the operator's table has of them stays.
    fn keys(&mut self, setup: ActionSource<'_>, declared: &Declared, written: Option<&Value>) -> Value {
        let mut keys = written.and_then(Value::as_object).cloned().unwrap_or_default();
        let proof = token_profile(declared).map(|profile| (declared.result.key.as_str(), profile));
        let origin = declared.capabilities.redirect_origins.first();
        let issuer = origin.map_or("https://prompt.example", String::as_str);
        for name in declared.capabilities.keys.iter().map(String::as_str).chain(proof.map(|(name, _)| name)) {
            let variable = format!("KEY_{}_{name}", setup.name);
            let key = keys.entry(name.to_owned()).or_insert_with(|| json!({}));
            let Some(key) = key.as_object_mut() else { continue };
            match proof.filter(|(proof, _)| *proof == name) {
                Some((_, profile)) => {
                    self.token_key(key, (profile, setup.shared_secret(declared)), issuer, &variable);
                }
                None => self.own_key(key, name, &variable),
            }
        }
        Value::Object(keys)
    }

    fn token_key(
        &mut self,
        key: &mut Map<String, Value>,
        (profile, shared): (TokenProfile, Option<String>),
        issuer: &str,
        variable: &str,
    ) {
        let usual = if profile == TokenProfile::Auth0 { Alg::Hs256 } else { Alg::EdDsa };
        let alg = key.entry("alg").or_insert_with(|| usual.as_str().into()).as_str().and_then(Alg::of_name);
        let issuer = key.entry("issuer").or_insert_with(|| issuer.into()).as_str().unwrap_or_default().to_owned();
        // An algorithm that no such token has is refused by the host.
        let Some(alg) = alg else { return };
        let material = if alg == Alg::Hs256 { "secret" } else { "jwks" };
        let simulated = || PartnerKey::simulated(profile, &issuer, alg).configured();
        let reference = self.variable(variable, shared.unwrap_or_else(simulated));
        key.entry(material).or_insert(reference);
    }

    /// A key that the plugin uses itself: a secret or a private key is made up, public keys of others have to be given.
    fn own_key(&mut self, key: &mut Map<String, Value>, name: &str, variable: &str) {
        if ["jwks", "secret", "private_key"].iter().any(|material| key.contains_key(*material)) {
            return;
        }
        let alg = key.entry("alg").or_insert_with(|| "HS256".into()).as_str().unwrap_or_default().to_owned();
        let made = match alg.as_str() {
            "HS256" | "HS384" | "HS512" => Some(("secret", format!("stand-in of key {name}, {}", "x".repeat(64)))),
            "EdDSA" | "ES256" => Alg::of_name(&alg).and_then(own_private_key).map(|pem| ("private_key", pem)),
            _ => None,
        };
        let Some((material, text)) = made else { return };
        self.notes.push(format!("key `{name}` is a stand-in"));
        let reference = self.variable(variable, text);
        key.insert(material.to_owned(), reference);
    }
}

/// A private key in PEM; the same everywhere, and no secret.
pub(super) fn own_private_key(alg: Alg) -> Option<String> {
    use ed25519_dalek::pkcs8::EncodePrivateKey as _;
    let seed = *b"a plugin's own key, not a secret";
    let ending = Default::default();
    let pem = match alg {
        Alg::EdDsa => ed25519_dalek::SigningKey::from_bytes(&seed).to_pkcs8_pem(ending).ok()?,
        Alg::Es256 => p256::SecretKey::from_slice(&seed).ok()?.to_pkcs8_pem(ending).ok()?,
        Alg::Hs256 => return None,
    };
    Some(pem.to_string())
}

fn grants(declared: &Declared) -> Value {
    let asked = &declared.capabilities;
    let external = declared.result.profile == Profile::External;
    let external: Vec<_> = declared.factors.iter().filter(|_| external).map(|(name, _)| name.as_str()).collect();
    json!({
        "event": asked.event, "redirect_origins": asked.redirect_origins, "secrets": asked.secrets, "keys": asked.keys,
        "hosts": asked.hosts, "claims": asked.claims, "scopes": asked.scopes, "app_metadata": asked.app_metadata,
        "user_metadata": asked.user_metadata, "external": external,
    })
}
