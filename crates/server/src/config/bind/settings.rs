//! Settings against the JSON Schema that the plugin brings.

use super::Site;
use serde_json::Value;

/// Violations that are listed for one action: a schema that refuses everything must not hide the rest.
const MOST_VIOLATIONS: usize = 20;

impl Site<'_> {
    /// Validates the settings; without a schema there must be none.
    pub(super) fn settings(&self) {
        let settings = self.action.settings.to_value();
        let Some(schema) = &self.info.manifest.settings else {
            if settings.as_object().is_some_and(|settings| !settings.is_empty()) {
                let message = self.says(format_args!("the plugin `{}` takes no settings", *self.action.plugin));
                self.log.error_hint(self.action.settings.at, message, "remove `settings`");
            }
            return;
        };
        self.validate(schema, &settings);
    }

    fn validate(&self, schema: &Value, settings: &Value) {
        // The schema is the plugin's: no references to elsewhere, and patterns that cannot run for ever.
        let patterns = jsonschema::PatternOptions::regex();
        let validator = match jsonschema::options().offline().with_pattern_options(patterns).build(schema) {
            Ok(validator) => validator,
            Err(why) => {
                let message = self.says(format_args!("the plugin's schema of its settings is not usable: {why}"));
                let hint = "ask the plugin's publisher: a JSON Schema without references to other documents";
                self.log.error_hint(self.action.plugin.at, message, hint);
                return;
            }
        };
        for violation in validator.iter_errors(settings).take(MOST_VIOLATIONS) {
            let pointer = violation.instance_path().to_string();
            let place = if pointer.is_empty() { "`settings`".to_owned() } else { format!("`settings` at `{pointer}`") };
            self.log.error(self.action.settings.at, self.says(format_args!("{place}: {violation}")));
        }
    }
}
