//! Values as TOML in one line, for stories that are made and not written.

use serde_json::Value;

/// A value as TOML in one line.
pub(crate) fn inline(value: &Value) -> String {
    match value {
        // TOML has no null. A patch has it where it removes, which stories write so.
        Value::Null => "{ absent = true }".to_owned(),
        Value::String(text) => toml::Value::String(text.clone()).to_string(),
        Value::Array(elements) => format!("[{}]", elements.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let pairs: Vec<_> =
                members.iter().map(|(name, member)| format!("{} = {}", key(name), inline(member))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

/// A key as TOML writes it: bare, or quoted.
pub(crate) fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { name.to_owned() } else { toml::Value::String(name.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let value = json!({ "a b": [1, 2.5, true, "x\"\n\u{1}"], "c": { "d": {}, "e": [] }, "": "'" });
        let text = format!("x = {}", inline(&value));
        let read: toml::Table = text.parse().unwrap();
        assert_eq!(serde_json::to_value(&read["x"]).unwrap(), value);
        assert_eq!(inline(&Value::Null), "{ absent = true }");
    }
}
