//! Settings as interfaces of TypeScript, which JavaScript's editors read as well.

use super::names;
use super::schema::{Object, Shape};
use std::fmt::Write as _;

/// The declarations, `Settings` the last.
pub(super) fn text(objects: &[Object]) -> String {
    let mut text = "// Made of manifest.json by `postlude build`, and renewed by it: do not edit.\n".to_owned();
    for object in objects {
        let doc =
            object.doc.clone().unwrap_or_else(|| "What the operator sets, by the schema in manifest.json.".to_owned());
        text.push('\n');
        comment(&mut text, "", &doc.lines().map(str::to_owned).collect::<Vec<_>>());
        let _ = writeln!(text, "export interface {} {{", object.name);
        for field in &object.fields {
            comment(&mut text, "  ", &field.lines());
            let name = if names::is_plain(&field.name) { field.name.clone() } else { quoted(&field.name) };
            let optional = if field.required { "" } else { "?" };
            let _ = writeln!(text, "  {name}{optional}: {};", kind(&field.shape));
        }
        text.push_str("}\n");
    }
    text
}

/// The type of a value.
fn kind(shape: &Shape) -> String {
    match shape {
        Shape::Text => "string".to_owned(),
        Shape::Choice(texts) if texts.is_empty() => "never".to_owned(),
        Shape::Choice(texts) => texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(" | "),
        Shape::Integer | Shape::Number => "number".to_owned(),
        Shape::Boolean => "boolean".to_owned(),
        Shape::List(items) => format!("Array<{}>", kind(items)),
        Shape::Map(values) => format!("Record<string, {}>", kind(values)),
        Shape::Object(name) => name.clone(),
        Shape::Nullable(inner) => format!("{} | null", kind(inner)),
        Shape::Any => "unknown".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn comment(text: &mut String, indent: &str, lines: &[String]) {
    let lines: Vec<String> = lines.iter().map(|line| line.replace("*/", "* /")).collect();
    match lines.as_slice() {
        [] => {}
        [line] => {
            let _ = writeln!(text, "{indent}/** {line} */");
        }
        lines => {
            let _ = writeln!(text, "{indent}/**");
            for line in lines {
                let _ = writeln!(text, "{}", format!("{indent} * {line}").trim_end());
            }
            let _ = writeln!(text, "{indent} */");
        }
    }
}
