//! P33: what is on the wire is what the host writes; a plugin's fields are added to it, and none of the host's is replaced.

use crate::support::{Answer, Server, development, request, send};
use postlude_model::http::{HttpError, Request};
use postlude_model::limits;

fn with(name: &str, value: &str) -> Request {
    Request { headers: vec![(name.to_owned(), value.to_owned())], ..request("POST", "http://localhost:1/") }
}

/// P33.
#[tokio::test]
async fn the_hosts_own_fields_are_refused() {
    let out = development();
    for name in [
        "Host",
        "hOsT",
        "Content-Length",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
        "Upgrade",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Proxy-Anything",
        "Cookie",
        "Cookie2",
        "Expect",
        "Forwarded",
        "Via",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "HTTP2-Settings",
        "Sec-Fetch-Site",
        "Max-Forwards",
    ] {
        let refused = send(&out, with(name, "1"), "localhost:1").await;
        let why = format!("the header field `{}` is the host's own", name.to_ascii_lowercase());
        assert_eq!(refused, Err(HttpError::InvalidRequest(why)));
    }
    for (name, value) in [
        ("", "v"),
        ("a b", "v"),
        ("a:", "v"),
        ("a\r\nhost", "v"),
        ("é", "v"),
        ("a", "v\r\nhost: evil"),
        ("a", "v\n"),
        ("a", "\0"),
        ("a", "é"),
        ("a", "\u{7f}"),
    ] {
        let refused = send(&out, with(name, value), "localhost:1").await;
        assert!(matches!(refused, Err(HttpError::InvalidRequest(_))), "`{name}: {value}`: {refused:?}");
    }
}

#[tokio::test]
async fn methods_that_ask_for_something_else_are_refused() {
    for method in ["CONNECT", "TRACE", "get", "", "GET /x HTTP/1.1\r\nhost: evil\r\n\r\nGET", "PROPFIND"] {
        let refused = send(&development(), request(method, "http://localhost:1/"), "localhost:1").await;
        assert!(matches!(refused, Err(HttpError::InvalidRequest(_))), "`{method}`: {refused:?}");
    }
}

/// P33.
#[tokio::test]
async fn the_wire_has_what_was_asked_and_nothing_else() {
    let server =
        Server::plain(Answer::raw("201 Created\r\nx-a: 1\r\nX-A: 2\r\nkeep-alive: x\r\ncontent-length: 2", "ok")).await;
    let (out, host) = (development(), format!("localhost:{}", server.port));
    let headers = [("authorization", "Bearer t"), ("content-type", "application/json"), ("x-b", "1"), ("x-b", "2")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let url = format!("http://{host}/a%20b?x=1&y=%2F#fragment");
    let asked = Request { headers, body: Some(b"{}".to_vec()), ..request("POST", &url) };
    let answer = send(&out, asked, &host).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (201, &b"ok"[..]));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(answer.headers, [pair("x-a", "1"), pair("x-a", "2"), pair("content-length", "2")]);

    let raw = server.requests().remove(0);
    let (head, body) = raw.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /a%20b?x=1&y=%2F HTTP/1.1");
    lines.sort_unstable();
    let expected = [
        "accept: */*",
        "authorization: Bearer t",
        "content-length: 2",
        "content-type: application/json",
        &format!("host: {host}"),
        concat!("user-agent: postlude/", env!("CARGO_PKG_VERSION")),
        "x-b: 1",
        "x-b: 2",
    ];
    assert_eq!(lines, expected);
    assert_eq!(body, "{}");
}

#[tokio::test]
async fn a_request_has_its_limits_at_the_edge() {
    let server = Server::plain(Answer::ok("")).await;
    let (out, host) = (development(), format!("localhost:{}", server.port));
    let url = format!("http://{host}/");
    let fields = |n: usize, value: String| -> Vec<_> { (0..n).map(|at| (format!("x-{at}"), value.clone())).collect() };
    let body = |n| Some(vec![b'x'; n]);
    let path = |n: usize| format!("{url}{}", "p".repeat(n - url.len()));
    for (fits, asked) in [
        (true, Request { headers: fields(limits::HTTP_HEADERS, String::new()), ..request("GET", &url) }),
        (false, Request { headers: fields(limits::HTTP_HEADERS + 1, String::new()), ..request("GET", &url) }),
        (true, Request { headers: fields(1, "v".repeat(limits::HTTP_HEADER_BYTES - 3)), ..request("GET", &url) }),
        (false, Request { headers: fields(1, "v".repeat(limits::HTTP_HEADER_BYTES - 2)), ..request("GET", &url) }),
        (true, Request { body: body(limits::HTTP_BODY_BYTES), ..request("PUT", &url) }),
        (false, Request { body: body(limits::HTTP_BODY_BYTES + 1), ..request("PUT", &url) }),
        (true, request("GET", &path(limits::HTTP_URL_BYTES))),
        (false, request("GET", &path(limits::HTTP_URL_BYTES + 1))),
    ] {
        let answer = send(&out, asked, &host).await;
        let refused = matches!(answer, Err(HttpError::InvalidRequest(_)));
        assert_eq!(answer.is_ok(), fits, "{answer:?}");
        assert_eq!(refused, !fits, "{answer:?}");
    }
}
