//! P32, P34: slow, endless and packed answers; many requests at once; hosts that fail.

use crate::support::{Answer, Server, development, get};
use postlude_model::http::HttpError;
use postlude_model::limits;
use postlude_outbound::limits::{CONCURRENT_PER_HOST, FAILURES};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

async fn asked(server: &Server) -> Result<postlude_model::http::Response, HttpError> {
    let host = format!("localhost:{}", server.port);
    get(&development(), &format!("http://{host}/"), &host).await
}

/// P32.
#[tokio::test]
async fn slow_answers_end_in_time() {
    for answer in [Answer::Silence, Answer::Drip] {
        let server = Server::plain(answer).await;
        let started = Instant::now();
        assert_eq!(asked(&server).await, Err(HttpError::Timeout));
        let took = started.elapsed();
        assert!(took >= limits::HTTP_TIMEOUT && took < limits::HTTP_TIMEOUT + Duration::from_secs(2), "{took:?}");
    }
}

/// P32.
#[tokio::test]
async fn large_answers_end_at_the_limit() {
    let content = |n: usize| "x".repeat(n);
    let exact = Server::plain(Answer::ok(&content(limits::HTTP_BODY_BYTES))).await;
    assert_eq!(asked(&exact).await.unwrap().body.len(), limits::HTTP_BODY_BYTES);
    let declared =
        Server::plain(Answer::raw(&format!("200 OK\r\ncontent-length: {}", limits::HTTP_BODY_BYTES + 1), "")).await;
    assert_eq!(asked(&declared).await, Err(HttpError::TooLarge));
    let undeclared = Server::plain(Answer::raw("200 OK", &content(limits::HTTP_BODY_BYTES + 1))).await;
    assert_eq!(asked(&undeclared).await, Err(HttpError::TooLarge));
    assert_eq!(asked(&Server::plain(Answer::Endless).await).await, Err(HttpError::TooLarge));
}

#[tokio::test]
async fn large_heads_end_at_the_limit() {
    let head = |n: usize, bytes: usize| {
        let fields: String = (0..n).map(|at| format!("x-{at}: {}\r\n", "v".repeat(bytes))).collect();
        Answer::raw(&format!("200 OK\r\n{fields}content-length: 0"), "")
    };
    assert!(asked(&Server::plain(head(limits::HTTP_HEADERS - 2, 8)).await).await.is_ok());
    for too_much in [head(limits::HTTP_HEADERS + 1, 8), head(2, limits::HTTP_HEADER_BYTES)] {
        let answer = asked(&Server::plain(too_much).await).await;
        assert!(matches!(answer, Err(HttpError::TooLarge | HttpError::Other(_))), "{answer:?}");
    }
}

/// P32: a packed answer is handed over as it came: nothing is unpacked here, and nobody was told that it would be.
#[tokio::test]
async fn nothing_is_unpacked() {
    let packed = "\u{1f}\u{8}not really gzip";
    let server = Server::plain(Answer::raw(
        &format!("200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}", packed.len()),
        packed,
    ))
    .await;
    let answer = asked(&server).await.unwrap();
    assert_eq!(answer.body, packed.as_bytes());
    assert!(answer.headers.contains(&("content-encoding".to_owned(), "gzip".to_owned())));
    assert!(!server.requests()[0].contains("accept-encoding"));
}

/// P34.
#[tokio::test]
async fn one_host_is_asked_a_few_times_at_once() {
    let Answer::Bytes(bytes) = Answer::ok("") else { return };
    let server = Server::plain(Answer::Slow(bytes, Duration::from_millis(200))).await;
    let (out, host) = (Arc::new(development()), format!("localhost:{}", server.port));
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..3 * CONCURRENT_PER_HOST {
        let (out, host) = (Arc::clone(&out), host.clone());
        all.spawn(async move { get(&out, &format!("http://{host}/"), &host).await });
    }
    let answers = all.join_all().await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let most = server.most_at_once.load(Ordering::SeqCst);
    // A connection that was just answered is still being closed when the next one comes.
    assert!((2..=2 * CONCURRENT_PER_HOST).contains(&most), "{most}");
    assert_eq!(server.requests().len(), 3 * CONCURRENT_PER_HOST);
}

/// P34.
#[tokio::test]
async fn a_host_that_fails_rests_and_others_do_not() {
    let closed = Server::plain(Answer::ok("")).await.port;
    let (out, host) = (development(), format!("localhost:{closed}"));
    let url = format!("http://{host}/");
    for _ in 0..FAILURES {
        let answer = get(&out, &url, &host).await;
        assert!(matches!(&answer, Err(HttpError::Other(why)) if why.starts_with("cannot connect")), "{answer:?}");
    }
    let rests = get(&out, &url, &host).await;
    assert!(matches!(&rests, Err(HttpError::Other(why)) if why.contains("rests")), "{rests:?}");
    let not_for_others = get(&out.of("another"), &url, &host).await;
    let connects = matches!(&not_for_others, Err(HttpError::Other(why)) if why.starts_with("cannot connect"));
    assert!(connects, "the host rests for the party that it failed: {not_for_others:?}");
    let other = Server::plain(Answer::raw("503 No\r\ncontent-length: 0", "")).await;
    let host = format!("localhost:{}", other.port);
    for _ in 0..=FAILURES {
        assert_eq!(get(&out, &format!("http://{host}/"), &host).await.unwrap().status, 503, "an answer is no failure");
    }
}
