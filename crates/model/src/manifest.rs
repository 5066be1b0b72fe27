//! The manifest that a plugin carries: what it is, what it asks for, and how its replies are proved.

use crate::abi::{self, AbiVersion};
use crate::http::host_of;
use crate::json::{Json, JsonError};
use crate::names::{FactorName, PluginName};
use crate::token::Profile;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

/// The custom section that holds the manifest: exactly one, at the outermost level of the component.
pub const SECTION: &str = "postlude:manifest";

/// A plugin's manifest, as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The plugin's name.
    pub name: PluginName,
    /// The plugin's version, for people (Semantic Versioning 2.0.0).
    pub version: String,
    /// The publisher's domain name.
    pub publisher: String,
    /// The version of `postlude:action` that the plugin was built against.
    pub abi: AbiVersion,
    /// The factors that the plugin may record.
    #[serde(default)]
    pub factors: Vec<DeclaredFactor>,
    /// How a reply is proved.
    #[serde(default, skip_serializing_if = "ResultProof::is_absent")]
    pub result: ResultProof,
    /// The capabilities that the plugin asks for.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// JSON Schema of its settings; absent: no settings are accepted.
    #[serde(default)]
    pub settings: Option<Value>,
    /// Limits that the plugin suggests; they only lower the host's.
    #[serde(default)]
    pub limits: SuggestedLimits,
}

/// A text, or where to find it in the action's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// The text itself.
    Literal(String),
    /// A setting's value.
    Setting {
        /// An RFC 6901 pointer into the settings. Among capabilities the segment `*` stands for each element of an array, and
        /// what is found there are as many texts.
        setting: String,
    },
}

/// A factor that the plugin may record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredFactor {
    /// The factor's URL-shaped name.
    pub name: Text,
    /// The amr values (RFC 8176) that the author proposes; the operator grants them.
    #[serde(default)]
    pub amr: Vec<String>,
}

/// How a reply is proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(untagged)]
pub enum ResultProof {
    /// By a signed result token.
    Token(TokenProof),
    /// `"external"` or `"none"`.
    Named(NamedProof),
    /// The manifest says nothing about proof: nothing is proved.
    #[default]
    #[serde(skip)]
    Absent,
}

impl ResultProof {
    /// Whether the manifest says nothing; there is no JSON for that but the absence of the member.
    const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// A result token and the key that verifies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenProof {
    /// The parameter of the reply that carries the token.
    pub parameter: Text,
    /// The name of the key in the operator's configuration.
    pub key: Text,
    /// `postlude` or `auth0`.
    pub profile: Text,
}

/// Proofs without a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NamedProof {
    /// The plugin proves the reply itself.
    External,
    /// Nothing is proved.
    None,
}

/// What a plugin asks for; the operator grants each by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// Parts of the event, as RFC 6901 pointers.
    pub event: Vec<Text>,
    /// Origins that the plugin may redirect to; a URL counts by its origin.
    pub redirect_origins: Vec<Text>,
    /// Secrets by name.
    pub secrets: Vec<Text>,
    /// Keys by name.
    pub keys: Vec<Text>,
    /// Hosts for outbound requests, `host` or `host:port`; a URL counts by these.
    pub hosts: Vec<Text>,
    /// Claims that the plugin may set.
    pub claims: Vec<Text>,
    /// Scopes that the plugin may add or remove.
    pub scopes: Vec<Text>,
    /// Keys of the user's app metadata that the plugin may set.
    pub app_metadata: Vec<Text>,
    /// Keys of the user's own metadata that the plugin may set.
    pub user_metadata: Vec<Text>,
}

/// Limits that a plugin suggests for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct SuggestedLimits {
    /// Fuel of a run.
    pub fuel: Option<u64>,
    /// Wall clock of a run, in milliseconds.
    pub wall_clock_ms: Option<u64>,
    /// Bytes of all linear memories.
    pub memory_bytes: Option<u64>,
}

/// A manifest with every reference to a setting resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Declared {
    /// The factors and their proposed amr values.
    pub factors: Vec<(FactorName, Vec<String>)>,
    /// How replies are proved.
    pub result: ResolvedProof,
    /// What the action may do once the operator granted it.
    pub capabilities: Grants,
}

