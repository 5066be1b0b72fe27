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
        let Some(manifest) = &self.manifest else { return true };
        let asked = manifest.pointer(&format!("/capabilities/{kind}")).and_then(Value::as_array);
        asked.into_iter().flatten().any(|text| self.text(text) == Some(name))
    }

    /// Whether the manifest asks for a part of the event, by its own pointer or that of a part around it.
    pub(super) fn has_event(&self, pointer: &str) -> bool {
        let Some(manifest) = &self.manifest else { return true };
        let asked = manifest.pointer("/capabilities/event").and_then(Value::as_array);
        asked
            .into_iter()
            .flatten()
            .filter_map(|text| self.text(text))
            .any(|granted| pointer.strip_prefix(granted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
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

    /// A literal, or the setting that it refers to.
    fn text<'a>(&'a self, text: &'a Value) -> Option<&'a str> {
        match text.get("setting").and_then(Value::as_str) {
            Some(pointer) => self.settings.pointer(pointer)?.as_str(),
            None => text.as_str(),
        }
    }
}
