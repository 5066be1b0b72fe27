//! What a manifest asks for, and with it what the fake host grants.

use serde_json::Value;

/// Grants by kind; where there is no manifest, everything.
#[derive(Debug, Clone)]
pub(super) struct Grants {
    manifest: Option<Value>,
    settings: Value,
}

/// How replies are proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Profile {
    Postlude,
    Auth0,
    External,
    None,
}

impl Grants {
    pub(super) fn new(manifest: Option<&Value>, settings: &Value) -> Self {
        Self { manifest: manifest.cloned(), settings: settings.clone() }
    }

    /// Whether the manifest asks for this name under `capabilities`.
    pub(super) fn has(&self, kind: &str, name: &str) -> bool {
        self.manifest.is_none() || self.asked(kind).contains(&name)
    }

    /// Whether tokens of the redirect may be made by this key: that of the manifest's `result` needs no further grant.
    pub(super) fn has_token_key(&self, key: &str) -> bool {
        let result = self.manifest.as_ref().and_then(|manifest| manifest.pointer("/result/key"));
        result.and_then(|result| self.text(result)) == Some(key) || self.has("keys", key)
    }

    /// Whether the manifest asks for a part of the event, by its own pointer or that of a part around it.
    pub(super) fn has_event(&self, pointer: &str) -> bool {
        let within = |granted: &&str| {
            pointer.strip_prefix(*granted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.manifest.is_none() || self.asked("event").iter().any(within)
    }

    /// Whether the manifest asks for the host of a URL.
    pub(super) fn has_host(&self, url: &str) -> bool {
        self.manifest.is_none() || self.asked("hosts").iter().any(|asked| host_of(asked) == host_of(url))
    }

    pub(super) fn declares_factor(&self, name: &str) -> bool {
        let Some(manifest) = &self.manifest else { return true };
        let declared = manifest.get("factors").and_then(Value::as_array).into_iter().flatten();
        declared.filter_map(|factor| self.text(factor.get("name")?)).any(|declared| declared == name)
    }

    pub(super) fn profile(&self) -> Profile {
        let Some(manifest) = &self.manifest else { return Profile::Postlude };
        let result = manifest.get("result");
        let profile = result.and_then(|result| result.get("profile")).and_then(|profile| self.text(profile));
        match profile.or_else(|| result.and_then(Value::as_str)) {
            Some("postlude") => Profile::Postlude,
            Some("auth0") => Profile::Auth0,
            Some("external") => Profile::External,
            _ => Profile::None,
        }
    }

    /// What the manifest asks for of one kind.
    fn asked(&self, kind: &str) -> Vec<&str> {
        let asked = self.manifest.as_ref().and_then(|manifest| manifest.get("capabilities")?.get(kind)?.as_array());
        let texts = |text| match setting_of(text) {
            Some(pointer) => strings_at(&self.settings, pointer),
            None => text.as_str().into_iter().collect(),
        };
        asked.into_iter().flatten().flat_map(texts).collect()
    }

    /// A literal, or the setting that it refers to.
    fn text<'a>(&'a self, text: &'a Value) -> Option<&'a str> {
        match setting_of(text) {
            Some(pointer) => self.settings.pointer(pointer)?.as_str(),
            None => text.as_str(),
        }
    }
}

fn setting_of(text: &Value) -> Option<&str> {
    text.get("setting").and_then(Value::as_str)
}

/// The strings at a pointer; in an array the segment `*` stands for each element.
fn strings_at<'a>(settings: &'a Value, pointer: &str) -> Vec<&'a str> {
    let mut found = vec![settings];
    for segment in pointer.split('/').skip(1) {
        let step = |value: &'a Value| match value {
            Value::Array(elements) if segment == "*" => elements.iter().collect(),
            other => other.pointer(&format!("/{segment}")).into_iter().collect::<Vec<_>>(),
        };
        found = found.into_iter().flat_map(step).collect();
    }
    found.into_iter().filter_map(Value::as_str).collect()
}

/// The host of a URL or of a grant, with its port unless that is the scheme's own.
fn host_of(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let own = if scheme == "http" { ":80" } else { ":443" };
    host.strip_suffix(own).unwrap_or(&host).to_owned()
}
