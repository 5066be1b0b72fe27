//! What an action is run with on both sides: an event, secrets, the network's answers, the reply of a prompt site.

use anyhow::{Context as _, Result};
use postlude_build::auth0::Action;
use postlude_model::action::Mode;
use postlude_model::claims::is_reserved;
use postlude_stories::event::merge;
use postlude_stories::partner::{Alg, PartnerKey, TokenProfile};
use postlude_stories::workbench::BEGINNING;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The state that the reference has; that of a plugin's login is another one.
pub(super) const STATE: &str = "the-state";

/// What a file `ACTION.case.json` may say; all of it may be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    /// Changes of the usual event (RFC 7396).
    event: Option<Value>,
    /// Secrets by name; others get stand-ins.
    secrets: BTreeMap<String, String>,
    /// `event.configuration`.
    configuration: Option<Value>,
    /// What the network answers: `{url, method, status, headers, body}`; a URL by its beginning.
    http: Vec<Value>,
    /// `interactive`, `silent`, `refresh` or `password`.
    mode: Option<String>,
    /// The query with which the browser comes back, beside the session token.
    reply: BTreeMap<String, String>,
    /// Claims of the session token (RFC 7396).
    token: Option<Value>,
    /// Why the plugin does not do what Node does, where that is known.
    known_difference: Option<String>,
}

/// A case.
#[derive(Debug)]
pub(super) struct Case {
    /// The event as the IdP sends it.
    pub(super) event: Value,
    /// The secrets.
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) mode: Mode,
    written: Written,
    token: Option<(String, PartnerKey)>,
}

impl Case {
    /// The case of an action.
    pub(super) fn of(file: &Path, action: &Action) -> Result<Self> {
        let path = file.with_extension("case.json");
        let written = match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).with_context(|| format!("`{}` is no case", path.display()))?,
            Err(_) => Written::default(),
        };
        let mut event = usual_event();
        merge(&mut event, written.event.as_ref().unwrap_or(&json!({})));
        let names = action.manifest.pointer("/capabilities/secrets").and_then(Value::as_array);
        let names = names.into_iter().flatten().filter_map(Value::as_str);
        let mut secrets: BTreeMap<_, _> = names.map(|name| (name.to_owned(), format!("stand-in-of-{name}"))).collect();
        secrets.extend(written.secrets.clone());
        let token = action.token.as_ref().map(|token| {
            let simulated = PartnerKey::simulated(TokenProfile::Auth0, "", Alg::Hs256).configured();
            let secret = token.secret.as_ref().map_or(simulated.clone(), |name| {
                secrets.insert(name.clone(), simulated.clone());
                simulated
            });
            (token.parameter.clone(), PartnerKey::shared(TokenProfile::Auth0, "", &secret))
        });
        let mode = written.mode.as_deref().map_or(Some(Mode::Interactive), Mode::from_name);
        let mode = mode.with_context(|| format!("`{}`: there is no such `mode`", path.display()))?;
        Ok(Self { event, secrets, mode, written, token })
    }

    /// Why the plugin is known not to do the same.
    pub(super) fn known_difference(&self) -> Option<&str> {
        self.written.known_difference.as_deref()
    }

    /// What the reference runs with.
    pub(super) fn for_node(&self, file: &Path, seed: u32) -> Result<Value> {
        let mut event = self.event.clone();
        let configuration = self.written.configuration.clone().unwrap_or_else(|| json!({}));
        merge(&mut event, &json!({ "secrets": self.secrets, "configuration": configuration }));
        let reply: BTreeMap<_, _> = self.reply(STATE)?.into_iter().collect();
        Ok(json!({
            "file": file, "event": event, "now": BEGINNING.0, "seed": seed, "state": STATE, "reply": reply,
            "canRedirect": self.mode == Mode::Interactive, "http": self.written.http,
        }))
    }

    /// What the browser brings back.
    pub(super) fn reply(&self, state: &str) -> Result<Vec<(String, String)>> {
        let mut query: Vec<_> = self.written.reply.clone().into_iter().collect();
        if let Some((parameter, key)) = &self.token {
            let now = BEGINNING.seconds();
            let user = self.event.pointer("/user/user_id").cloned().unwrap_or_default();
            let mut claims = json!({
                "iss": "https://prompt.example", "sub": user, "iat": now, "exp": now.saturating_add(300), "jti": "result-0",
                "state": state,
            });
            merge(&mut claims, self.written.token.as_ref().unwrap_or(&json!({})));
            query.push((parameter.clone(), key.sign(&claims).map_err(anyhow::Error::msg)?));
        }
        Ok(query)
    }

    /// The action's settings: what its manifest leaves to them, as the reference's calls showed it.
    pub(super) fn settings(&self, manifest: &Value, node: &Value) -> Value {
        let mut settings = Map::new();
        let schema = manifest.pointer("/settings/properties").and_then(Value::as_object);
        for name in schema.into_iter().flat_map(Map::keys) {
            let value = match name.as_str() {
                "configuration" => self.written.configuration.clone(),
                "secrets" => Some(self.secrets.keys().cloned().collect()),
                "hosts" => Some(hosts(node)),
                "redirect_origins" => Some(names(node, &["redirect.sendUserTo"], origin)),
                "factor" => names(node, &["authentication.recordMethod"], Some).get(0).cloned(),
                "claims" => Some(names(node, &["idToken.setCustomClaim", "accessToken.setCustomClaim"], |name| {
                    (!is_reserved(&name)).then_some(name)
                })),
                "scopes" => Some(names(node, &["accessToken.addScope", "accessToken.removeScope"], Some)),
                "app_metadata" => Some(names(node, &["user.setAppMetadata"], Some)),
                "user_metadata" => Some(names(node, &["user.setUserMetadata"], Some)),
                _ => None,
            };
            // A factor that no call named: the manifest still needs one.
            let value = value.or_else(|| (name == "factor").then(|| json!("https://acme.example/factor")));
            settings.extend(value.map(|value| (name.clone(), value)));
        }
        Value::Object(settings)
    }
}

