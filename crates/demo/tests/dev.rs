//! A partner's plugin in a real browser flow, as `postlude dev` serves it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests stop at what surprises them")]

mod support;

use postlude_demo::{Dev, RunLine};
use serde_json::json;
use std::sync::Mutex;
use std::time::Duration;
use support::{Chrome, plugin, settings, start};

/// Does something while the runs are told, until `count` of them were.
async fn runs_of(dev: &Dev, count: usize, act: impl Future<Output = ()>) -> Vec<RunLine> {
    let lines = Mutex::new(Vec::new());
    let acted = async {
        act.await;
        for _ in 0..200 {
            if lines.lock().unwrap().len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        () = dev.follow(|line: &RunLine| lines.lock().unwrap().push(line.clone())) => {}
        () = acted => {}
    }
    lines.into_inner().unwrap()
}

#[tokio::test]
async fn the_simulator_answers_for_a_site_of_elsewhere_and_each_run_is_told() {
    let dev = start(&settings("postlude")).await;
    let mut chrome = Chrome::new();
    let lines = runs_of(&dev, 4, async {
        let prompt = chrome.log_in(&dev).await;
        assert_eq!((prompt.host_str(), prompt.path()), (Some("partner.chrome.demo.localhost"), "/check"));
        assert_eq!(chrome.answer(&prompt, "refused").await, "/result");
        let prompt = chrome.log_in(&dev).await;
        assert_eq!(chrome.answer(&prompt, "ok").await, "/");
    })
    .await;
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line.user.as_str(), line.browser.as_str(), line.phase, line.decision.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("ana", "chrome", "on-login", "redirect"),
            ("ana", "chrome", "on-continue", "deny"),
            ("ana", "chrome", "on-login", "redirect"),
            ("ana", "chrome", "on-continue", "continue"),
        ]
    );
    dev.stop().await.unwrap();
}

#[tokio::test]
async fn results_that_must_be_refused_let_nobody_in() {
    let dev = start(&settings("postlude")).await;
    for kind in ["missing", "tampered", "expired", "other-user", "other-factor", "reflected", "wrong-key", "unsigned"] {
        let mut chrome = Chrome::new();
        let prompt = chrome.log_in(&dev).await;
        assert_eq!(chrome.answer(&prompt, kind).await, "/result", "{kind}");
    }
    dev.stop().await.unwrap();
}

#[tokio::test]
async fn a_swap_is_for_new_logins_and_one_with_a_mistake_changes_nothing() {
    let dev = start(&settings("postlude")).await;
    let mut chrome = Chrome::new();
    let why = dev.swap(&plugin(&json!({ "profile": "postlude" }))).await.unwrap_err();
    assert!(format!("{why:#}").contains("prompt_url"), "{why:#}");
    assert_eq!(chrome.log_in(&dev).await.path(), "/check");

    let mut moved = settings("postlude");
    *moved.get_mut("prompt_url").unwrap() = json!("https://other.acme.example/face");
    dev.swap(&plugin(&moved)).await.unwrap();
    assert_eq!(chrome.log_in(&dev).await.path(), "/face");
    dev.stop().await.unwrap();
}

#[tokio::test]
async fn the_profile_auth0_is_simulated_with_its_shared_secret() {
    let dev = start(&settings("auth0")).await;
    let mut chrome = Chrome::new();
    let prompt = chrome.log_in(&dev).await;
    assert_eq!(chrome.answer(&prompt, "ok").await, "/");
    let mut other = Chrome::new();
    let prompt = other.log_in(&dev).await;
    assert_eq!(other.answer(&prompt, "wrong-key").await, "/result");
    dev.stop().await.unwrap();
}
