//! The requests that a step expects: from what a story writes to what the simulated network answers, and back to what a person pastes.

use super::template::{Values, fill};
use crate::story::HttpStep;
use crate::workbench::ScriptedExchange;
use postlude_model::http::{HttpError, Response};
use serde_json::Value;

/// What the network is to answer, with the templates filled in.
pub(super) fn scripted(step: &HttpStep, values: Values<'_>) -> Result<ScriptedExchange, String> {
    let request = fill(&step.request, values)?;
    let answer = match step.fail.as_deref() {
        Some("timeout") => Err(HttpError::Timeout),
        Some("too-large") => Err(HttpError::TooLarge),
        Some(_) => Err(HttpError::Other("cannot connect: connection refused".to_owned())),
        None => Ok(response(&fill(&step.answer, values)?)),
    };
    Ok(ScriptedExchange { request, answer, repeats: step.repeats })
}

fn response(answer: &Value) -> Response {
    let status = answer.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut headers: Vec<(String, String)> = answer
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect();
    let typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let body = match answer.get("body") {
        None => Vec::new(),
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(json) => {
            if !typed {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
            }
            json.to_string().into_bytes()
        }
    };
    Response { status: status.unwrap_or(200), headers, body }
}

/// The lines of a story that would expect a request.
pub(super) fn paste(request: &Value) -> String {
    let mut wanted = serde_json::Map::new();
    for name in ["method", "url", "body"] {
        if let Some(value) = request.get(name).filter(|value| !value.is_null()) {
            wanted.insert(name.to_owned(), value.clone());
        }
    }
    let request = inline(&Value::Object(wanted));
    format!("[[story.step.http]]\nrequest = {request}\nanswer = {{ status = 200, body = {{}} }}")
}

/// A value as TOML in one line.
pub(crate) fn inline(value: &Value) -> String {
    match value {
        // TOML has no null; a merge patch with it removes, and an absent member says the same of a pattern.
        Value::Null => "\"\"".to_owned(),
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
    fn what_is_pasted_is_read_as_it_was_meant() {
        let request =
            json!({ "method": "POST", "url": "https://a.example/\"x\"", "headers": {}, "body": { "a b": [1, "z\n"] } });
        let text = format!("[[story]]\nname = \"x\"\n[[story.step]]\nlogin = {{}}\n{}", paste(&request));
        let file = crate::story::read_text(std::path::Path::new("x.toml"), &text).unwrap();
        let read = &file.stories[0].steps[0].http[0];
        assert_eq!(read.request["body"], request["body"]);
        assert_eq!(read.request["url"], request["url"]);
    }
}
