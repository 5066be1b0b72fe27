//! One HTTP message: who sent it to whom, and what it said.

use super::token::Token;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, Uri, header};
use serde_json::Value;
use std::time::Duration;

/// Headers that a reader of the demo needs; the others say nothing about a login.
const SHOWN: [HeaderName; 7] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::CONTENT_TYPE,
    HeaderName::from_static("idempotency-key"),
    header::LOCATION,
    header::SET_COOKIE,
    header::REFERER,
];
/// Characters of a secret that are shown: enough to recognise it elsewhere.
const SECRET_SHOWN: usize = 6;

/// Who sends or receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Party {
    /// The browser of the flow.
    Browser,
    /// The identity provider.
    Idp,
    /// Postlude.
    Postlude,
    /// The partner's prompt site.
    Partner,
}

impl Party {
    /// All, as a diagram has them from left to right.
    pub(crate) const ALL: [Self; 4] = [Self::Browser, Self::Idp, Self::Postlude, Self::Partner];

    /// The word in markup and JSON.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Idp => "idp",
            Self::Postlude => "postlude",
            Self::Partner => "partner",
        }
    }

    /// The name for people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Idp => "IdP",
            Self::Postlude => "Postlude",
            Self::Partner => "partner",
        }
    }
}

/// What a message carries.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// Nothing.
    Empty,
    /// JSON.
    Json(Value),
    /// A form's fields.
    Form(Vec<(String, String)>),
    /// A page, by its title.
    Page(String),
}

impl Body {
    fn tokens(&self) -> Vec<Token> {
        match self {
            Self::Form(fields) => Token::in_fields(fields),
            Self::Empty | Self::Json(_) | Self::Page(_) => Vec::new(),
        }
    }
}

/// A message before the journal numbers it.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// Who sent it.
    pub(crate) from: Party,
    /// Who received it.
    pub(crate) to: Party,
    /// The method and path of a request; the status and its phrase of an answer.
    pub(crate) head: String,
    /// The whole address of a request.
    pub(crate) url: Option<String>,
    /// The status of an answer.
    pub(crate) status: Option<u16>,
    /// The headers that matter here; secrets are shortened.
    pub(crate) headers: Vec<(String, String)>,
    /// What it carries.
    pub(crate) body: Body,
    /// The tokens in it, decoded.
    pub(crate) tokens: Vec<Token>,
    /// How long the answer took, as its receiver saw it.
    pub(crate) took: Option<Duration>,
}

/// A message of the journal.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// Its number; later ones are larger.
    pub(crate) id: u64,
    /// What it says.
    pub(crate) draft: Draft,
}

impl Draft {
    /// A request.
    pub(crate) fn request(from: Party, to: Party, method: &str, url: &str, headers: &HeaderMap, body: &[u8]) -> Self {
        let uri: Uri = url.parse().unwrap_or_default();
        let body = read_body(headers, body);
        let mut tokens = Token::in_query(uri.query().unwrap_or_default());
        tokens.extend(body.tokens());
        Self {
            from,
            to,
            head: format!("{method} {}", uri.path()),
            url: Some(url.to_owned()),
            status: None,
            headers: shown(headers),
            body: redacted(body),
            tokens,
            took: None,
        }
    }

    /// An answer.
    pub(crate) fn answer(
        from: Party,
        to: Party,
        status: u16,
        headers: &HeaderMap,
        body: &Bytes,
        took: Duration,
    ) -> Self {
        let phrase = axum::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        let body = read_body(headers, body);
        let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut tokens = Token::in_query(location.split_once('?').map_or("", |(_, query)| query));
        tokens.extend(body.tokens());
        Self {
            from,
            to,
            head: format!("{status} {}", phrase.unwrap_or("no answer")),
            url: None,
            status: Some(status),
            headers: shown(headers),
            body: redacted(body),
            tokens,
            took: Some(took),
        }
    }

    /// A field of the JSON that it carries.
    pub(crate) fn json(&self, pointer: &str) -> Option<&Value> {
        match &self.body {
            Body::Json(value) => value.pointer(pointer),
            _ => None,
        }
    }

