//! Where what came out of two runs differs: in the decision and in the commands. Log and usage may differ.

use serde_json::{Map, Value};

/// A place where two outcomes differ; none where one has nothing there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Difference {
    /// The place, as `ending.redirect.url` or `commands[0].value`.
    pub(super) path: String,
    pub(super) recorded: Option<Value>,
    pub(super) replayed: Option<Value>,
}

/// The differences between two outcomes of a run, in order.
pub(super) fn differences(recorded: &Value, replayed: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    for part in ["ending", "commands"] {
        compare(part, recorded.get(part), replayed.get(part), &mut all);
    }
    // Addresses in a stack move with every build.
    all.retain(|difference| !difference.path.starts_with("ending.backtrace"));
    all
}

fn compare(path: &str, recorded: Option<&Value>, replayed: Option<&Value>, all: &mut Vec<Difference>) {
    match (recorded, replayed) {
        (Some(Value::Object(was)), Some(Value::Object(is))) => members(path, was, is, all),
        (Some(Value::Array(was)), Some(Value::Array(is))) => {
            for at in 0..was.len().max(is.len()) {
                compare(&format!("{path}[{at}]"), was.get(at), is.get(at), all);
            }
        }
        (was, is) if was == is => {}
        (was, is) => {
            all.push(Difference { path: path.to_owned(), recorded: was.cloned(), replayed: is.cloned() });
        }
    }
}

fn members(path: &str, was: &Map<String, Value>, is: &Map<String, Value>, all: &mut Vec<Difference>) {
    let added = is.keys().filter(|name| !was.contains_key(*name));
    for name in was.keys().chain(added) {
        compare(&format!("{path}.{name}"), was.get(name), is.get(name), all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn paths(recorded: &Value, replayed: &Value) -> Vec<String> {
        differences(recorded, replayed).into_iter().map(|difference| difference.path).collect()
    }

    #[test]
    fn each_place_is_named() {
        let was = json!({ "ending": { "decision": "redirect", "redirect": { "url": "a", "query": [["k", "v"]] } }, "commands": [1] });
        let is = json!({ "ending": { "decision": "redirect", "redirect": { "url": "b", "query": [["k", "w"], ["l", "x"]] } },
            "commands": [] });
        let expected =
            ["ending.redirect.query[0][1]", "ending.redirect.query[1]", "ending.redirect.url", "commands[0]"];
        assert_eq!(paths(&was, &is), expected);
        assert_eq!(paths(&was, &was), Vec::<String>::new());
    }

    #[test]
    fn log_usage_and_addresses_do_not_count() {
        let was = json!({ "ending": { "trap": "x", "backtrace": ["a"] }, "log": [1], "usage": { "fuel": 1 } });
        let is = json!({ "ending": { "trap": "x", "backtrace": ["b", "c"] }, "log": [], "usage": { "fuel": 2 } });
        assert_eq!(paths(&was, &is), Vec::<String>::new());
        assert_eq!(paths(&was, &json!({ "ending": { "trap": "y" } })), ["ending.trap"]);
    }
}