/// How replies are proved, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedProof {
    /// The profile.
    pub profile: Profile,
    /// The key's name; empty without a token.
    pub key: String,
    /// The reply's parameter; empty without a token.
    pub parameter: String,
}

impl Default for ResolvedProof {
    fn default() -> Self {
        Self { profile: Profile::None, key: String::new(), parameter: String::new() }
    }
}

/// Capabilities by name, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Grants {
    /// Parts of the event, as RFC 6901 pointers.
    pub event: Vec<String>,
    /// Origins, serialised as in RFC 6454, section 6.2.
    pub redirect_origins: Vec<String>,
    /// Names of secrets.
    pub secrets: Vec<String>,
    /// Names of keys.
    pub keys: Vec<String>,
    /// Hosts, as [`host_of`] writes them.
    pub hosts: Vec<String>,
    /// Names of claims.
    pub claims: Vec<String>,
    /// Names of scopes.
    pub scopes: Vec<String>,
    /// App metadata.
    pub app_metadata: Vec<String>,
    /// Keys of user metadata.
    pub user_metadata: Vec<String>,
}

/// What is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON.
    #[error("the manifest is not JSON: {0}")]
    Json(#[from] JsonError),
    /// Not the manifest's shape.
    #[error("the manifest is malformed: {0}")]
    Shape(String),
    /// Another version of the contract.
    #[error("the plugin was built for `{package}@{0}`, this host speaks {spoken}", package = abi::PACKAGE, spoken = abi::accepted_versions())]
    Abi(String),
    /// A setting that the manifest refers to is absent or no string.
    #[error("{what} refers to the setting `{pointer}`, which is not a string in the action's settings")]
    Setting {
        /// What refers to it.
        what: &'static str,
        /// The pointer at which the value should be.
        pointer: String,
    },
    /// A resolved value is not acceptable.
    #[error("{what} `{value}` is not acceptable: {why}")]
    Value {
        /// The part of the manifest that needs the value.
        what: &'static str,
        /// The value.
        value: String,
        /// The reason.
        why: String,
    },
}

impl Manifest {
    /// Reads a manifest strictly.
    ///
    /// # Errors
    /// When it is not JSON, has an unknown or missing field, or another ABI.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let value = crate::json::parse_value(bytes)?;
        // Read first: what else stands in the manifest depends on the version.
        if let Some(abi) = value.get("abi").and_then(Value::as_str).filter(|abi| AbiVersion::from_name(abi).is_none()) {
            return Err(ManifestError::Abi(abi.to_owned()));
        }
        serde_json::from_value(value).map_err(|e| ManifestError::Shape(e.to_string()))
    }

    /// Resolves every reference to a setting. Capabilities whose setting is absent are left out: the action does
    /// without them. Factors and the proof must resolve.
    ///
    /// # Errors
    /// Every reference that does not resolve, and every value that is not acceptable.
    pub fn resolve(&self, settings: &Json) -> Result<Declared, Vec<ManifestError>> {
        let mut resolver = Resolver { settings: settings.to_value(), errors: Vec::new() };
        let factors = self.factors.iter().filter_map(|factor| resolver.factor(factor)).collect();
        let result = resolver.proof(&self.result);
        let capabilities = resolver.capabilities(&self.capabilities);
        if resolver.errors.is_empty() { Ok(Declared { factors, result, capabilities }) } else { Err(resolver.errors) }
    }
}

struct Resolver {
    settings: Value,
    errors: Vec<ManifestError>,
}

impl Resolver {
    fn required(&mut self, what: &'static str, text: &Text) -> Option<String> {
        let found = self.optional(text);
        if let (None, Text::Setting { setting }) = (&found, text) {
            self.errors.push(ManifestError::Setting { what, pointer: setting.clone() });
        }
        found
    }

    fn optional(&self, text: &Text) -> Option<String> {
        match text {
            Text::Literal(text) => Some(text.clone()),
            Text::Setting { setting } => self.settings.pointer(setting)?.as_str().map(str::to_owned),
        }
    }