/// The first arguments of calls of these methods, each once.
fn names(node: &Value, methods: &[&str], of: fn(String) -> Option<String>) -> Value {
    let phases = ["login", "continue"].into_iter().filter_map(|phase| node.get(phase)?.get("calls")?.as_array());
    let calls = phases
        .flatten()
        .filter(|call| call.get("method").and_then(Value::as_str).is_some_and(|method| methods.contains(&method)));
    let texts = calls.filter_map(|call| match call.pointer("/args/0")? {
        Value::String(text) => of(text.clone()),
        Value::Null => of("null".to_owned()),
        other => of(other.to_string()),
    });
    texts.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

fn origin(text: String) -> Option<String> {
    reqwest::Url::parse(&text).ok().map(|url| url.origin().ascii_serialization())
}

/// The hosts that the reference called.
fn hosts(node: &Value) -> Value {
    let phases = ["login", "continue"].into_iter().filter_map(|phase| node.get(phase)?.get("requests")?.as_array());
    let urls = phases.flatten().filter_map(|one| reqwest::Url::parse(one.pointer("/request/url")?.as_str()?).ok());
    let hosts = urls.filter_map(|url| {
        let host = url.host_str()?.to_owned();
        Some(url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}")))
    });
    hosts.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// An event with everything that Auth0's event has, so that few actions need one of their own.
fn usual_event() -> Value {
    let mut event = postlude_stories::event::sample();
    merge(
        &mut event,
        &json!({
            "user": {
                "user_id": "auth0|5f7c8ec7c33c6c004bbafe82", "username": "ana", "nickname": "ana", "picture": "https://cdn.example/ana.png",
                "updated_at": "2025-12-31T10:00:00.000Z", "last_password_reset": "2025-06-01T00:00:00.000Z", "phone_number": "+351210000000",
                "phone_verified": true, "multifactor": [], "enrolledFactors": [], "app_metadata": { "plan": "pro", "roles": ["member"] },
                "user_metadata": { "color": "blue" },
                "identities": [{
                    "connection": "Username-Password-Authentication", "isSocial": false, "provider": "auth0", "userId": "5f7c8ec7c33c6c004bbafe82",
                    "user_id": "5f7c8ec7c33c6c004bbafe82",
                }],
            },
            "client": { "client_id": "AaiyAPdpYdesoKnqjj8HJqRn4T5titww", "metadata": { "tier": "gold" } },
            "connection": { "id": "con_fpe5kj482KO1eOzQ", "name": "Username-Password-Authentication", "strategy": "auth0", "metadata": {} },
            "tenant": { "id": "acme" },
            "organization": { "id": "org_juG7cAQ0CymOcVpV", "name": "acme", "display_name": "Acme", "metadata": { "region": "eu" } },
            "resource_server": { "identifier": "https://api.acme.example" },
            "stats": { "logins_count": 7 },
            "session": { "id": "session-of-ana", "metadata": {} },
            "request": {
                "query": { "client_id": "AaiyAPdpYdesoKnqjj8HJqRn4T5titww", "scope": "openid profile" }, "body": {},
                "geoip": {
                    "cityName": "Lisbon", "continentCode": "EU", "countryCode": "PT", "countryCode3": "PRT", "countryName": "Portugal",
                    "latitude": 38.7, "longitude": -9.1, "subdivisionCode": "11", "subdivisionName": "Lisbon", "timeZone": "Europe/Lisbon",
                },
            },
            "transaction": { "id": "transaction-of-ana", "metadata": {}, "login_hint": "ana@acme.example", "prompt": [], "ui_locales": [],
                "redirect_uri": "https://shop.acme.example/callback", "response_type": ["code"], "response_mode": "query", "state": "state-of-the-client" },
        }),
    );
    event
}
