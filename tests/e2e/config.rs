//! The configuration of a running server: reloads that are refused, a second process, and a wrong start.

use postlude_testkit::{Postlude, program};
use std::process::Command;

#[tokio::test]
async fn a_reload_with_a_mistake_changes_nothing() {
    let postlude = Postlude::start().await;
    postlude.edit_config("max_age = \"24h\"", "max_age = \"soon\"");
    postlude.reload().await;
    let mut browser = postlude.browser("ana");
    assert_eq!(browser.login().await.outcome(), "redirect");
    assert_eq!(browser.complete().await.outcome(), "continue", "the configuration before it keeps serving");
    assert_eq!(browser.login().await.outcome(), "continue");
    postlude.edit_config("max_age = \"soon\"", "max_age = \"0s\"");
    postlude.reload().await;
    assert_eq!(browser.login().await.outcome(), "redirect", "the mended one is in force");
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_reloads_a_running_process() {
    let postlude = Postlude::builder().process().start().await;
    let mut browser = postlude.browser("ana");
    browser.login().await;
    browser.complete().await;
    assert_eq!(browser.login().await.outcome(), "continue");
    postlude.edit_config("max_age = \"24h\"", "max_age = \"0s\"");
    postlude.hang_up().await;
    for _ in 0..100 {
        if browser.login().await.outcome() == "redirect" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the new policy is not in force after 10 seconds");
}

/// R14.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_folder_is_refused() {
    let postlude = Postlude::builder().process().start().await;
    let config = std::fs::read_to_string(postlude.dir().join("postlude.toml")).unwrap();
    let port = postlude.base.rsplit(':').next().unwrap();
    std::fs::write(
        postlude.dir().join("second.toml"),
        config.replace(&format!("listen = \"127.0.0.1:{port}\""), "listen = \"127.0.0.1:0\""),
    )
    .unwrap();
    let dir = postlude.dir().to_owned();
    let second = tokio::task::spawn_blocking(move || {
        Command::new(program())
            .args(["serve", "--config", "second.toml", "--log-level", "off"])
            .env("NO_COLOR", "1")
            .current_dir(dir)
            .output()
            .unwrap()
    });
    let second = second.await.unwrap();
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{told}");
    assert!(told.contains("in use") && told.contains("data"), "{told}");
}

/// R17: SIGTERM in the middle of calls ends them properly; what was answered is there after the start.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_leaves_no_login_half_done() {
    let mut postlude = Postlude::builder().process().start().await;
    for _ in 0..5 {
        let mut browser = postlude.browser("ana");
        browser.login().await;
        assert_eq!(browser.complete().await.outcome(), "continue");
        let session = browser.session.clone();
        postlude.stop().await;
        postlude.start_again().await.unwrap();
        let mut browser = postlude.browser("ana");
        browser.session = session;
        assert_eq!(browser.login().await.outcome(), "continue");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_use_is_said_plainly() {
    let postlude = Postlude::builder().process().start().await;
    let config = std::fs::read_to_string(postlude.dir().join("postlude.toml")).unwrap();
    let config = config.replace("[server]", "[server]\ndata_dir = \"data-two\"");
    std::fs::write(postlude.dir().join("second.toml"), config).unwrap();
    let dir = postlude.dir().to_owned();
    let second = tokio::task::spawn_blocking(move || {
        Command::new(program())
            .args(["serve", "--config", "second.toml", "--log-level", "off"])
            .env("NO_COLOR", "1")
            .current_dir(dir)
            .output()
            .unwrap()
    });
    let second = second.await.unwrap();
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot listen on 127.0.0.1:"), "{told}");
}