    /// The texts, each once, in their order.
    fn list(&self, texts: &[Text]) -> Vec<String> {
        let mut list: Vec<String> = Vec::new();
        for text in texts {
            let found = match text {
                Text::Literal(text) => vec![text.as_str()],
                Text::Setting { setting } => strings_at(&self.settings, setting),
            };
            for text in found {
                if !list.iter().any(|known| known == text) {
                    list.push(text.to_owned());
                }
            }
        }
        list
    }

    fn refuse(&mut self, what: &'static str, value: &str, why: impl ToString) {
        self.errors.push(ManifestError::Value { what, value: value.to_owned(), why: why.to_string() });
    }

    fn factor(&mut self, factor: &DeclaredFactor) -> Option<(FactorName, Vec<String>)> {
        let name = self.required("a factor's name", &factor.name)?;
        match FactorName::new(name.clone()) {
            Ok(name) => Some((name, factor.amr.clone())),
            Err(why) => {
                self.refuse("the factor", &name, why);
                None
            }
        }
    }

    fn proof(&mut self, proof: &ResultProof) -> ResolvedProof {
        let token = match proof {
            ResultProof::Token(token) => token,
            ResultProof::Named(NamedProof::External) => {
                return ResolvedProof { profile: Profile::External, ..ResolvedProof::default() };
            }
            ResultProof::Named(NamedProof::None) | ResultProof::Absent => return ResolvedProof::default(),
        };
        let profile = match self.required("the result's profile", &token.profile).as_deref() {
            Some("postlude") => Profile::Postlude,
            Some("auth0") => Profile::Auth0,
            Some(other) => {
                self.refuse("the result's profile", other, "it is neither `postlude` nor `auth0`");
                Profile::None
            }
            None => Profile::None,
        };
        let key = self.required("the result's key", &token.key).unwrap_or_default();
        let parameter = self.required("the result's parameter", &token.parameter).unwrap_or_default();
        ResolvedProof { profile, key, parameter }
    }

    fn capabilities(&mut self, asked: &Capabilities) -> Grants {
        let mut redirect_origins = Vec::new();
        for text in self.list(&asked.redirect_origins) {
            match origin_of(&text) {
                Ok(origin) => redirect_origins.push(origin),
                Err(why) => self.refuse("the redirect origin", &text, why),
            }
        }
        let mut hosts: Vec<String> = Vec::new();
        for text in self.list(&asked.hosts) {
            match host_of(&text) {
                Ok(host) if hosts.contains(&host) => {}
                Ok(host) => hosts.push(host),
                Err(why) => self.refuse("the host", &text, why),
            }
        }
        Grants {
            event: self.list(&asked.event),
            redirect_origins,
            secrets: self.list(&asked.secrets),
            keys: self.list(&asked.keys),
            hosts,
            claims: self.list(&asked.claims),
            scopes: self.list(&asked.scopes),
            app_metadata: self.list(&asked.app_metadata),
            user_metadata: self.list(&asked.user_metadata),
        }
    }
}

/// The strings at a pointer; in an array the segment `*`, which no index is (RFC 6901, section 4), stands for each element.
fn strings_at<'v>(settings: &'v Value, pointer: &str) -> Vec<&'v str> {
    let mut found = vec![settings];
    let mut segments = pointer.split('/');
    if segments.next() != Some("") {
        return Vec::new();
    }
    for segment in segments {
        let step = |value: &'v Value| match value {
            Value::Array(elements) if segment == "*" => elements.iter().collect(),
            other => other.pointer(&format!("/{segment}")).into_iter().collect::<Vec<_>>(),
        };
        found = found.into_iter().flat_map(step).collect();
    }
    found.into_iter().filter_map(Value::as_str).collect()
}

/// The origin of a URL (RFC 6454, section 6.2): scheme, host and a port that is not the scheme's own.
///
/// # Errors
/// When the text is no absolute http(s) URL, or has user information.
pub fn origin_of(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|e| e.to_string())?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err("only https URLs have an origin that can be granted".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it has user information".to_owned());
    }
    Ok(url.origin().ascii_serialization())
}
