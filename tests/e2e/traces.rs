//! OpenTelemetry: spans reach a collector as children of what the IdP was doing.
#![expect(clippy::panic, reason = "tests stop at what surprises them")]

use postlude_testkit::{Answered, IDP_KEY, Postlude};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A collector that hands on the body of each request.
async fn collector() -> (String, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, bodies) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(collect(stream, sender.clone()));
        }
    });
    (url, bodies)
}

async fn collect(mut stream: TcpStream, bodies: mpsc::UnboundedSender<Vec<u8>>) -> Option<()> {
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = find(&bytes, b"\r\n\r\n") {
                break end + 4;
            }
            (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
        assert!(head.starts_with("post /v1/traces "), "{head}");
        assert!(head.contains("content-type: application/x-protobuf"), "{head}");
        let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
        let whole = end + length.parse::<usize>().unwrap();
        while bytes.len() < whole {
            (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
        }
        bodies.send(bytes[end..whole].to_vec()).ok()?;
        bytes.drain(..whole);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.ok()?;
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Everything that came until all of these were there.
async fn until(bodies: &mut mpsc::UnboundedReceiver<Vec<u8>>, wanted: &[&[u8]]) -> Vec<u8> {
    let mut all = Vec::new();
    while !wanted.iter().all(|what| find(&all, what).is_some()) {
        let missing =
            || wanted.iter().filter(|what| find(&all, what).is_none()).map(|what| what.escape_ascii().to_string());
        let missing: Vec<String> = missing().collect();
        let body = tokio::time::timeout(Duration::from_secs(20), bodies.recv()).await;
        all.extend(body.unwrap_or_else(|_| panic!("never came: {missing:?}")).unwrap());
    }
    all
}

async fn login(postlude: &Postlude, key: &str, traceparent: &str) -> Answered {
    let request = postlude.client.post(format!("{}/v1/logins", postlude.base)).bearer_auth(IDP_KEY);
    let request = request.header("idempotency-key", key).header("traceparent", traceparent);
    Answered::of(request.json(&postlude.browser("ana").body("interactive"))).await
}

#[tokio::test]
async fn spans_are_children_of_the_idps() {
    let (url, mut bodies) = collector().await;
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()), ("OTEL_SERVICE_NAME", "postlude-at-acme")];
    let mut builder = Postlude::builder().process().variable("OTEL_BSP_SCHEDULE_DELAY", "50");
    for (name, value) in variables {
        builder = builder.variable(name, value);
    }
    let mut postlude = builder.start().await;
    let trace = [0xa1_u8; 16];
    let answered = login(&postlude, "one", &format!("00-{}-00f067aa0ba902b7-01", "a1".repeat(16))).await;
    let id = answered.text_at("/login_id").as_bytes().to_vec();
    let parent = [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7];
    let wanted = [&trace[..], &parent, &id, b"postlude-at-acme", b"request", b"run", b"decision", b"redirect"];
    let all = until(&mut bodies, &wanted).await;
    for handle in [answered.text_at("/resume_key"), answered.text_at("/location")] {
        assert!(find(&all, handle.as_bytes()).is_none(), "a handle is in a span");
    }
    // The caller says that it is not sampled: its children are not either.
    login(&postlude, "two", &format!("00-{}-00f067aa0ba902b7-00", "b2".repeat(16))).await;
    // What is no trace context starts a trace of its own.
    let third = login(&postlude, "three", "nonsense").await;
    let all = until(&mut bodies, &[third.text_at("/login_id").as_bytes()]).await;
    assert!(find(&all, &[0xb2; 16]).is_none());
    // The last spans leave before the process does.
    let last = login(&postlude, "four", "nonsense").await;
    postlude.stop().await;
    until(&mut bodies, &[last.text_at("/login_id").as_bytes()]).await;
}

#[tokio::test]
async fn a_collector_that_is_away_holds_no_login_up() {
    let builder = Postlude::builder().process().variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
    let mut postlude = builder.variable("OTEL_BSP_SCHEDULE_DELAY", "50").start().await;
    for key in ["one", "two", "three"] {
        assert_eq!(login(&postlude, key, "nonsense").await.outcome(), "redirect");
    }
    let stopping = std::time::Instant::now();
    postlude.stop().await;
    assert!(stopping.elapsed() < Duration::from_secs(10));
}
