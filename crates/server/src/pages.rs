//! The few pages that a browser may see of Postlude itself: plain, without scripts, and without anything of the request.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// A page that says why the way back ends here, and what to do.
pub(crate) fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto;\
         padding:0 1.5rem;color:#1b1f24;background:#fff}}h1{{font-size:1.4rem}}@media(prefers-color-scheme:dark)\
         {{body{{color:#e6e8eb;background:#16191d}}}}</style>\n<h1>{title}</h1>\n<p>{text}</p>\n</html>\n"
    );
    let mut response = (status, Html(html)).into_response();
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// 410: the login of this state is over.
pub(crate) fn over() -> Response {
    let text = "This login is no longer open: it took too long, was finished, or was started again elsewhere. \
                Please go back to the application and log in again.";
    page(StatusCode::GONE, "This login is over", text)
}

/// 400: not a link of ours.
pub(crate) fn not_ours() -> Response {
    let text = "This link does not belong to an open login. Please go back to the application and log in again.";
    page(StatusCode::BAD_REQUEST, "This link is not valid", text)
}

/// 413: more than a reply can carry.
pub(crate) fn too_large() -> Response {
    let text = "The site that you come from sent more than a login can carry. The login is still open: go back and try \
                again, or tell that site.";
    page(StatusCode::PAYLOAD_TOO_LARGE, "The answer is too large", text)
}
