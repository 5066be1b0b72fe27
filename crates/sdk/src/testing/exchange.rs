//! Requests that a test expects, each with its answer.

use crate::error::HttpError;
use crate::records::Pairs;
use crate::records::{Request, Response};
use serde_json::Value;

/// A request that a test expects, and its answer: an empty one of status 200, until the test says otherwise.
///
/// ```
/// # use postlude_sdk::testing::Exchange;
/// # use postlude_sdk::json;
/// let exchange = Exchange::post("https://api.example/token")
///     .header("authorization", "Bearer t0p")
///     .form("grant_type", "authorization_code")
///     .answers(200, &json!({ "access_token": "a" }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    expected: Option<(String, String)>,
    headers: Pairs,
    form: Pairs,
    json: Option<Value>,
    answer: Result<Response, HttpError>,
}

impl Exchange {
    /// A request of this method to this very URL.
    #[must_use]
    pub fn new(method: &str, url: &str) -> Self {
        Self { expected: Some((method.to_owned(), url.to_owned())), ..Self::any(Ok(response(200, "text/plain", ""))) }
    }

    /// A GET.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// A POST.
    #[must_use]
    pub fn post(url: &str) -> Self {
        Self::new("POST", url)
    }

    /// Whatever the request.
    pub(super) const fn any(answer: Result<Response, HttpError>) -> Self {
        Self { expected: None, headers: Vec::new(), form: Vec::new(), json: None, answer }
    }

    /// The request has this header field, once.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The request's content is a form with this pair, once.
    #[must_use]
    pub fn form(mut self, name: &str, value: &str) -> Self {
        self.form.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The request's content is this JSON.
    #[must_use]
    pub fn json(mut self, content: Value) -> Self {
        self.json = Some(content);
        self
    }

    /// The answer is JSON.
    #[must_use]
    pub fn answers(self, status: u16, content: &Value) -> Self {
        self.responds(Ok(response(status, "application/json", &content.to_string())))
    }

    /// There is no answer.
    #[must_use]
    pub fn fails(self, why: HttpError) -> Self {
        self.responds(Err(why))
    }

    /// The answer, as it is.
    #[must_use]
    pub fn responds(mut self, answer: Result<Response, HttpError>) -> Self {
        self.answer = answer;
        self
    }

    /// The answer to a request, or how it differs from what is expected.
    pub(super) fn answer(&self, request: &Request) -> Result<Result<Response, HttpError>, String> {
        if let Some((method, url)) = &self.expected
            && (*method != request.method || *url != request.url)
        {
            return Err(format!("expected {method} {url}, got {} {}", request.method, request.url));
        }
        let body = request.body.as_deref().unwrap_or_default();
        once("header field", &self.headers, &request.headers, |a, b| a.eq_ignore_ascii_case(b))?;
        if !self.form.is_empty() {
            once("pair of the form", &self.form, &form_pairs(&String::from_utf8_lossy(body)), |a, b| a == b)?;
        }
        match &self.json {
            Some(expected) if serde_json::from_slice::<Value>(body).ok().as_ref() != Some(expected) => {
                Err(format!("expected the content {expected}, got {}", String::from_utf8_lossy(body)))
            }
            _ => Ok(self.answer.clone()),
        }
    }
}

fn once(what: &str, expected: &Pairs, got: &Pairs, same: fn(&str, &str) -> bool) -> Result<(), String> {
    for (name, value) in expected {
        let values: Vec<&String> = got.iter().filter(|(known, _)| same(known, name)).map(|(_, value)| value).collect();
        if values != [value] {
            return Err(format!("expected the {what} `{name}` to be {value:?}, once; got {values:?}"));
        }
    }
    Ok(())
}

fn response(status: u16, kind: &str, body: &str) -> Response {
    Response { status, headers: vec![("content-type".to_owned(), kind.to_owned())], body: body.as_bytes().to_vec() }
}

/// The pairs of a form or a query (application/x-www-form-urlencoded, as the URL Standard reads it).
pub fn form_pairs(text: &str) -> Pairs {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(n, v)| (decoded(n), decoded(v))).collect()
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        (rest, bytes) = match (first, hex) {
            (b'%', Some(byte)) => (after.get(2..).unwrap_or_default(), [bytes, vec![byte]].concat()),
            (b'+', _) => (after, [bytes, vec![b' ']].concat()),
            (other, _) => (after, [bytes, vec![*other]].concat()),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
