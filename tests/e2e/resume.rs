//! The resume protocol from outside: who may resume, once, and when no more.

use postlude_testkit::{Answered, Postlude};
use serde_json::{Value, json};
use std::time::Duration;

/// U01, U19, R13: the state is used once, and its repetition gives the same answer.
#[tokio::test]
async fn a_repeated_resume_gives_the_same_answer_and_runs_nothing() {
    let mut postlude = Postlude::start().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let token = postlude.partner.result(browser.location(), &json!({}));
    let sealed = browser.bring(&token).await.sealed();
    let first = browser.resume(&sealed).await;
    assert_eq!(first.outcome(), "continue");
    assert_eq!(browser.resume(&sealed).await.body, first.body);
    let (path, body) = (browser.continue_path(), browser.continue_body(&sealed));
    postlude.restart().await;
    assert_eq!(postlude.post(&path, &body).await.body, first.body, "after a restart as well");
    postlude.forward(Duration::from_secs(20 * 60));
    assert_eq!(postlude.post(&path, &body).await.body, first.body, "expiry stops a run, never a replay");
}

/// U02: of 100 parallel submits one runs.
#[tokio::test]
async fn a_hundred_parallel_resumes_record_one_factor() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let token = postlude.partner.result(browser.location(), &json!({}));
    let sealed = browser.bring(&token).await.sealed();
    let (path, body) = (browser.continue_path(), browser.continue_body(&sealed));
    let calls = (0..100).map(|_| {
        let request =
            postlude.client.post(format!("{}{path}", postlude.base)).bearer_auth(postlude_testkit::IDP_KEY).json(&body);
        tokio::spawn(Answered::of(request))
    });
    let mut answers = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        answers.push(call.await.unwrap());
    }
    assert!(answers.iter().all(|answer| answer.body == answers[0].body), "all give the one answer");
    assert_eq!(answers[0].outcome(), "continue");
    let session = postlude.post("/v1/sessions/get", &json!({ "id": answers[0].text_at("/subject/session_id") })).await;
    assert_eq!(session.body["factors"].as_array().unwrap().len(), 1, "{}", session.text);
}

/// U03, U04: a link stolen into another browser.
#[tokio::test]
async fn a_stolen_link_is_refused_and_the_right_browser_can_still_finish() {
    let postlude = Postlude::in_memory().await;
    let mut victim = postlude.browser("ana");
    victim.login().await;
    let token = postlude.partner.result(victim.location(), &json!({}));
    let sealed = victim.bring(&token).await.sealed();

    let mut thief = postlude.browser("ana");
    thief.login().await;
    let with_own_transaction = thief.resume(&sealed).await;
    assert_eq!((with_own_transaction.status, with_own_transaction.outcome()), (409, "login_mismatch"));
    let mut body = victim.continue_body(&sealed);
    body["resume_key"] = thief.continue_body(&sealed)["resume_key"].clone();
    let with_wrong_key = postlude.post(&victim.continue_path(), &body).await;
    assert_eq!((with_wrong_key.status, with_wrong_key.outcome()), (409, "login_mismatch"));

    assert_eq!(victim.resume(&sealed).await.outcome(), "continue");
}

#[tokio::test]
async fn another_user_client_or_session_is_a_mismatch_and_the_login_stays_alive() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let token = postlude.partner.result(browser.location(), &json!({}));
    let sealed = browser.bring(&token).await.sealed();
    let changes: [(&str, Value); 4] = [
        ("/event/user/user_id", json!("ben")),
        ("/event/client/client_id", json!("other-app")),
        ("/event/session/id", json!("ses_another")),
        ("/resume_key", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
    ];
    for (pointer, value) in changes {
        let mut body = browser.continue_body(&sealed);
        *body.pointer_mut(pointer).unwrap() = value;
        let answered = postlude.post(&browser.continue_path(), &body).await;
        assert_eq!((answered.status, answered.outcome()), (409, "login_mismatch"), "{pointer}: {}", answered.text);
    }
    assert_eq!(browser.resume(&sealed).await.outcome(), "continue");
}

#[tokio::test]
async fn a_tampered_reply_is_refused_before_anything_is_read() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let token = postlude.partner.result(browser.location(), &json!({}));
    let sealed = browser.bring(&token).await.sealed();
    for at in [0, 5, sealed.len() / 2, sealed.len() - 1] {
        let mut bytes = sealed.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let answered = browser.resume(&String::from_utf8(bytes).unwrap()).await;
        assert_eq!((answered.status, answered.outcome()), (400, "invalid_reply"), "byte {at}: {}", answered.text);
    }
    assert_eq!(browser.resume(&sealed).await.outcome(), "continue");
}

