//! A disk that is full, read-only, failing or hanging. What was acknowledged stays, what was not is refused, `/readyz` says why, and
//! it goes on without a restart.

#![expect(clippy::panic, clippy::expect_used, reason = "tests stop at what surprises them")]

use postlude_testkit::faults::{Fault, errno};
use postlude_testkit::{Postlude, event};
use serde_json::json;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// A user's factor, completed; what the browser holds of it. None where a call was refused; all are answered in time.
async fn complete(postlude: &Postlude, user: &str) -> Option<String> {
    let answered = tokio::time::timeout(Duration::from_secs(15), try_to_complete(postlude, user)).await;
    answered.unwrap_or_else(|_| panic!("{user} was not answered within 15 seconds"))
}

async fn try_to_complete(postlude: &Postlude, user: &str) -> Option<String> {
    let mut browser = postlude.browser(user);
    let first = browser.login().await;
    if first.status == 503 {
        return None;
    }
    assert_eq!(first.outcome(), "redirect", "{}", first.text);
    let token = postlude.partner.result(browser.location(), &json!({}));
    let sealed = browser.bring(&token).await.sealed();
    let back = browser.resume(&sealed).await;
    match back.status {
        503 => None,
        _ => {
            assert_eq!(back.outcome(), "continue", "{}", back.text);
            browser.session
        }
    }
}

async fn counts(postlude: &Postlude, user: &str, session: &str) -> bool {
    let mut browser = postlude.browser(user);
    browser.session = Some(session.to_owned());
    browser.login().await.outcome() == "continue"
}

