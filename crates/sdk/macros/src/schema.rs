//! From a JSON Schema (draft 2020-12) to Rust types.
//!
//! An object with properties becomes a struct, an enumeration of strings an enum, and so on; what Rust has no type for (`oneOf` and the
//! like) stays a JSON value. The host checks the settings against the schema, so the types need not repeat its limits.

use crate::names;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const SERDE: &str = "::postlude_sdk::private::serde";
const VALUE: &str = "::postlude_sdk::Value";

/// The types of a schema, `Settings` the outermost.
pub(crate) fn types(schema: &Value) -> Result<String, String> {
    let mut types = Types { root: schema, code: String::new(), names: BTreeSet::new() };
    if schema.get("properties").and_then(Value::as_object).is_none() {
        return Err("the schema of the settings has no `properties`: there is nothing to make a type of".to_owned());
    }
    types.of(schema, "Settings")?;
    Ok(types.code)
}

struct Types<'a> {
    root: &'a Value,
    code: String,
    /// Names that are taken.
    names: BTreeSet<String>,
}

impl Types<'_> {
    /// The Rust type of a schema; `name` is for a type that has to be defined.
    fn of(&mut self, schema: &Value, name: &str) -> Result<String, String> {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.reference(reference);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return Ok(self.choice(values, schema, name));
        }
        let kinds: Vec<&str> = match schema.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let nullable = kinds.contains(&"null");
        let kinds: Vec<&str> = kinds.into_iter().filter(|kind| *kind != "null").collect();
        let kind = match kinds.as_slice() {
            [kind] => self.of_kind(kind, schema, name)?,
            _ => VALUE.to_owned(),
        };
        Ok(if nullable { format!("Option<{kind}>") } else { kind })
    }

    fn of_kind(&mut self, kind: &str, schema: &Value, name: &str) -> Result<String, String> {
        Ok(match kind {
            "string" => "String".to_owned(),
            "boolean" => "bool".to_owned(),
            "number" => "f64".to_owned(),
            "integer" => {
                let positive = schema.get("minimum").and_then(Value::as_i64).is_some_and(|least| least >= 0);
                if positive { "u64" } else { "i64" }.to_owned()
            }
            "array" => match schema.get("items") {
                Some(items) => format!("Vec<{}>", self.of(items, &format!("{name}Item"))?),
                None => format!("Vec<{VALUE}>"),
            },
            "object" => match schema.get("properties").and_then(Value::as_object) {
                Some(properties) => self.structure(properties, schema, name)?,
                None => match schema.get("additionalProperties").filter(|one| one.is_object()) {
                    Some(values) => {
                        let values = self.of(values, &format!("{name}Value"))?;
                        format!("::std::collections::BTreeMap<String, {values}>")
                    }
                    None => VALUE.to_owned(),
                },
            },
            other => return Err(format!("the schema of the settings has the unknown type `{other}`")),
        })
    }

    /// A schema of `$defs`, whose type is defined once.
    fn reference(&mut self, reference: &str) -> Result<String, String> {
        let wrong = || format!("the schema of the settings refers to `{reference}`, which is not `#/$defs/NAME` of it");
        let def = reference.strip_prefix("#/$defs/").ok_or_else(wrong)?;
        let schema = self.root.get("$defs").and_then(|defs| defs.get(def)).ok_or_else(wrong)?;
        let name = format!("Settings{}", names::pascal(def));
        if self.names.contains(&name) { Ok(name) } else { self.of(schema, &name) }
    }

    fn define(&mut self, name: &str, schema: &Value) -> String {
        let name = schema.get("title").and_then(Value::as_str).map_or_else(|| name.to_owned(), names::pascal);
        let mut free = name.clone();
        let mut count = 2;
        while !self.names.insert(free.clone()) {
            free = format!("{name}{count}");
            count += 1;
        }
        free
    }

    /// An enum, where all values are strings and make different names.
    fn choice(&mut self, values: &[Value], schema: &Value, name: &str) -> String {
        let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        let cases: BTreeSet<String> = texts.iter().map(|text| names::pascal(text)).collect();
        if texts.len() != values.len() {
            return VALUE.to_owned();
        }
        if cases.len() != texts.len() {
            return "String".to_owned();
        }
        let name = self.define(name, schema);
        let mut code =
            head(schema, "One of the values that the schema lists.", "Debug, Clone, Copy, PartialEq, Eq, Hash");
        let _ = write!(code, "pub enum {name} {{");
        for text in texts {
            let _ = write!(
                code,
                "#[doc = {:?}] #[serde(rename = {text:?})] {},",
                format!("`{text}`."),
                names::pascal(text)
            );
        }
        self.code += &(code + "}");
        name
    }

    fn structure(&mut self, properties: &Map<String, Value>, schema: &Value, name: &str) -> Result<String, String> {
        let name = self.define(name, schema);
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let mut code =
            head(schema, "What the operator sets, by the schema of the manifest.", "Debug, Clone, PartialEq");
        let mut defaults = String::new();
        let _ = write!(code, "pub struct {name} {{");
        for (property, schema) in properties {
            let kind = self.of(schema, &format!("{name}{}", names::pascal(property)))?;
            let field = names::field(property);
            let doc = schema.get("description").and_then(Value::as_str).unwrap_or("See the schema of the manifest.");
            let _ = write!(code, "#[doc = {doc:?}] #[serde(rename = {property:?}");
            if required.contains(&property.as_str()) {
                let _ = write!(code, ")] pub {field}: {kind},");
            } else if let Some(value) = default(schema, &kind) {
                let function = format!("default_{}", field.trim_start_matches("r#"));
                let _ = write!(code, ", default = \"{name}::{function}\")] pub {field}: {kind},");
                let _ = write!(defaults, "fn {function}() -> {kind} {{ {value} }}");
            } else if kind.starts_with("Option<") {
                let _ = write!(code, ", default)] pub {field}: {kind},");
            } else {
                let _ = write!(code, ", default)] pub {field}: Option<{kind}>,");
            }
        }
        self.code += &(code + "}");
        if !defaults.is_empty() {
            let _ = write!(self.code, "impl {name} {{ {defaults} }}");
        }
        Ok(name)
    }
}

