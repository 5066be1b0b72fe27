//! How the pages of the demo's sites look: plain HTML with an inline style, no script. They are read in a frame of 300 pixels as well.

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

const STYLE: &str = include_str!("page.css");

/// A site of the demo, as its pages' heads show it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    /// Its name.
    pub(crate) brand: &'static str,
    /// The class of its colour.
    pub(crate) class: &'static str,
}

impl Site {
    /// A whole page. `body` is HTML: [`escape`] what goes into it.
    #[must_use]
    pub(crate) fn page(&self, status: StatusCode, title: &str, body: &str) -> Response {
        let Self { brand, class } = self;
        let html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title} · {brand}</title>\
             <style>{STYLE}</style></head>\n<body class=\"{class}\"><header>{brand}</header>\n<main>{body}</main></body></html>\n",
            title = escape(title),
        );
        (status, SAFE, Html(html)).into_response()
    }

    /// A page of one sentence, and a way on.
    #[must_use]
    pub(crate) fn say(&self, status: StatusCode, title: &str, text: &str, on: Option<(&str, &str)>) -> Response {
        let on = on
            .map(|(href, label)| format!("<p><a href=\"{}\">{}</a></p>", escape(href), escape(label)))
            .unwrap_or_default();
        let body = format!("<section><h1>{}</h1><p>{}</p>{on}</section>", escape(title), escape(text));
        self.page(status, title, &body)
    }

    /// A page for an address that leads nowhere.
    #[must_use]
    pub(crate) fn not_found(&self, home: (&str, &str)) -> Response {
        let text =
            "Nothing is at this address. A link may have been cut short, or was meant for another of the demo's sites.";
        self.say(StatusCode::NOT_FOUND, "No page here", text, Some(home))
    }
}

/// Pages hold names, links and states: they are not kept, framed or referred from. (The gateway lets the page that explains frame them.)
const SAFE: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// A page of the demo itself.
const DEMO: Site = Site { brand: "Postlude demo", class: "stage" };

/// 421: a name that is none of the demo's.
pub(crate) fn misdirected(stage: &str) -> Response {
    let text = "The demo answers under its own names only.";
    DEMO.say(
        StatusCode::MISDIRECTED_REQUEST,
        "Not a name of this demo",
        text,
        Some((&format!("{stage}/"), "The demo's page")),
    )
}

/// 404: an address of the page that explains.
pub(crate) fn nowhere() -> Response {
    DEMO.not_found(("/", "The demo's page"))
}

/// 400: a link that leads to no site of the demo.
pub(crate) fn foreign_link(stage: &str) -> Response {
    let text = "Only links to the demo's own sites can be opened here: copy one from the other browser, whole.";
    let mut response = DEMO.say(StatusCode::BAD_REQUEST, "Not a link of this demo", text, None);
    framed_by(&mut response, stage);
    response
}

/// 404: a login that cannot be saved.
pub(crate) fn no_story(why: &str) -> Response {
    DEMO.say(StatusCode::NOT_FOUND, "Not saved", &format!("No story was made: {why}."), Some(("/", "The demo's page")))
}

/// Lets the page that explains frame a page.
pub(crate) fn framed_by(response: &mut Response, stage: &str) {
    let policy = response.headers().get(header::CONTENT_SECURITY_POLICY).and_then(|value| value.to_str().ok());
    let framed = policy.map(|policy| policy.replace("frame-ancestors 'none'", &format!("frame-ancestors {stage}")));
    if let Some(Ok(framed)) = framed.map(TryInto::try_into) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, framed);
    }
}

/// 413: more than the demo's sites ever say.
pub(crate) fn too_large() -> Response {
    DEMO.say(StatusCode::PAYLOAD_TOO_LARGE, "Too large", "The demo's sites take 256 KiB at most.", None)
}

/// Sends the browser on, by GET (RFC 9110, section 15.4.4), with cookies to set.
#[must_use]
pub(crate) fn see_other(location: &str, cookies: &[String]) -> Response {
    let mut response = (StatusCode::SEE_OTHER, SAFE, [(header::LOCATION, location)]).into_response();
    set_cookies(&mut response, cookies);
    response
}

/// Adds cookies to a response.
pub(crate) fn set_cookies(response: &mut Response, cookies: &[String]) {
    for cookie in cookies.iter().filter_map(|cookie| cookie.parse().ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The value of a cookie.
#[must_use]
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// Text for HTML.
#[must_use]
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A number with a comma between groups of three digits.
#[must_use]
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// 128 random bits as text, for cookies and transactions.
#[must_use]
pub(crate) fn random() -> Option<String> {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
