//! How the demo's pages look: plain HTML with an inline style, no script.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

const STYLE: &str = r"
:root{color-scheme:light dark;--ink:#1c2330;--soft:#5b6577;--paper:#fff;--ground:#eef1f6;--line:#dde2ea;--edge:#8490a5}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf3;--soft:#9aa5b8;--paper:#1b212c;--ground:#12161d;--line:#2d3543;--edge:#6d7890}}
*{box-sizing:border-box}
body{margin:0;padding:2.5rem 1rem;color:var(--ink);background:var(--ground);font:16px/1.55 system-ui,sans-serif}
main{max-width:46rem;margin:0 auto;background:var(--paper);border-radius:14px;overflow:hidden;box-shadow:0 1px 2px #0001,0 12px 32px #0002}
main.narrow{max-width:28rem}
header{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.2rem 1rem;padding:.9rem 1.75rem;color:#fff;background:var(--accent);font-size:.85rem}
section{padding:1.4rem 1.75rem;border-top:1px solid var(--line)}header+section{border:0}
h1{margin:0 0 .4rem;font-size:1.45rem;line-height:1.25}h2{margin:0 0 .5rem;font-size:1.05rem}
p{margin:.4rem 0 .9rem;color:var(--soft)}p b{color:var(--ink)}
form{display:flex;flex-wrap:wrap;gap:.6rem;margin:.5rem 0}
button{padding:.55rem 1.1rem;font:inherit;font-weight:600;cursor:pointer;color:#fff;background:var(--accent);border:1px solid var(--accent);border-radius:8px}
button.quiet{color:var(--ink);background:transparent;border-color:var(--edge)}
:is(button,a,summary):focus-visible{outline:3px solid var(--accent);outline-offset:2px}
a{color:inherit}
.scroll{overflow-x:auto}table{width:100%;border-collapse:collapse;font-size:.9rem}
th{text-align:left;font-weight:600;color:var(--soft)}
td,th{padding:.4rem .9rem .4rem 0;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
tr:first-child>*{border-top:0}
td:first-child:not(:last-child){min-width:8rem}
td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}th.n{text-align:right}
table.pairs td:first-child{color:var(--soft);white-space:nowrap;width:9rem}
code,pre,textarea{font:.85em ui-monospace,Menlo,monospace}pre{overflow:auto;padding:.8rem;background:var(--ground);border-radius:8px}
textarea{width:100%;height:8rem;padding:.6rem;color:inherit;background:var(--ground);border:1px solid var(--edge);border-radius:8px}
.tag{display:inline-block;white-space:nowrap;overflow-wrap:normal;padding:.05rem .6rem;border-radius:99px;font-weight:600;font-size:.9rem;background:var(--line)}
.continue{background:#18864b;color:#fff}.redirect,.interaction_required{background:#3d5bd9;color:#fff}.deny,.refused{background:#c0342b;color:#fff}
.who{display:flex;align-items:center;gap:.8rem;margin:1rem 0;font-size:1.15rem;font-weight:600}
.who i{display:grid;place-items:center;width:2.6rem;height:2.6rem;border-radius:50%;color:#fff;background:var(--accent);font-style:normal}";

/// A site of the demo, as its pages' heads show it.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    /// Its name.
    pub brand: &'static str,
    /// Its colour.
    pub accent: &'static str,
    /// Whether its pages are narrow.
    pub narrow: bool,
}

impl Site {
    /// A whole page. `body` is HTML: [`escape`] what goes into it.
    #[must_use]
    pub fn page(&self, status: StatusCode, aside: &str, title: &str, body: &str) -> Response {
        let Self { brand, accent, narrow } = self;
        let class = if *narrow { " class=\"narrow\"" } else { "" };
        let html = format!(
            "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title} · {brand}</title>\
             <style>:root{{--accent:{accent}}}{STYLE}</style>\n<main{class}><header><b>{brand}</b><span>{aside}</span></header>\n\
             {body}</main></html>\n",
            title = escape(title),
            aside = escape(aside),
        );
        (status, SAFE, Html(html)).into_response()
    }

    /// A page of one sentence.
    #[must_use]
    pub fn say(&self, status: StatusCode, aside: &str, title: &str, text: &str) -> Response {
        let body = format!("<section><h1>{}</h1><p>{}</p></section>", escape(title), escape(text));
        self.page(status, aside, title, &body)
    }
}

/// Pages hold names, links and states: they are not kept, framed or referred from.
const SAFE: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Sends the browser on, by GET (RFC 9110, section 15.4.4), with cookies to set.
#[must_use]
pub fn see_other(location: &str, cookies: &[String]) -> Response {
    let mut response = (StatusCode::SEE_OTHER, SAFE, [(header::LOCATION, location)]).into_response();
    set_cookies(&mut response, cookies);
    response
}

/// Adds cookies to a response.
pub fn set_cookies(response: &mut Response, cookies: &[String]) {
    for cookie in cookies.iter().filter_map(|cookie| cookie.parse().ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The value of a cookie.
#[must_use]
pub fn cookie(headers: &axum::http::HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// Text for HTML.
#[must_use]
pub fn escape(text: &str) -> String {
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
pub fn grouped(number: u64) -> String {
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
pub fn random() -> Option<String> {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