fn head(schema: &Value, otherwise: &str, derived: &str) -> String {
    let doc = schema.get("description").and_then(Value::as_str).unwrap_or(otherwise);
    format!("#[doc = {doc:?}] #[derive({derived}, {SERDE}::Deserialize)] #[serde(crate = \"{SERDE}\")]")
}

/// The schema's default as a Rust expression, where it is a plain value of the type; else the field is optional.
fn default(schema: &Value, kind: &str) -> Option<String> {
    match (schema.get("default")?, kind) {
        (Value::Bool(value), "bool") => Some(value.to_string()),
        (Value::Number(value), "i64") => value.as_i64().map(|value| value.to_string()),
        (Value::Number(value), "u64") => value.as_u64().map(|value| value.to_string()),
        (Value::Number(value), "f64") => value.as_f64().map(|value| format!("{value:?}")),
        (Value::String(value), "String") => Some(format!("{value:?}.to_owned()")),
        (Value::String(value), kind) if schema.get("enum").is_some() => {
            Some(format!("{kind}::{}", names::pascal(value)))
        }
        (Value::Array(values), kind) if values.is_empty() && kind.starts_with("Vec<") => Some("Vec::new()".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_no_object_is_refused_with_the_reason() {
        assert!(types(&json!({"type": "string"})).unwrap_err().contains("properties"));
        let unknown = json!({"type": "object", "properties": {"a": {"type": "text"}}});
        assert!(types(&unknown).unwrap_err().contains("`text`"));
        let lost = json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}});
        assert!(types(&lost).unwrap_err().contains("`#/$defs/b`"));
    }

    #[test]
    fn values_without_a_rust_type_stay_json() {
        let code =
            types(&json!({"properties": {"a": {"oneOf": []}, "b": {"enum": [1, "x"]}, "c": {"enum": ["a-b", "a_b"]}},
            "type": "object", "required": ["a", "b", "c"]}));
        let code = code.unwrap();
        assert!(
            code.contains("pub a: ::postlude_sdk::Value") && code.contains("pub b: ::postlude_sdk::Value"),
            "{code}"
        );
        assert!(code.contains("pub c: String"), "{code}");
    }
}
