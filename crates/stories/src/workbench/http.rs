//! The network as a script: which requests of plugins are expected, and what each is answered.

use crate::pattern;
use postlude_model::http::{Answering, HttpClient, HttpError, Request, Response};
use postlude_model::limits;
use postlude_outbound::{headers, target::Target};
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One expected request, and its answer.
#[derive(Debug, Clone)]
pub struct ScriptedExchange {
    /// The pattern of the request: `method`, `url`, `headers` by lower-case names, and `body`, as [`request_json`] writes them.
    pub request: Value,
    /// What the plugin is answered.
    pub answer: Result<Response, HttpError>,
    /// Whether the answer is given once or to every request that fits.
    pub repeats: bool,
}

/// A network that answers from a script, within the rules of the real one: only granted hosts, https, acceptable header fields.
#[derive(Debug, Default)]
pub struct HttpScript {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    expected: Vec<ScriptedExchange>,
    unexpected: Vec<Request>,
}

impl HttpScript {
    /// Replaces what is expected from now on; returns what was expected and did not come.
    pub fn expect(&self, exchanges: Vec<ScriptedExchange>) -> Vec<ScriptedExchange> {
        std::mem::replace(&mut self.state().expected, exchanges)
    }

    /// The requests that were not expected since this was asked last.
    pub fn take_unexpected(&self) -> Vec<Request> {
        std::mem::take(&mut self.state().unexpected)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: Request, hosts: &[String]) -> Result<Response, HttpError> {
        Target::read(&request.url, hosts, true)?;
        headers::read(&request.headers)?;
        if request.body.as_ref().is_some_and(|body| body.len() > limits::HTTP_BODY_BYTES) {
            return Err(HttpError::InvalidRequest(format!("content of more than {} bytes", limits::HTTP_BODY_BYTES)));
        }
        let (mut state, shown) = (self.state(), request_json(&request));
        let fitting = state.expected.iter().position(|one| pattern::fits(&one.request, Some(&shown)));
        let Some(at) = fitting else {
            state.unexpected.push(request);
            return Err(HttpError::Other("no request like this one is expected here".to_owned()));
        };
        match state.expected.get(at) {
            Some(one) if one.repeats => one.answer.clone(),
            _ => state.expected.remove(at).answer,
        }
    }
}

/// A network for one host: the script, as the host wants it.
#[derive(Debug)]
pub(super) struct ScriptedClient(pub(super) Arc<HttpScript>);

impl HttpClient for ScriptedClient {
    fn send(&self, request: Request, hosts: Arc<[String]>) -> Answering<'static> {
        Box::pin(std::future::ready(self.0.answer(request, &hosts)))
    }
}

/// A request as JSON: `method`, `url`, `headers`, and `body` where there is one, by what its content is.
#[must_use]
pub fn request_json(request: &Request) -> Value {
    let mut shown = json!({ "method": request.method, "url": request.url, "headers": fields(&request.headers) });
    if let (Some(body), Some(shown)) = (&request.body, shown.as_object_mut()) {
        shown.insert("body".to_owned(), body_json(&request.headers, body));
    }
    shown
}

/// An answer as JSON: `status`, `headers` and `body`, or why there is none as `fail`.
#[must_use]
pub fn answer_json(answer: &Result<Response, HttpError>) -> Value {
    match answer {
        Ok(response) => json!({
            "status": response.status,
            "headers": fields(&response.headers),
            "body": body_json(&response.headers, &response.body),
        }),
        Err(why) => json!({ "fail": why.to_string() }),
    }
}

fn fields(headers: &[(String, String)]) -> Value {
    let mut fields = Map::new();
    for (name, value) in headers {
        fields.insert(name.to_ascii_lowercase(), value.as_str().into());
    }
    Value::Object(fields)
}

/// JSON as JSON, a form as its fields, anything else as text.
fn body_json(headers: &[(String, String)], body: &[u8]) -> Value {
    let kind = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let is_form = kind.is_some_and(|(_, value)| value.starts_with("application/x-www-form-urlencoded"));
    if is_form {
        let pairs = url::form_urlencoded::parse(body).into_owned();
        return Value::Object(pairs.map(|(name, value)| (name, value.into())).collect());
    }
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> Request {
        Request { method: "GET".to_owned(), url: url.to_owned(), headers: Vec::new(), body: None }
    }

    #[test]
    fn a_request_is_answered_once_and_what_is_not_expected_is_kept() {
        let script = HttpScript::default();
        let answer = Ok(Response { status: 204, headers: Vec::new(), body: Vec::new() });
        let expected = json!({ "url": "https://api.example/a" });
        script.expect(vec![ScriptedExchange { request: expected, answer: answer.clone(), repeats: false }]);
        let hosts = ["api.example".to_owned()];
        assert_eq!(script.answer(request("https://api.example/a"), &hosts), answer);
        assert!(script.answer(request("https://api.example/a"), &hosts).is_err());
        assert_eq!(script.take_unexpected().len(), 1);
    }

    #[test]
    fn a_host_that_is_not_granted_is_refused_as_by_the_network() {
        let script = HttpScript::default();
        assert_eq!(
            script.answer(request("https://other.example/"), &["api.example".to_owned()]),
            Err(HttpError::NotGranted)
        );
        assert!(script.take_unexpected().is_empty());
    }

    #[test]
    fn a_form_is_shown_by_its_fields() {
        let headers = vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        let request = Request { headers, body: Some(b"code=a%20b&x=1".to_vec()), ..request("https://api.example/") };
        assert_eq!(request_json(&request)["body"], json!({ "code": "a b", "x": "1" }));
    }
}
