//! What a manifest says, in the words of `postlude inspect`.

use crate::output;
use postlude_model::manifest::{Manifest, ResultProof};
use serde_json::{Map, Value};

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