/// Waits until `/readyz` has this status; its text.
async fn until(postlude: &Postlude, status: u16) -> String {
    let began = Instant::now();
    loop {
        let (now, text) = postlude.readiness().await;
        if now == status {
            return text;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "not {status} but {now} after 20 seconds: {text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A fault comes, some calls are refused, it goes: everything that was acknowledged counts, without a restart, and after one.
async fn survives(faults: &[(Fault, i64)], reason: &str) {
    let mut postlude = Postlude::builder().faults().start().await;
    let mut sessions = Vec::new();
    for number in 0..5 {
        let user = format!("before-{number}");
        sessions.push((user.clone(), complete(&postlude, &user).await.expect("the disk is well")));
    }
    for (fault, value) in faults {
        postlude.faults().set(*fault, *value);
    }
    let mut refused = 0;
    for number in 0..20 {
        let user = format!("while-{number}");
        match complete(&postlude, &user).await {
            Some(session) => sessions.push((user, session)),
            None => refused += 1,
        }
    }
    assert!(refused > 0 && postlude.faults().injected() > 0, "the fault was met");
    let text = until(&postlude, 503).await;
    assert!(text.contains(reason), "{text}");
    assert_eq!(postlude.client.get(format!("{}/healthz", postlude.base)).send().await.unwrap().status(), 200);
    for (fault, _) in faults {
        postlude.faults().clear(*fault);
    }
    until(&postlude, 200).await;
    for number in 0..5 {
        let user = format!("after-{number}");
        sessions.push((user.clone(), complete(&postlude, &user).await.expect("the disk is well again")));
    }
    for restarted in [false, true] {
        for (user, session) in &sessions {
            assert!(counts(&postlude, user, session).await, "{user}, restarted {restarted}");
        }
        if !restarted {
            postlude.restart().await;
        }
    }
}

/// R04: no space is left.
#[tokio::test]
async fn a_full_disk() {
    survives(&[(Fault::Write, errno::ENOSPC)], "No space left on device").await;
}

/// R05: a sync fails.
#[tokio::test]
async fn a_disk_that_fails_to_sync() {
    survives(&[(Fault::Sync, errno::EIO)], "Input/output error").await;
}

#[tokio::test]
async fn a_disk_that_became_read_only() {
    survives(&[(Fault::Write, errno::EROFS), (Fault::Open, errno::EROFS), (Fault::Rename, errno::EROFS)], "Read-only")
        .await;
}

/// R12: no file can be opened any more: logins need none.
#[tokio::test]
async fn no_more_open_files() {
    let mut postlude = Postlude::builder().faults().start().await;
    postlude.faults().set(Fault::Open, errno::EMFILE);
    let mut sessions = Vec::new();
    // Longer than the high-water file may lag.
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(2500) {
        let user = format!("user-{}", sessions.len());
        let session = complete(&postlude, &user).await;
        sessions.push((user, session.expect("a login opens no file")));
    }
    assert_eq!(postlude.readiness().await.0, 200);
    postlude.faults().clear(Fault::Open);
    postlude.restart().await;
    for (user, session) in &sessions {
        assert!(counts(&postlude, user, session).await, "{user}");
    }
}

/// N10, R12: more connections than the process may have files: they wait for each other, and the store does not notice.
#[tokio::test]
async fn more_connections_than_files() {
    let postlude = Postlude::builder().process().open_files(160).start().await;
    let address = postlude.base.strip_prefix("http://").unwrap().to_owned();
    let session = complete(&postlude, "ann").await.unwrap();
    let idle: Vec<_> = (0..200)
        .filter_map(|_| {
            let mut stream = std::net::TcpStream::connect(&address).ok()?;
            stream.write_all(b"G").ok()?;
            Some(stream)
        })
        .collect();
    assert!(idle.len() > 160, "{}", idle.len());
    // Those that are in have five seconds for their head. The IdP's connection is there already; while its logins go on the store
    // writes its high-water file.
    let began = Instant::now();
    for number in 0.. {
        if began.elapsed() > Duration::from_secs(3) {
            break;
        }
        complete(&postlude, &format!("user-{number}")).await.expect("logins are let through");
    }
    drop(idle);
    until(&postlude, 200).await;
    assert!(counts(&postlude, "ann", &session).await);
    complete(&postlude, "bob").await.expect("logins are let through");
}

/// R07: nobody waits for a disk that does not answer: calls are refused in time, `/readyz` says so, and it goes on when the disk does.
#[tokio::test]
async fn a_disk_that_hangs_holds_nobody_up() {
    let postlude = Postlude::builder().faults().start().await;
    let session = complete(&postlude, "ann").await.unwrap();
    postlude.faults().set(Fault::SyncHangs, 1);
    let began = Instant::now();
    assert_eq!(complete(&postlude, "bob").await, None, "refused");
    assert!(began.elapsed() < Duration::from_secs(8), "after {:?}", began.elapsed());
    let text = until(&postlude, 503).await;
    assert!(text.contains("the disk has not answered"), "{text}");
    postlude.faults().clear(Fault::SyncHangs);
    until(&postlude, 200).await;
    assert!(counts(&postlude, "ann", &session).await);
    complete(&postlude, "cid").await.expect("logins are let through again");
}

/// R07: a write that does not come back, somewhere in the engine. Whoever reads is answered as well, and so is whoever asks how it is.
#[tokio::test]
async fn a_write_that_hangs_holds_nobody_up() {
    let postlude = Postlude::builder().faults().start().await;
    let mut sessions = Vec::new();
    for number in 0..20 {
        let user = format!("before-{number}");
        sessions.push((user.clone(), complete(&postlude, &user).await.unwrap()));
    }
    postlude.faults().set(Fault::WriteHangs, 1);
    let postlude = &postlude;
    let calls = (0..60).map(|number| async move {
        // More calls than cores, of those that write and of those that read.
        if number % 3 == 0 {
            drop(complete(postlude, &format!("while-{number}")).await);
        } else {
            let path = format!("/v1/admin/logins/lgn_{number}");
            let read = postlude.get_as(postlude_testkit::READER_KEY, &path);
            let read = tokio::time::timeout(Duration::from_secs(15), read).await.expect("a reader is answered");
            assert!([404, 503].contains(&read.status), "{}", read.text);
        }
    });
    let told = async {
        let text = until(postlude, 503).await;
        assert!(text.contains("the disk has not answered"), "{text}");
        let health = postlude.client.get(format!("{}/healthz", postlude.base)).timeout(Duration::from_secs(2));
        assert_eq!(health.send().await.unwrap().status(), 200);
    };
    tokio::join!(futures_util::future::join_all(calls), told);
    assert!(postlude.faults().injected() > 0, "the fault was met");
    postlude.faults().clear(Fault::WriteHangs);
    until(postlude, 200).await;
    for (user, session) in &sessions {
        assert!(counts(postlude, user, session).await, "{user}");
    }
    complete(postlude, "after").await.expect("logins are let through again");
}

/// A disk that never answers again is given up after `server.disk_patience`: the process ends for its supervisor, whatever hangs.
#[tokio::test]
async fn a_disk_that_never_answers_again_ends_the_process() {
    for fault in [Fault::SyncHangs, Fault::WriteHangs] {
        let mut postlude = Postlude::builder().server("disk_patience = \"10s\"").faults().start().await;
        let session = complete(&postlude, "ann").await.unwrap();
        postlude.faults().set(fault, 1);
        let began = Instant::now();
        assert_eq!(complete(&postlude, "bob").await, None, "refused");
        assert_eq!(postlude.ended_within(Duration::from_secs(30)).await, Some(74), "{fault:?}");
        assert!(began.elapsed() >= Duration::from_secs(10), "{fault:?}: after {:?}", began.elapsed());
        postlude.faults().clear(fault);
        postlude.start_again().await.unwrap();
        assert!(counts(&postlude, "ann", &session).await, "{fault:?}");
        complete(&postlude, "cid").await.expect("logins are let through again");
    }
}

/// SIGTERM is heard whatever the disk does.
#[tokio::test]
async fn a_server_on_a_hanging_disk_can_be_stopped() {
    let mut postlude = Postlude::builder().faults().start().await;
    let session = complete(&postlude, "ann").await.unwrap();
    postlude.faults().set(Fault::SyncHangs, 1);
    assert_eq!(complete(&postlude, "bob").await, None);
    postlude.terminate().await;
    let ended = postlude.ended_within(Duration::from_secs(30)).await;
    assert!(ended.is_some_and(|code| code != 0), "{ended:?}: it could not close the store properly, and says so");
    // While it opens as well.
    postlude.spawn_only();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(postlude.readiness().await.0, 0, "it is opening");
    postlude.terminate().await;
    assert_eq!(postlude.ended_within(Duration::from_secs(5)).await, Some(0));
    postlude.faults().clear(Fault::SyncHangs);
    postlude.start_again().await.unwrap();
    assert!(counts(&postlude, "ann", &session).await);
}

/// A light login was answered while nothing could be written: it is kept, and written later.
#[tokio::test]
async fn a_light_login_on_a_full_disk_is_kept() {
    let mut postlude = Postlude::builder().faults().start().await;
    postlude.faults().set(Fault::Write, errno::EIO);
    let body = json!({ "trigger": "post-login", "mode": "silent", "event": event("ann", None) });
    let mut answered = Vec::new();
    for number in 0..10 {
        let answer = postlude.login(&format!("light-{number}"), &body).await;
        if answer.status == 200 {
            answered.push(answer.text_at("/login_id").to_owned());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!answered.is_empty(), "light logins wait for no disk");
    postlude.faults().clear(Fault::Write);
    until(&postlude, 200).await;
    postlude.restart().await;
    for id in &answered {
        let found = postlude.get_as(postlude_testkit::READER_KEY, &format!("/v1/admin/logins/{id}")).await;
        assert_eq!(found.status, 200, "{id}: {}", found.text);
    }
}
