//! The part of an event that the operator granted to an action: for the plugin nothing else exists.

use postlude_model::json::Json;
use serde_json::{Map, Value};

/// The granted part of an event, and the grants as reference tokens.
#[derive(Debug)]
pub struct EventView {
    event: Value,
    grants: Vec<Vec<String>>,
}

impl EventView {
    /// Cuts an event down to the granted pointers. A grant that is not a JSON pointer grants nothing.
    pub fn new(event: &Json, grants: &[String]) -> Self {
        let grants: Vec<Vec<String>> = grants.iter().filter_map(|grant| tokens(grant)).collect();
        let paths: Vec<&[String]> = grants.iter().map(Vec::as_slice).collect();
        let event = cut(event.to_value(), &paths).unwrap_or_else(|| Value::Object(Map::new()));
        Self { event, grants }
    }

    /// The granted part of what is at a JSON pointer; none where the event has nothing there.
    pub fn part(&self, pointer: &str) -> Option<Json> {
        self.event.pointer(pointer).map(Json::from_value)
    }

    /// Whether a pointer is at, below or above a grant.
    pub fn shows(&self, asked: &[String]) -> bool {
        self.grants.iter().any(|grant| grant.starts_with(asked) || asked.starts_with(grant))
    }
}

/// The granted part of an event: all of it that exists for an action.
#[must_use]
pub fn granted_event(event: &Json, grants: &[String]) -> Json {
    Json::from_value(&EventView::new(event, grants).event)
}

/// The part of a value at these paths; none where nothing of it is granted.
fn cut(value: Value, paths: &[&[String]]) -> Option<Value> {
    if paths.iter().any(|path| path.is_empty()) {
        return Some(value);
    }
    // The paths that go on below a member, without its token.
    let below = |token: &str| -> Vec<&[String]> {
        paths
            .iter()
            .filter_map(|path| path.split_first().filter(|(first, _)| *first == token))
            .map(|(_, r)| r)
            .collect()
    };
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter_map(|(key, value)| {
                let inner = below(&key);
                if inner.is_empty() { None } else { cut(value, &inner).map(|value| (key, value)) }
            });
            let members: Map<String, Value> = members.collect();
            if members.is_empty() { None } else { Some(Value::Object(members)) }
        }
        // Positions stay what they are, so that the same pointer means the same item.
        Value::Array(items) => {
            let mut items: Vec<Value> = items
                .into_iter()
                .enumerate()
                .map(|(at, item)| {
                    let inner = below(&at.to_string());
                    if inner.is_empty() { Value::Null } else { cut(item, &inner).unwrap_or_default() }
                })
                .collect();
            while items.last().is_some_and(Value::is_null) {
                items.pop();
            }
            if items.is_empty() { None } else { Some(Value::Array(items)) }
        }
        _ => None,
    }
}

/// The reference tokens of a JSON pointer (RFC 6901, sections 3 and 4), unescaped; none where the text is not a JSON pointer.
pub fn tokens(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    pointer.strip_prefix('/')?.split('/').map(unescaped).collect()
}

fn unescaped(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, rest) =
            if let Some(rest) = part.strip_prefix('0') { ('~', rest) } else { ('/', part.strip_prefix('1')?) };
        out.push(escape);
        out.push_str(rest);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(event: &str, grants: &[&str]) -> String {
        let grants: Vec<String> = grants.iter().map(|&grant| grant.to_owned()).collect();
        EventView::new(&Json::parse(event).unwrap(), &grants).event.to_string()
    }

    /// O17.
    #[test]
    fn only_the_granted_part_exists() {
        let event = r#"{"user":{"email":"a","id":1,"x/y":2,"m~n":3},"client":{"id":"c"},"l":[{"n":1,"s":2},{"n":3}]}"#;
        assert_eq!(project(event, &["/user/id", "/client"]), r#"{"client":{"id":"c"},"user":{"id":1}}"#);
        assert_eq!(project(event, &["/user/x~1y", "/user/m~0n"]), r#"{"user":{"m~n":3,"x/y":2}}"#);
        assert_eq!(project(event, &["/l/1/n"]), r#"{"l":[null,{"n":3}]}"#);
        assert_eq!(project(event, &["/l/0/n"]), r#"{"l":[{"n":1}]}"#);
        assert_eq!(project(event, &["user", "/user/absent", "/user/id/below"]), "{}");
        assert_eq!(project(event, &[""]), Json::parse(event).unwrap().to_string());
    }

    #[test]
    fn pointers_follow_the_rfc() {
        assert_eq!(tokens("/a~1b/~01/"), Some(vec!["a/b".to_owned(), "~1".to_owned(), String::new()]));
        for bad in ["a", "a/b", "/~", "/~2", "/a~"] {
            assert_eq!(tokens(bad), None, "`{bad}`");
        }
    }
}
