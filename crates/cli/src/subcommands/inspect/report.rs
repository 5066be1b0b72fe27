//! What `postlude inspect` says of one file.

use super::difference::Difference;
use crate::output::{self, Paint};
use postlude_model::manifest::{Manifest, ResultProof};
use postlude_sandbox::Inspection;
use serde_json::{Map, Value, json};

/// What is known of the publisher's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signature {
    /// There is none, and nobody asked.
    None,
    /// There is none, and one was asked for.
    Missing,
    /// There is one, and no key to verify it with.
    Unverified,
    /// It verifies.
    Verified,
    /// It does not verify.
    Wrong(String),
}

impl Signature {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Missing => "missing",
            Self::Unverified => "unverified",
            Self::Verified => "verified",
            Self::Wrong(_) => "wrong",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Missing => output::coloured(Paint::Bad, "none, and `--publisher-key` asks for one"),
            Self::Unverified => output::coloured(Paint::Careful, "there, not verified; give `--publisher-key`"),
            Self::Verified => output::coloured(Paint::Good, "verified"),
            Self::Wrong(why) => output::coloured(Paint::Bad, why),
        }
    }
}

/// Everything about one file.
#[derive(Debug)]
pub(super) struct Report<'a> {
    inspection: &'a Inspection,
    signature: Signature,
    /// Why this host would not load the file.
    pub(super) refused: Option<String>,
}

impl<'a> Report<'a> {
    pub(super) fn new(inspection: &'a Inspection, signature: Signature) -> Self {
        Self { inspection, signature, refused: inspection.refused.as_ref().map(ToString::to_string) }
    }

    /// Whether nothing speaks against the file.
    pub(super) fn acceptable(&self) -> bool {
        self.refused.is_none() && !matches!(self.signature, Signature::Missing | Signature::Wrong(_))
    }

    /// The report for scripts.
    pub(super) fn with(&self, difference: Option<&Difference>) -> Value {
        let Inspection { digest, size, manifest, imports, foreign, tier, .. } = self.inspection;
        let mut report = json!({
            "digest": digest,
            "size": size,
            "tier": tier.as_str(),
            "imports": imports,
            "foreign_imports": foreign,
            "manifest": manifest.as_ref().ok(),
            "signature": self.signature.as_str(),
            "refused": self.refused,
        });
        if let (Some(report), Some(difference)) = (report.as_object_mut(), difference) {
            report.insert("difference".to_owned(), difference.as_json());
        }
        report
    }

    /// The report for people.
    pub(super) fn show(&self) {
        let Inspection { digest, size, manifest, imports, foreign, tier, .. } = self.inspection;
        match manifest {
            Ok(manifest) => {
                let Manifest { name, version, publisher, .. } = manifest;
                output::line(format!("{} by {publisher}", output::coloured(Paint::Good, &format!("{name} {version}"))));
            }
            Err(why) => output::line(format!("{} {why}", output::coloured(Paint::Bad, "no manifest:"))),
        }
        field("digest", digest);
        field("size", format!("{} bytes", output::grouped(u64::try_from(*size).unwrap_or(u64::MAX))));
        if let Ok(manifest) = manifest {
            field("abi", manifest.abi.package());
        }
        field("tier", tier.as_str());
        field("imports", list(imports));
        if !foreign.is_empty() {
            field("not ours", list(foreign));
        }
        field("signature", self.signature.text());
        if let Ok(manifest) = manifest {
            describe(manifest);
        }
    }
}

fn field(name: &str, value: impl std::fmt::Display) {
    output::line(format!("  {name:<26} {value}"));
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(" ") }
}

fn describe(manifest: &Manifest) {
    for factor in &manifest.factors {
        let name = text(&serde_json::to_value(&factor.name).unwrap_or_default());
        let amr =
            if factor.amr.is_empty() { String::new() } else { format!("  proposes amr {}", factor.amr.join(" ")) };
        field("records factor", format!("{name}{amr}"));
    }
    field("reply proved by", proof(&manifest.result));
    let asked = capabilities(manifest);
    if asked.is_empty() {
        field("asks for", "nothing");
    }
    for (name, values) in asked {
        field(&format!("asks for {name}"), values.join(" "));
    }
    for (name, value) in limits(manifest) {
        field(&format!("lowers {name}"), value);
    }
    for setting in settings(manifest) {
        field("setting", setting);
    }
}

/// The capabilities that a manifest asks for, by name; those of which it asks nothing are left out.
pub(super) fn capabilities(manifest: &Manifest) -> Vec<(String, Vec<String>)> {
    let asked = serde_json::to_value(&manifest.capabilities).unwrap_or_default();
    let asked = asked.as_object().into_iter().flatten();
    let named = asked.map(|(name, values)| {
        (name.replace('_', " "), values.as_array().into_iter().flatten().map(text).collect::<Vec<_>>())
    });
    named.filter(|(_, values)| !values.is_empty()).collect()
}

/// The limits that a manifest suggests.
pub(super) fn limits(manifest: &Manifest) -> Vec<(String, String)> {
    let suggested = serde_json::to_value(&manifest.limits).unwrap_or_default();
    let suggested = suggested.as_object().into_iter().flatten();
    let given = suggested.filter_map(|(name, value)| Some((name.replace('_', " "), output::grouped(value.as_u64()?))));
    given.collect()
}

/// How a reply is proved, in a line.
pub(super) fn proof(proof: &ResultProof) -> String {
    match serde_json::to_value(proof) {
        Ok(Value::String(name)) if name == "external" => "the plugin's own exchange (external)".to_owned(),
        Ok(Value::Object(token)) => {
            let part = |name: &str| token.get(name).map(text).unwrap_or_default();
            format!("token in {}, key {}, profile {}", part("parameter"), part("key"), part("profile"))
        }
        _ => "nothing".to_owned(),
    }
}

/// A literal, or the setting that holds it.
pub(super) fn text(value: &Value) -> String {
    match (value.as_str(), value.get("setting").and_then(Value::as_str)) {
        (Some(""), _) => "\"\"".to_owned(),
        (Some(literal), _) => literal.to_owned(),
        (None, Some(pointer)) => format!("<setting {pointer}>"),
        (None, None) => value.to_string(),
    }
}

/// The settings that the schema names, with their types.
pub(super) fn settings(manifest: &Manifest) -> Vec<String> {
    let Some(schema) = &manifest.settings else { return Vec::new() };
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let line = |(name, property): (&String, &Value)| {
        let choices = property.get("enum").and_then(Value::as_array);
        let choices = choices.map(|all| all.iter().map(text).collect::<Vec<_>>().join(" | "));
        let kind = choices.unwrap_or_else(|| property.get("type").map_or_else(|| "any".to_owned(), text));
        let must = if required.contains(&name.as_str()) { "required" } else { "optional" };
        format!("{name} ({kind}, {must})")
    };
    properties.iter().map(line).collect()
}
