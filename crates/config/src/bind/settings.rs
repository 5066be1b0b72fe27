//! Settings against the JSON Schema that the plugin brings.

use super::site::Site;
use postlude_model::limits::{SCHEMA_PATTERN_BYTES, SCHEMA_PATTERNS};
use serde_json::Value;

/// Violations that are listed for one action: a schema that refuses everything must not hide the rest.
const MOST_VIOLATIONS: usize = 20;

/// Validates the settings; without a schema there must be none. False where they were forgotten altogether: then everything that
/// the manifest takes from them is missing too, and need not be said.
pub(super) fn settings(site: &Site<'_>) -> bool {
    let settings = site.action.settings.to_value();
    let Some(schema) = &site.info.manifest.settings else {
        if settings.as_object().is_some_and(|settings| !settings.is_empty()) {
            let message = site.says(format_args!("the plugin `{}` takes no settings", *site.action.plugin));
            site.log.error_hint(site.action.settings.at, message, "remove `settings`");
        }
        return true;
    };
    let required = required(schema);
    if settings.as_object().is_none_or(|settings| settings.is_empty()) && !required.is_empty() {
        let names: Vec<String> = required.iter().map(|name| format!("`{name}`")).collect();
        let message = site.says(format_args!("no settings, and the plugin requires {}", names.join(", ")));
        let values: Vec<String> = required.iter().map(|name| format!("{name} = ..")).collect();
        let hint = format!("add `settings = {{ {} }}` to the action", values.join(", "));
        site.log.error_hint(site.action.settings.at, message, hint);
        return false;
    }
    validate(site, schema, &settings);
    true
}

/// What the schema requires at its outermost level.
fn required(schema: &Value) -> Vec<&str> {
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).take(MOST_VIOLATIONS).collect()
}

fn validate(site: &Site<'_>, schema: &Value, settings: &Value) {
    // The schema is the plugin's: no references to elsewhere, and patterns that cannot run for ever.
    let count = patterns_in(schema);
    if count > SCHEMA_PATTERNS {
        let message = site.says(format_args!(
            "the plugin's schema of its settings has {count} regular expressions, {SCHEMA_PATTERNS} are allowed"
        ));
        site.log.error_hint(site.action.plugin.at, message, "ask the plugin's publisher for a simpler schema");
        return;
    }
    let patterns = jsonschema::PatternOptions::regex().size_limit(SCHEMA_PATTERN_BYTES);
    let validator = match jsonschema::options().offline().with_pattern_options(patterns).build(schema) {
        Ok(validator) => validator,
        Err(why) => {
            let message = site.says(format_args!("the plugin's schema of its settings is not usable: {why}"));
            let hint = "ask the plugin's publisher: a JSON Schema without references to other documents";
            site.log.error_hint(site.action.plugin.at, message, hint);
            return;
        }
    };
    for violation in validator.iter_errors(settings).take(MOST_VIOLATIONS) {
        let pointer = violation.instance_path().to_string();
        let place = if pointer.is_empty() { "`settings`".to_owned() } else { format!("`settings` at `{pointer}`") };
        site.log.error(site.action.settings.at, site.says(format_args!("{place}: {violation}")));
    }
}

/// The regular expressions of a schema: at `pattern`, and as names in `patternProperties`. What is not a schema but has such
/// names, such as an example, counts as well.
fn patterns_in(schema: &Value) -> usize {
    let mut count = 0_usize;
    let mut left = vec![schema];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => {
                count = count.saturating_add(usize::from(members.get("pattern").is_some_and(Value::is_string)));
                let named = members.get("patternProperties").and_then(Value::as_object);
                count = count.saturating_add(named.map_or(0, serde_json::Map::len));
                left.extend(members.values());
            }
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patterns_are_counted_wherever_they_are() {
        let schema = json!({
            "properties": { "a": { "pattern": "^a$" }, "pattern": { "type": "string" } },
            "allOf": [{ "patternProperties": { "^b": { "pattern": "c" }, "^d": true } }],
        });
        assert_eq!(patterns_in(&schema), 4);
    }
}
