//! P29, P30, P31: no spelling of an address, no name with a private one, and no redirect reaches what was not granted.

use crate::support::{Answer, Ca, Names, Server, development, get, partner};
use postlude_model::http::HttpError;
use postlude_outbound::{Outbound, OutboundConfig};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Spellings of loopback and of metadata services. `PORT` is the canary's.
const SPELLINGS: [&str; 58] = [
    "http://127.0.0.1:PORT/",
    "https://127.0.0.1:PORT/",
    "https://127.1:PORT/",
    "https://127.0.1:PORT/",
    "https://0x7f.1:PORT/",
    "https://0x7f000001:PORT/",
    "https://0177.0.0.1:PORT/",
    "https://017700000001:PORT/",
    "https://2130706433:PORT/",
    "https://0/",
    "https://0.0.0.0:PORT/",
    "https://127.0.0.1.:PORT/",
    "https://127.127.127.127:PORT/",
    "https://127.0.0.0:PORT/",
    "https://[::1]:PORT/",
    "https://[::]:PORT/",
    "https://[0:0:0:0:0:0:0:1]:PORT/",
    "https://[::ffff:127.0.0.1]:PORT/",
    "https://[::ffff:7f00:1]:PORT/",
    "https://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
    "https://[::127.0.0.1]:PORT/",
    "https://[64:ff9b::127.0.0.1]:PORT/",
    "https://[2002:7f00:1::]:PORT/",
    "https://[2001:0:7f00:1::]:PORT/",
    "https://[fe80::1]:PORT/",
    "https://[fd00:ec2::254]/",
    "https://[fd20:ce::254]/",
    "https://169.254.169.254/latest/meta-data/",
    "http://169.254.169.254/",
    "https://169.254.43518/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://[::ffff:169.254.169.254]/",
    "https://100.64.0.1:PORT/",
    "https://100.100.100.200/",
    "https://10.0.0.1:PORT/",
    "https://localhost:PORT/",
    "http://localhost:PORT/",
    "https://localhost.:PORT/",
    "https://LOCALHOST:PORT/",
    "https://a.localhost:PORT/",
    "https://api.example@127.0.0.1:PORT/",
    "https://127.0.0.1:PORT@api.example/",
    "https://@127.0.0.1:PORT/",
    "https://api.example:x@localhost:PORT/",
    "https://api.example\\@127.0.0.1:PORT/",
    "https://127.0.0.1:PORT\\@api.example/",
    "https:\\\\127.0.0.1:PORT/",
    "https://api.example#@127.0.0.1:PORT/",
    "https://\u{2460}\u{2461}\u{2466}.0.0.1:PORT/",
    "https://127\u{3002}0\u{3002}0\u{3002}1:PORT/",
    "https://loc\u{ad}alhost:PORT/",
    "https://lo\u{212a}alhost:PORT/",
    "https://127.0.0.1%09:PORT/",
    "https://%31%32%37.0.0.1:PORT/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:PORT/_",
];

/// The names that the resolver knows all lead to loopback: whatever is connected to, the canary hears it.
fn out() -> Outbound {
    let loopback: &[&[&str]] = &[&["127.0.0.1"]];
    let names = Names::of(&[("api.example", loopback), ("localhost", loopback), ("a.localhost", loopback)]);
    Outbound::new(OutboundConfig { resolver: Some(names), ..OutboundConfig::default() }).unwrap()
}

/// P29.
#[tokio::test]
async fn no_spelling_of_an_address_is_asked() {
    let (canary, out) = (Server::plain(Answer::ok("canary")).await, out());
    let port = canary.port;
    for spelling in SPELLINGS {
        let url = spelling.replace("PORT", &port.to_string());
        // Also where the very text was granted, as a grant never may be.
        let bare = url.split("://").nth(1).unwrap_or_default().trim_end_matches('/').to_owned();
        for host in ["api.example".to_owned(), format!("api.example:{port}"), format!("localhost:{port}"), bare] {
            let answer = get(&out, &url, &host).await;
            assert!(answer.is_err(), "`{url}` with `{host}` granted: {answer:?}");
        }
    }
    assert_eq!(canary.connections(), 0);
}