/// S05, S13.
#[tokio::test]
async fn an_expired_state_runs_nothing() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    let body = browser.body("interactive");
    browser.open = Some(postlude.login("txn-late", &body).await);
    let token = postlude.partner.result(browser.location(), &json!({}));
    let sealed = browser.bring(&token).await.sealed();
    postlude.forward(Duration::from_secs(15 * 60 + 1));
    let late = browser.resume(&sealed).await;
    assert_eq!((late.status, late.outcome()), (410, "state_expired"), "{}", late.text);
    assert_eq!(browser.bring(&token).await.status, 410, "the page says it as well");
    let again = postlude.login("txn-late", &body).await;
    assert_eq!(again.outcome(), "state_expired", "a retry gives no dead prompt: {}", again.text);
}

/// U07: abandoning the prompt gives nothing.
#[tokio::test]
async fn abandoning_the_prompt_and_logging_in_again_prompts_again() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    assert_eq!(browser.login().await.outcome(), "redirect");
    assert_eq!(browser.login().await.outcome(), "redirect");
}

/// T01: a state of one tenant at another.
#[tokio::test]
async fn a_reply_of_another_tenant_is_refused() {
    let postlude = Postlude::in_memory().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let token = postlude.partner.result(browser.location(), &json!({}));
    let sealed = browser.bring(&token).await.sealed();
    let foreign =
        postlude.post_as(postlude_testkit::OTHER_KEY, &browser.continue_path(), &browser.continue_body(&sealed)).await;
    assert_eq!((foreign.status, foreign.outcome()), (400, "invalid_reply"), "{}", foreign.text);
    let url = format!("{}/other/continue", postlude.base);
    let response = postlude.client.get(url).query(&[("state", browser.state())]).send().await.unwrap();
    assert_eq!(response.status(), 400);
}

/// U24.
#[tokio::test]
async fn the_sixth_open_login_of_a_user_evicts_the_oldest() {
    let postlude = Postlude::in_memory().await;
    let mut browsers = Vec::new();
    for _ in 0..6 {
        let mut browser = postlude.browser("ana");
        browser.login().await;
        browsers.push(browser);
    }
    let mut other = postlude.browser("ben");
    other.login().await;
    let oldest = &mut browsers[0];
    let token = postlude.partner.result(oldest.location(), &json!({}));
    let page = oldest.bring(&token).await;
    assert_eq!(page.status, 410, "{}", page.text);
    for browser in &mut browsers[1..] {
        assert_eq!(browser.complete().await.outcome(), "continue");
    }
    assert_eq!(other.complete().await.outcome(), "continue", "another user's logins do not count");
}

/// P53, O16: a login finishes on the pipeline that it began with.
#[tokio::test]
async fn a_suspended_login_keeps_its_revision_over_reload_and_restart() {
    let mut postlude = Postlude::start().await;
    let (open, token) = {
        let mut browser = postlude.browser("ana");
        browser.login().await;
        (browser.open.clone(), postlude.partner.result(browser.location(), &json!({})))
    };
    postlude.edit_config("amr = [\"mfa\"]", "amr = [\"mfa\", \"face\"]");
    postlude.reload().await;
    {
        let mut fresh = postlude.browser("ben");
        fresh.login().await;
        assert_eq!(
            fresh.complete().await.body["amr"],
            json!(["pwd", "mfa", "face"]),
            "new logins take the new revision"
        );
    }
    postlude.restart().await;
    let mut browser = postlude.browser("ana");
    browser.open = open;
    let sealed = browser.bring(&token).await.sealed();
    let back = browser.resume(&sealed).await;
    assert_eq!((back.outcome(), &back.body["amr"]), ("continue", &json!(["pwd", "mfa"])), "{}", back.text);
}

