//! From a JSON Schema (draft 2020-12) to types that every language has.
//!
//! What has no such type (`oneOf` and the like) is any JSON value. The host checks the settings against the schema, so the types need
//! not repeat its limits.

use super::names;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The kinds of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    /// One of several texts.
    Choice(Vec<String>),
    Integer,
    Number,
    Boolean,
    List(Box<Shape>),
    /// An object whose keys are free and whose values are alike.
    Map(Box<Shape>),
    /// An object with properties, by the name of its type.
    Object(String),
    Nullable(Box<Shape>),
    Any,
}

/// A property of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// The name in JSON.
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) required: bool,
    /// The schema's description.
    pub(super) doc: Option<String>,
    /// The schema's default, which the plugin has to apply: the host gives the settings as the operator wrote them.
    pub(super) default: Option<Value>,
}

impl Field {
    /// What a reader should know, in lines.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.doc.iter().flat_map(|doc| doc.lines()).map(str::to_owned).collect();
        lines.extend(self.default.as_ref().map(|value| format!("Where it is not set: {value}.")));
        lines
    }
}

/// An object with properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) name: String,
    /// The schema's description.
    pub(super) doc: Option<String>,
    pub(super) fields: Vec<Field>,
}

/// The objects of a schema; the last is `Settings`, and each stands before those that have it.
pub(super) fn types(schema: &Value) -> Vec<Object> {
    let mut types = Types { root: schema, objects: Vec::new(), names: BTreeSet::new(), open: Vec::new() };
    let none = Map::new();
    types.object(schema.get("properties").and_then(Value::as_object).unwrap_or(&none), schema, "Settings");
    types.objects
}

struct Types<'a> {
    root: &'a Value,
    objects: Vec<Object>,
    /// Names that are taken.
    names: BTreeSet<String>,
    /// The definitions that are being followed, which may refer to themselves.
    open: Vec<&'a str>,
}

impl<'a> Types<'a> {
    /// The shape of a schema; `name` is for an object that has to be defined.
    fn shape(&mut self, schema: &'a Value, name: &str) -> Shape {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.reference(reference);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            let texts: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
            return texts.map_or(Shape::Any, Shape::Choice);
        }
        let kinds: Vec<&str> = match schema.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let nullable = kinds.contains(&"null");
        let kinds: Vec<&str> = kinds.into_iter().filter(|kind| *kind != "null").collect();
        let [kind] = kinds.as_slice() else { return Shape::Any };
        let shape = self.of_kind(kind, schema, name);
        if nullable { Shape::Nullable(Box::new(shape)) } else { shape }
    }

    fn of_kind(&mut self, kind: &str, schema: &'a Value, name: &str) -> Shape {
        match kind {
            "string" => Shape::Text,
            "boolean" => Shape::Boolean,
            "number" => Shape::Number,
            "integer" => Shape::Integer,
            "array" => {
                let items = schema.get("items").map_or(Shape::Any, |items| self.shape(items, &format!("{name}Item")));
                Shape::List(Box::new(items))
            }
            "object" => match schema.get("properties").and_then(Value::as_object) {
                Some(properties) => Shape::Object(self.object(properties, schema, name)),
                None => {
                    let values = schema.get("additionalProperties").filter(|values| values.is_object());
                    let values = values.map_or(Shape::Any, |values| self.shape(values, &format!("{name}Value")));
                    Shape::Map(Box::new(values))
                }
            },
            _ => Shape::Any,
        }
    }

    /// A schema of `$defs`, whose object is defined once.
    fn reference(&mut self, reference: &str) -> Shape {
        let root = self.root;
        let found =
            reference.strip_prefix("#/$defs/").and_then(|name| root.get("$defs")?.as_object()?.get_key_value(name));
        let Some((def, schema)) = found else { return Shape::Any };
        let name = format!("Settings{}", names::pascal(def));
        let is_object = schema.get("properties").is_some() && schema.get("type").is_some_and(|kind| kind == "object");
        if is_object && self.names.contains(&name) {
            return Shape::Object(name);
        }
        if self.open.contains(&def.as_str()) {
            return Shape::Any;
        }
        self.open.push(def);
        let shape = self.shape(schema, &name);
        self.open.pop();
        shape
    }

    fn object(&mut self, properties: &'a Map<String, Value>, schema: &'a Value, name: &str) -> String {
        let mut free = name.to_owned();
        while !self.names.insert(free.clone()) {
            free.push('_');
        }
        let text = |schema: &Value, key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let fields = properties.iter().map(|(property, schema)| Field {
            name: property.clone(),
            shape: self.shape(schema, &format!("{name}{}", names::pascal(property))),
            required: required.contains(&property.as_str()),
            doc: text(schema, "description"),
            default: schema.get("default").cloned(),
        });
        let fields = fields.collect();
        self.objects.push(Object { name: free.clone(), doc: text(schema, "description"), fields });
        free
    }
}