/// A host is granted with its port and nothing around it.
#[tokio::test]
async fn a_grant_is_one_host_and_one_port() {
    let out = out();
    for (url, host) in [
        ("https://api.example:8443/", "api.example"),
        ("https://api.example/", "api.example:8443"),
        ("https://sub.api.example/", "api.example"),
        ("https://api.example.evil.example/", "api.example"),
        ("https://evilapi.example/", "api.example"),
        ("https://api.example./", "api.example"),
        ("https://other.example/?api.example", "api.example"),
    ] {
        assert_eq!(get(&out, url, host).await, Err(HttpError::NotGranted), "{url} with {host}");
    }
    let insecure = get(&out, "http://api.example/", "api.example:80").await;
    assert!(matches!(insecure, Err(HttpError::InvalidRequest(_))), "{insecure:?}");
}

/// P30: one address that is not public refuses the name, whatever the others are.
#[tokio::test]
async fn a_name_with_a_private_address_is_not_asked() {
    let canary = Server::plain(Answer::ok("canary")).await;
    let host = format!("api.example:{}", canary.port);
    for addresses in [
        &["127.0.0.1"][..],
        &["10.0.0.1"],
        &["169.254.169.254"],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["fd00:ec2::254"],
        &["64:ff9b::7f00:1"],
        &["100.64.0.1"],
        &["192.0.2.1"],
        &["192.0.2.1", "127.0.0.1"],
        &["127.0.0.1", "1.1.1.1"],
    ] {
        let names = Names::of(&[("api.example", &[addresses])]);
        let out = Outbound::new(OutboundConfig { resolver: Some(names), ..OutboundConfig::default() }).unwrap();
        let answer = get(&out, &format!("https://{host}/"), &host).await;
        let refused = HttpError::Other("the host has an address that is not public".to_owned());
        assert_eq!(answer, Err(refused), "{addresses:?}");
    }
    assert_eq!(canary.connections(), 0);
}

/// P30: a name that changes its address between calls is checked at each connection, and looked up once for it.
#[tokio::test]
async fn a_name_that_flips_is_refused_at_its_next_connection() {
    let ca = Ca::new();
    let server = Server::tls(&ca, "partner.example", Answer::ok("hello")).await;
    let (host, url) = (format!("partner.example:{}", server.port), format!("https://partner.example:{}/", server.port));
    let names = Names::of(&[("partner.example", &[&["127.0.0.1"], &["169.254.169.254"]])]);
    let out = partner(&ca, server.port, Arc::clone(&names) as _);
    assert_eq!(get(&out, &url, &host).await.unwrap().body, b"hello");
    assert_eq!(names.lookups.load(Ordering::SeqCst), 1, "what was checked is what is connected to");
    let refused = get(&out, &url, &host).await;
    assert!(matches!(refused, Err(HttpError::Other(_))), "{refused:?}");
    assert_eq!(server.connections(), 1);
}

/// P31: a redirect is an answer like any other.
#[tokio::test]
async fn redirects_are_not_followed() {
    let (canary, out) = (Server::plain(Answer::ok("canary")).await, development());
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent", "300 Multiple"] {
        let location = format!("http://localhost:{}/", canary.port);
        let page = format!("<meta http-equiv=refresh content=0;url={location}>");
        let head =
            format!("{status}\r\nlocation: {location}\r\nrefresh: 0;url={location}\r\ncontent-length: {}", page.len());
        let server = Server::plain(Answer::raw(&head, &page)).await;
        let host = format!("localhost:{}", server.port);
        let answer = get(&out, &format!("http://{host}/"), &host).await.unwrap();
        assert_eq!(answer.status.to_string(), status.split(' ').next().unwrap());
        assert!(answer.headers.contains(&("location".to_owned(), location)), "{:?}", answer.headers);
        assert_eq!(answer.body, page.as_bytes());
    }
    assert_eq!(canary.connections(), 0);
}

/// `localhost` is this machine and nothing else, and in development mode alone.
#[tokio::test]
async fn development_mode_opens_loopback_by_name_only() {
    let server = Server::plain(Answer::ok("here")).await;
    let host = format!("localhost:{}", server.port);
    let url = format!("http://{host}/");
    assert_eq!(get(&development(), &url, &host).await.unwrap().body, b"here");
    assert!(get(&out(), &url, &host).await.is_err());
    for (name, addresses) in [("localhost", &["127.0.0.1", "10.0.0.1"][..]), ("api.example", &["127.0.0.1"])] {
        let names = Names::of(&[(name, &[addresses])]);
        let config = OutboundConfig { development: true, resolver: Some(names), ..OutboundConfig::default() };
        let (out, host) = (Outbound::new(config).unwrap(), format!("{name}:{}", server.port));
        let scheme = if name == "localhost" { "http" } else { "https" };
        assert!(get(&out, &format!("{scheme}://{host}/"), &host).await.is_err(), "{name}");
    }
    assert_eq!(server.connections(), 1);
}