/// O14, `previous_root_keys`: a rotation loses no suspended login, no factor and no retry.
#[tokio::test]
async fn a_rotated_root_key_keeps_suspended_logins_factors_and_retries() {
    let mut postlude = Postlude::start().await;
    let body = postlude.browser("ben").body("interactive");
    let started = postlude.login("txn-1", &body).await;
    let (open, token, session) = {
        let mut known = postlude.browser("ana");
        known.login().await;
        known.complete().await;
        let mut browser = postlude.browser("ana");
        browser.login().await;
        (browser.open.clone(), postlude.partner.result(browser.location(), &json!({})), known.session)
    };
    let mut waiting = Vec::new();
    for n in 0..100 {
        let name = format!("user-{n}");
        let mut browser = postlude.browser(&name);
        browser.login().await;
        let token = postlude.partner.result(browser.location(), &json!({}));
        waiting.push((browser.open.clone(), token, name.clone()));
    }
    let dir = postlude.dir().to_owned();
    std::fs::rename(dir.join("root.key"), dir.join("old.key")).unwrap();
    let made = std::process::Command::new(postlude_testkit::program())
        .args(["keys", "new", "root", "--out", "root.key"])
        .current_dir(&dir)
        .output()
        .unwrap();
    assert!(made.status.success());
    postlude.edit_config("development = true", "previous_root_keys = [{ file = \"old.key\" }]\ndevelopment = true");
    postlude.restart().await;
    let mut browser = postlude.browser("ana");
    browser.open = open;
    let sealed = browser.bring(&token).await.sealed();
    let back = browser.resume(&sealed).await;
    assert_eq!(back.outcome(), "continue", "{}", back.text);
    browser.session = session;
    assert_eq!(browser.login().await.outcome(), "continue", "the factor is still there");
    for (open, token, name) in waiting {
        let mut browser = postlude.browser(&name);
        browser.open = open;
        let sealed = browser.bring(&token).await.sealed();
        assert_eq!(browser.resume(&sealed).await.outcome(), "continue", "{name}");
    }
    let again = postlude.login("txn-1", &body).await;
    assert_eq!((again.status, again.text_at("/login_id")), (200, started.text_at("/login_id")), "{}", again.text);
}

/// R16: an old backup does not bring back states that were used, nor factors.
#[tokio::test]
async fn a_restored_backup_revives_no_state() {
    let mut postlude = Postlude::start().await;
    postlude.stop().await;
    let (data, backup) = (postlude.dir().join("data"), postlude.dir().join("backup"));
    postlude.start_again().await.unwrap();
    let session = {
        let mut known = postlude.browser("ben");
        known.login().await;
        known.complete().await;
        assert_eq!(known.login().await.outcome(), "continue");
        known.session
    };
    let mut browser = postlude.browser("ana");
    browser.login().await;
    let token = postlude.partner.result(browser.location(), &json!({}));
    let sealed = browser.bring(&token).await.sealed();
    let (path, body) = (browser.continue_path(), browser.continue_body(&sealed));
    postlude.stop().await;
    copy(&data, &backup);
    postlude.start_again().await.unwrap();
    assert_eq!(postlude.post(&path, &body).await.outcome(), "continue");
    postlude.stop().await;
    std::fs::remove_dir_all(&data).unwrap();
    copy(&backup, &data);
    postlude.start_again().await.unwrap();
    let revived = postlude.post(&path, &body).await;
    assert_eq!((revived.status, revived.outcome()), (410, "state_expired"), "{}", revived.text);
    let mut known = postlude.browser("ben");
    known.session = session;
    assert_eq!(known.login().await.outcome(), "redirect", "a factor of an older epoch counts for nothing");
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target)
        } else {
            std::fs::copy(entry.path(), target).map(|_| ()).unwrap()
        }
    }
}

/// What is stored of a suspended login tells who reads the disk no state and no request token.
#[tokio::test]
async fn nothing_on_the_disk_holds_a_state() {
    let mut postlude = Postlude::start().await;
    let body = postlude.browser("ana").body("interactive");
    let begun = postlude.login("txn-1", &body).await;
    let location = begun.text_at("/location");
    let prompt = url::Url::parse(location).unwrap();
    let state = prompt.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let secrets: Vec<_> =
        prompt.query_pairs().map(|(_, value)| value.into_owned()).filter(|value| value.len() > 40).collect();
    assert!(secrets.contains(&state), "{location}");
    postlude.stop().await;
    let files = every_file(&postlude.dir().join("data"));
    assert!(files.len() > 3, "{}", files.len());
    for bytes in files {
        for secret in &secrets {
            let holds = bytes.windows(40).any(|window| window == &secret.as_bytes()[..40]);
            assert!(!holds, "{secret}");
        }
    }
    postlude.start_again().await.unwrap();
    let again = postlude.login("txn-1", &body).await;
    assert_eq!(again.body, begun.body, "it is told again");
}

fn every_file(dir: &std::path::Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { every_file(&path) } else { vec![std::fs::read(path).unwrap()] })
        .collect()
}
