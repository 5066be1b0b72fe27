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
    let port = postlude.base.rsplit(':').next().unwrap().to_owned();
    let listen = format!("listen = \"127.0.0.1:{port}\"");
    let printed = serve_second(&postlude, |config| config.replace(&listen, "listen = \"127.0.0.1:0\"")).await;
    assert!(printed.contains("in use") && printed.contains("data"), "{printed}");
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
    let printed =
        serve_second(&postlude, |config| config.replace("[server]", "[server]\ndata_dir = \"data-two\"")).await;
    assert!(printed.contains("cannot listen on 127.0.0.1:"), "{printed}");
}

/// What a second process says that must not start, with a configuration made from the first one's.
async fn serve_second(postlude: &Postlude, change: impl FnOnce(String) -> String) -> String {
    let dir = postlude.dir().to_owned();
    let config = std::fs::read_to_string(dir.join("postlude.toml")).unwrap();
    std::fs::write(dir.join("second.toml"), change(config)).unwrap();
    let mut serve = Command::new(program());
    serve.args(["serve", "--config", "second.toml", "--log-level", "off"]).env("NO_COLOR", "1").current_dir(dir);
    let second = tokio::task::spawn_blocking(move || serve.output().unwrap()).await.unwrap();
    let printed = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{printed}");
    printed
}
