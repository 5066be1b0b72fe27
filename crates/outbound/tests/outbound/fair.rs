//! T04: what one tenant's hosts and names cost is that tenant's: the requests of another do not notice.

use crate::name_server::NameServer;
use crate::support::{Answer, Ca, Server, development, get, partner};
use postlude_model::http::HttpError;
use postlude_outbound::Outbound;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Longer than a request of the quiet tenant takes on a busy machine, and shorter than what it would wait for the other one: the rest of
/// 1.9 or 2 seconds.
const SOON: Duration = Duration::from_millis(1200);

/// Starts requests of a tenant, each to its own URL of one granted host.
fn crowd(out: &Outbound, urls: impl Iterator<Item = (String, String)>) -> JoinSet<Result<(), HttpError>> {
    let mut all = JoinSet::new();
    for (url, host) in urls {
        let out = out.clone();
        all.spawn(async move { get(&out, &url, &host).await.map(drop) });
    }
    all
}

/// T04: a prompt site that answers in 1.9 s is asked by 400 runs of one tenant, over one name and over many.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_host_of_one_tenant_holds_up_no_other() {
    let Answer::Bytes(bytes) = Answer::ok("") else { return };
    let slow = Server::plain(Answer::Slow(bytes, Duration::from_millis(1900))).await;
    let fast = Server::plain(Answer::ok("")).await;
    let out = development();
    let one_name = (0..200).map(|_| format!("localhost:{}", slow.port));
    let many_names = (0..200).map(|at| format!("a{}.localhost:{}", at % 40, slow.port));
    let urls = one_name.chain(many_names).map(|host| (format!("http://{host}/"), host));
    let noisy = crowd(&out.of("noisy"), urls);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (quiet, host) = (out.of("quiet"), format!("localhost:{}", fast.port));
    for _ in 0..5 {
        let started = Instant::now();
        let answer = get(&quiet, &format!("http://{host}/"), &host).await;
        assert_eq!(answer.map(|answer| answer.status), Ok(200));
        assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    }
    noisy.join_all().await;
    // Its answers come a tenth of a second before the requests' end: on a busy machine not all of them are still heard.
    let asked = slow.requests().len();
    assert!(asked >= 16, "the slow host is asked all the same: {asked}");
}

/// T04: one tenant's names lead to a name server that never answers; those of the other one to a name server that does.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_nobody_answers_for_hold_up_no_other() {
    let (ca, names) = (Ca::new(), NameServer::start().await);
    let fast = Server::tls(&ca, "partner.example", Answer::ok("")).await;
    let out = partner(&ca, fast.port, Arc::new(names.resolver()));
    let host = format!("partner.example:{}", fast.port);
    for round in 0..3 {
        let urls = (0..200).map(|at| format!("a{}.r{round}.black.example", at % 50));
        let noisy = crowd(&out.of("noisy"), urls.map(|host| (format!("https://{host}/"), host)));
        tokio::time::sleep(Duration::from_millis(300)).await;
        for _ in 0..3 {
            let started = Instant::now();
            // Its server closes each connection: every request looks the name up.
            let answer = get(&out.of("quiet"), &format!("https://{host}/"), &host).await;
            assert_eq!(answer.map(|answer| answer.status), Ok(200));
            assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
        }
        let answers = noisy.join_all().await;
        let unanswered = answers.iter().filter(|answer| **answer == Err(HttpError::Timeout)).count();
        assert_eq!(unanswered, answers.len(), "{:?}", answers.first());
    }
    assert!(names.asked() >= 9, "every connection looked the name up");
}