    /// A text of the JSON that it carries.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.json(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// A field of the form that it carries.
    pub(crate) fn field(&self, name: &str) -> &str {
        match &self.body {
            Body::Form(fields) => fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value),
            _ => "",
        }
    }

    /// A header that is shown.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

fn read_body(headers: &HeaderMap, bytes: &[u8]) -> Body {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if bytes.is_empty() {
        return Body::Empty;
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Body::Form(url::form_urlencoded::parse(bytes).into_owned().collect());
    }
    if kind.contains("json") {
        return serde_json::from_slice(bytes).map_or(Body::Empty, Body::Json);
    }
    let text = String::from_utf8_lossy(bytes);
    let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(title, _)| title);
    Body::Page(title.unwrap_or(kind).replace("&amp;", "&").replace("&#39;", "'"))
}

/// The resume key is only in the IdP's transaction: not even this page shows all of it.
fn redacted(mut body: Body) -> Body {
    if let Body::Json(value) = &mut body
        && let Some(key) = value.get_mut("resume_key")
    {
        *key = Value::from(shortened(key.as_str().unwrap_or_default()));
    }
    body
}

fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for name in &SHOWN {
        for value in headers.get_all(name) {
            let value = value.to_str().unwrap_or_default();
            let value = match name {
                name if name == header::COOKIE => value.split("; ").map(cookie).collect::<Vec<_>>().join("; "),
                name if name == header::SET_COOKIE => cookie(value),
                name if name == header::AUTHORIZATION => value
                    .split_once(' ')
                    .map(|(scheme, secret)| format!("{scheme} {}", shortened(secret)))
                    .unwrap_or_default(),
                _ => value.to_owned(),
            };
            all.push((name.as_str().to_owned(), value));
        }
    }
    all
}

/// `name=value; attributes`, with the value shortened.
fn cookie(text: &str) -> String {
    let (pair, attributes) = text.split_once(';').map_or((text, ""), |(pair, rest)| (pair, rest));
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let attributes = if attributes.is_empty() { String::new() } else { format!(";{attributes}") };
    format!("{name}={}{attributes}", shortened(value))
}

/// The beginning of a secret.
fn shortened(secret: &str) -> String {
    if secret.chars().count() <= SECRET_SHOWN {
        return secret.to_owned();
    }
    secret.chars().take(SECRET_SHOWN).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_shortened_and_everything_else_is_shown_as_it_was() {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, "Bearer plk_secret_secret".parse().unwrap());
        headers.insert(header::COOKIE, "a=0123456789; b=short".parse().unwrap());
        headers.insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        headers.insert(header::USER_AGENT, "not shown".parse().unwrap());
        let body = br#"{"resume_key":"0123456789","reply":"sealed"}"#;
        let url = "http://postlude.demo.localhost:4400/v1/logins/lgn_1/continue";
        let draft = Draft::request(Party::Idp, Party::Postlude, "POST", url, &headers, body);
        assert_eq!(draft.head, "POST /v1/logins/lgn_1/continue");
        assert_eq!(draft.header("authorization"), "Bearer plk_se…");
        assert_eq!(draft.header("cookie"), "a=012345…; b=short");
        assert_eq!((draft.text("/resume_key"), draft.text("/reply")), ("012345…", "sealed"));
        assert_eq!(draft.headers.len(), 3);
    }

    #[test]
    fn a_form_and_a_page_are_read() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
        let draft = Draft::request(
            Party::Browser,
            Party::Idp,
            "POST",
            "http://idp.demo.localhost:1/login",
            &headers,
            b"user=ana",
        );
        assert_eq!(draft.field("user"), "ana");
        headers.insert(header::CONTENT_TYPE, "text/html".parse().unwrap());
        let page = Bytes::from_static(b"<title>Is this you?</title>");
        let draft = Draft::answer(Party::Partner, Party::Browser, 200, &headers, &page, Duration::ZERO);
        assert!(matches!(draft.body, Body::Page(title) if title == "Is this you?"));
        assert_eq!(draft.head, "200 OK");
    }
}
