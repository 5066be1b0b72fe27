//! Settings as a dataclass of Python. The objects in it stay dictionaries at run time, so their types are `TypedDict`s.

use super::names;
use super::schema::{Field, Object, Shape};
use serde_json::Value;
use std::fmt::Write as _;

/// The module, `Settings` the last class.
pub(super) fn text(objects: &[Object]) -> String {
    let mut text =
        r#""""What the operator sets. Made of manifest.json by `postlude build`, and renewed by it: do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

__all__ = ["Settings"]
"#
        .to_owned();
    for object in objects {
        let fields: Vec<&Field> = object.fields.iter().filter(|field| names::is_python(&field.name)).collect();
        let (required, optional): (Vec<&Field>, Vec<&Field>) = fields.iter().partition(|field| field.required);
        if object.name == "Settings" {
            text.push_str("\n\n@dataclass\nclass Settings:\n");
            docstring(
                &mut text,
                object.doc.as_deref().unwrap_or("What the operator sets, by the schema in manifest.json."),
            );
            required.iter().for_each(|field| member(&mut text, field, &kind(&field.shape)));
            optional.iter().for_each(|field| member(&mut text, field, &optional_kind(field)));
        } else if optional.is_empty() || required.is_empty() {
            let total = if optional.is_empty() { "" } else { ", total=False" };
            dictionary(&mut text, object, &object.name, &format!("TypedDict{total}"), &fields);
        } else {
            let base = format!("_{}", object.name);
            dictionary(&mut text, object, &base, "TypedDict", &required);
            dictionary(&mut text, object, &object.name, &format!("{base}, total=False"), &optional);
        }
        for field in object.fields.iter().filter(|field| !names::is_python(&field.name)) {
            let name = Value::from(field.name.as_str());
            let _ =
                writeln!(text, "    # {name} is no name in Python: read it as a key of what `login.settings()` gives.");
        }
    }
    text
}

fn dictionary(text: &mut String, object: &Object, name: &str, bases: &str, fields: &[&Field]) {
    let _ = write!(text, "\n\nclass {name}({bases}):\n");
    docstring(text, object.doc.as_deref().unwrap_or("A part of the settings."));
    fields.iter().for_each(|field| member(text, field, &kind(&field.shape)));
}

fn member(text: &mut String, field: &Field, kind: &str) {
    let _ = writeln!(text, "    {}: {kind}", field.name);
    let lines = field.lines();
    if !lines.is_empty() {
        docstring(text, &lines.join("\n"));
    }
}

/// The type of a member that need not be set, with the value that it has then.
fn optional_kind(field: &Field) -> String {
    let own = kind(&field.shape);
    let value = match (&field.default, &field.shape) {
        (Some(Value::Bool(value)), Shape::Boolean) => Some(if *value { "True" } else { "False" }.to_owned()),
        (Some(Value::String(value)), Shape::Text | Shape::Choice(_)) => Some(Value::from(value.as_str()).to_string()),
        (Some(Value::Number(value)), Shape::Integer | Shape::Number) => Some(value.to_string()),
        _ => None,
    };
    match (value, &field.shape) {
        (Some(value), _) => format!("{own} = {value}"),
        (None, Shape::Nullable(_) | Shape::Any) => format!("{own} = None"),
        (None, _) => format!("{own} | None = None"),
    }
}

/// The type of a value. JSON's numbers of no fraction are `int` in Python, which is a `float` to type checkers.
fn kind(shape: &Shape) -> String {
    match shape {
        Shape::Text => "str".to_owned(),
        Shape::Choice(texts) => {
            let texts: Vec<String> = texts.iter().map(|text| Value::from(text.as_str()).to_string()).collect();
            format!("Literal[{}]", texts.join(", "))
        }
        Shape::Integer => "int".to_owned(),
        Shape::Number => "float".to_owned(),
        Shape::Boolean => "bool".to_owned(),
        Shape::List(items) => format!("list[{}]", kind(items)),
        Shape::Map(values) => format!("dict[str, {}]", kind(values)),
        Shape::Object(name) => name.clone(),
        Shape::Nullable(inner) => format!("{} | None", kind(inner)),
        Shape::Any => "Any".to_owned(),
    }
}

fn docstring(text: &mut String, doc: &str) {
    let doc = doc.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\n    ");
    let _ = writeln!(text, "    \"\"\"{doc}\"\"\"");
}
