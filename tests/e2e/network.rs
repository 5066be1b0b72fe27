//! What anyone may send to a listener, byte by byte: requests that two readers read in different ways, other protocols, slow ones and
//! long ones. No client library would send any of it.

use postlude_testkit::{IDP_KEY, Postlude};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn connected(postlude: &Postlude) -> TcpStream {
    TcpStream::connect(postlude.base.trim_start_matches("http://")).await.unwrap()
}

/// What the server answers to these bytes until it closes the connection, or is silent for a second.
async fn answer(postlude: &Postlude, bytes: &[u8]) -> (String, bool) {
    let mut stream = connected(postlude).await;
    // The server may close before it has read all.
    let _ = stream.write_all(bytes).await;
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match tokio::time::timeout(Duration::from_secs(1), stream.read(&mut buffer)).await {
            Ok(Ok(n)) if n > 0 => text.extend_from_slice(&buffer[..n]),
            Ok(_) => return (String::from_utf8_lossy(&text).into_owned(), true),
            Err(_) => return (String::from_utf8_lossy(&text).into_owned(), false),
        }
    }
}

fn statuses(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 ")?.split(' ').next()).collect()
}

/// A second request in the body of the first: whoever reads the first one's length in another way would see it.
const INNER: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Heads and bodies of which two readers may make different things (RFC 9112, section 11.2). `%` is the inner request.
const AMBIGUOUS: [(&str, &str); 40] = [
    ("length and chunks", "Content-Length: 44\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%"),
    ("chunks and length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n%"),
    ("two lengths", "Content-Length: 0\r\nContent-Length: 44\r\n\r\n%"),
    ("two lengths in one", "Content-Length: 0, 44\r\n\r\n%"),
    ("a length with a sign", "Content-Length: +0\r\n\r\n%"),
    ("a negative length", "Content-Length: -1\r\n\r\n%"),
    ("a hexadecimal length", "Content-Length: 0x0\r\n\r\n%"),
    ("an octal length", "Content-Length: 0o0\r\n\r\n%"),
    ("a length with a space inside", "Content-Length: 0 0\r\n\r\n%"),
    ("a length that overflows", "Content-Length: 18446744073709551616\r\n\r\n%"),
    ("an empty length", "Content-Length: \r\n\r\n%"),
    ("a length in words", "Content-Length: zero\r\n\r\n%"),
    ("a length with a comma", "Content-Length: 0,\r\n\r\n%"),
    ("a space before the colon", "Content-Length : 44\r\n\r\n%"),
    ("a tab before the colon", "Content-Length\t: 44\r\n\r\n%"),
    ("a space before the colon of chunks", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n%"),
    ("an unknown coding", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n%"),
    ("chunks that are not last", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n%"),
    ("chunks and another coding", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n%"),
    ("identity", "Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n%"),
    ("chunks with a NUL", "Transfer-Encoding: chunked\0\r\n\r\n0\r\n\r\n%"),
    ("chunks with a vertical tab", "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n%"),
    ("quoted chunks", "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n%"),
    ("a folded header", "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n%"),
    ("a folded value", "X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n%"),
    ("a header without a colon", "Content-Length 0\r\n\r\n%"),
    ("a header without a name", ": 0\r\n\r\n%"),
    ("a header that begins with a space", " Content-Length: 0\r\n\r\n%"),
    ("a carriage return inside", "X-A: b\rContent-Length: 44\r\n\r\n%"),
    ("a NUL inside", "X-A: b\0c\r\n\r\n%"),
    ("a name with a NUL", "X\0A: b\r\n\r\n%"),
    ("a name with brackets", "X[A]: b\r\n\r\n%"),
    ("a chunk's size with a sign", "Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n%"),
    ("a chunk's size with 0x", "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n%"),
    ("a chunk's size that overflows", "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n%"),
    ("a chunk's size in words", "Transfer-Encoding: chunked\r\n\r\nzero\r\n\r\n%"),
    ("a chunk without an end", "Transfer-Encoding: chunked\r\n\r\n1\r\nAB\r\n0\r\n\r\n%"),
    ("a chunk's size with a line feed alone", "Transfer-Encoding: chunked\r\n\r\n0\n\n%"),
    ("a trailer that is a length", "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length : 44\r\n\r\n%"),
    ("an extension without an end", "Transfer-Encoding: chunked\r\n\r\n0;a\nb\r\n\r\n%"),
];

/// N03: of each, once to a route that reads the body and once to one that does not.
#[tokio::test(flavor = "multi_thread")]
async fn what_two_readers_read_in_two_ways_is_refused_and_the_connection_closed() {
    let postlude = &Postlude::in_memory().await;
    let reading = format!(
        "POST /v1/logins HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {IDP_KEY}\r\nIdempotency-Key: a\r\n"
    );
    // Without reading the body: that the method is wrong there.
    for (head, allowed) in
        [(reading.as_str(), &["400"][..]), ("POST /healthz HTTP/1.1\r\nHost: localhost\r\n", &["400", "405"])]
    {
        let asked = AMBIGUOUS.map(|(what, rest)| async move {
            let bytes = format!("{head}{}", rest.replace('%', INNER));
            let (text, closed) = answer(postlude, bytes.as_bytes()).await;
            let good = matches!(statuses(&text).as_slice(), [one] if allowed.contains(one)) && closed;
            (!good).then(|| format!("{what}: {:?}, closed: {closed}", statuses(&text)))
        });
        let wrong: Vec<_> = futures_util::future::join_all(asked).await.into_iter().flatten().collect();
        assert!(wrong.is_empty(), "{head}\n{}", wrong.join("\n"));
    }
    // The connection itself would have taken the second request.
    let (text, _) =
        answer(postlude, format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n{INNER}").as_bytes()).await;
    assert_eq!(statuses(&text), ["200", "200"]);
}

/// N01, N04: what begins like TLS or HTTP/2 gets one refusal, and nothing that follows is read.
#[tokio::test(flavor = "multi_thread")]
async fn other_protocols_get_nothing() {
    let postlude = &Postlude::in_memory().await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    // SETTINGS, then a stream that is opened and reset, again and again; CONTINUATION without an end; DATA without content.
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let reset: Vec<u8> = (0..2000_u32)
        .flat_map(|stream| {
            let id = (2 * stream + 1).to_be_bytes();
            [&[0, 0, 1, 1, 4][..], &id, &[0x82], &[0, 0, 4, 3, 0], &id, &[0, 0, 0, 8]].concat()
        })
        .collect();
    let continued = [&[0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82][..], &[0, 0, 1, 9, 0, 0, 0, 0, 1, 0x82].repeat(2000)].concat();
    let empty = [0, 0, 0, 0, 0, 0, 0, 0, 1].repeat(2000);
    for flood in [reset, continued, empty] {
        let (text, closed) = answer(postlude, &[&preface[..], &settings, &flood].concat()).await;
        assert!(closed && statuses(&text).iter().all(|status| *status == "400" || *status == "505"), "{text:?}");
    }
    let upgrade = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
                   HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    let (text, _) = answer(postlude, upgrade.as_bytes()).await;
    assert_eq!(statuses(&text), ["200"], "an upgrade is not heard: {text}");
    let (text, closed) = answer(postlude, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\r\n\r\n").await;
    assert!(closed && !text.contains("200"), "{text:?}");
    assert!(postlude.client.get(format!("{}/healthz", postlude.base)).send().await.unwrap().status().is_success());
}

/// U20: request line, cookies and other fields without end.
#[tokio::test(flavor = "multi_thread")]
async fn long_heads_are_refused() {
    let postlude = &Postlude::in_memory().await;
    // The limit of 32 KiB counts what has arrived while the head is not whole: somewhat more may pass.
    let long = "x".repeat(100_000);
    for head in [
        format!("GET /acme/continue?state={long} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        format!("GET /acme/continue HTTP/1.1\r\nHost: localhost\r\nCookie: a={long}\r\n\r\n"),
        format!("GET /acme/continue HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "A: b\r\n".repeat(20_000)),
        format!("GET /acme/continue HTTP/1.1\r\nHost: localhost\r\n{long}: b\r\n\r\n"),
        // No end at all.
        format!("GET /{}", long.repeat(3)),
        format!("{long}{long}"),
    ] {
        let (text, closed) = answer(postlude, head.as_bytes()).await;
        let refused = matches!(statuses(&text).as_slice(), ["400" | "414" | "431"] | []);
        assert!(refused && closed, "{}..: {text:?}, closed: {closed}", &head[..60]);
    }
    let fits = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nCookie: a={}\r\n\r\n", "x".repeat(30_000));
    assert_eq!(statuses(&answer(postlude, fits.as_bytes()).await.0), ["200"]);
}

/// N05: whoever sends a head or a body, or reads an answer, as slowly as possible loses the connection; others do not notice.
#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_lose_their_connections() {
    let postlude = &Postlude::in_memory().await;
    let began = Instant::now();
    let login = format!(
        "POST /v1/logins HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {IDP_KEY}\r\nIdempotency-Key: a\r\n"
    );
    let drip = async |head: &str| {
        let mut stream = connected(postlude).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut text = [0; 1024];
        loop {
            match tokio::time::timeout(Duration::from_millis(200), stream.read(&mut text)).await {
                Ok(read) => break (began.elapsed(), String::from_utf8_lossy(&text[..read.unwrap_or(0)]).into_owned()),
                Err(_) => stream.write_all(b"a").await.unwrap_or(()),
            }
        }
    };
    let (head, body) = (drip("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "), async {
        drip(&format!("{login}Content-Length: 200000\r\n\r\n")).await
    });
    let reader = async {
        let mut stream = connected(postlude).await;
        let ask = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2000);
        let _ = tokio::time::timeout(Duration::from_secs(2), stream.write_all(ask.as_bytes())).await;
        tokio::time::sleep(Duration::from_secs(16)).await;
        let (mut bytes, mut buffer) = (0, vec![0; 1 << 20]);
        while let Ok(n @ 1..) = stream.read(&mut buffer).await {
            bytes += n;
        }
        bytes
    };
    let others = async {
        for _ in 0..20 {
            let began = Instant::now();
            assert_eq!(postlude.browser("ana").login().await.outcome(), "redirect");
            // The greedy one's connection would hold it up for 16 seconds.
            assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let (head, body, read, ()) = tokio::join!(head, body, reader, others);
    assert!(head.0 < Duration::from_secs(8), "{head:?}");
    assert!(body.0 < Duration::from_secs(13) && body.1.contains("408"), "{body:?}");
    // What lay in the buffers of both ends; two thousand documents would be hundreds of megabytes.
    assert!(read < 64 << 20, "{read} bytes were read");
}

/// N07: who asks, and by which name and scheme, is not read from fields that a client can write.
#[tokio::test(flavor = "multi_thread")]
async fn forwarded_fields_change_nothing() {
    let postlude = &Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let plain = postlude.come_back("GET", &[("state", browser.state().as_str()), ("a", "b")], &[]).await;
    let forged = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-port", "1"),
        ("x-forwarded-prefix", "/evil"),
        ("x-real-ip", "203.0.113.7"),
        ("x-original-url", "/v1/admin/status"),
        ("x-rewrite-url", "/v1/admin/status"),
        ("x-http-method-override", "DELETE"),
        ("forwarded", "for=203.0.113.7;host=evil.example;proto=http"),
        ("via", "1.1 evil.example"),
    ];
    let forge = |mut request: reqwest::RequestBuilder| {
        for (name, value) in forged {
            request = request.header(name, value);
        }
        request
    };
    let url = format!("{}/acme/continue?state={}&a=b", postlude.base, browser.state());
    let back = forge(postlude.client.get(url)).send().await.unwrap();
    let location = back.headers()["location"].to_str().unwrap().to_owned();
    assert!(!location.contains("evil"), "{location}");
    assert_eq!(location.split('?').next(), plain.location.as_deref().and_then(|plain| plain.split('?').next()));
    let refused = forge(postlude.client.get(format!("{}/v1/logins/x", postlude.base))).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let unknown = forge(postlude.client.get(format!("{}/nowhere", postlude.base))).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
}

/// A client that asks first whether its body is welcome (RFC 9110, section 10.1.1) hears no before it sends any of it; one that does not
/// ask hears the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_long_is_refused_before_it_is_sent() {
    let postlude = &Postlude::in_memory().await;
    let head = |length: usize, more: &str| {
        format!(
            "POST /v1/logins HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {IDP_KEY}\r\nIdempotency-Key: a\r\n\
             Content-Length: {length}\r\n{more}\r\n"
        )
    };
    let (text, closed) = answer(postlude, head(300_000, "Expect: 100-continue\r\n").as_bytes()).await;
    assert_eq!((statuses(&text).as_slice(), closed), (&["413"][..], true), "{text}");
    let (text, _) = answer(postlude, head(3, "Expect: 100-continue\r\n").as_bytes()).await;
    assert_eq!(statuses(&text), ["100"], "one of a length that fits is asked for: {text}");
    let whole = head(300_000, "") + &"x".repeat(300_000);
    assert_eq!(statuses(&answer(postlude, whole.as_bytes()).await.0), ["413"]);
}
