//! The configuration of a running server: reloads that are refused, a second process, and a wrong start.

use postlude_testkit::{Alg, IDP_KEY, OPERATOR_KEY, Postlude, event, program};
use serde_json::json;
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

/// R17: SIGTERM in the middle of calls ends them properly: each is answered, or was never heard; and what was answered is there after the
/// start.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_leaves_no_login_half_done() {
    let mut postlude = Postlude::builder().process().start().await;
    let mut finished = 0;
    for round in 0..5_u64 {
        let calls: Vec<_> = (0..8)
            .map(|at| {
                let (client, url) = (postlude.client.clone(), format!("{}/v1/logins", postlude.base));
                tokio::spawn(async move {
                    let mut answered = Vec::new();
                    for number in 0.. {
                        let key = format!("{round}-{at}-{number}");
                        let body = json!({ "trigger": "post-login", "mode": "interactive", "event": event(&key, None),
                            "return_url": "http://localhost:3000/interaction/x" });
                        let request =
                            client.post(&url).bearer_auth(IDP_KEY).header("idempotency-key", &key).json(&body);
                        let Ok(answer) = request.send().await else { break };
                        // A call that was heard is answered whole, or told to come again.
                        let (status, text) = (answer.status().as_u16(), answer.text().await.expect("a whole answer"));
                        match status {
                            200 => answered.push((key, body, text)),
                            503 => break,
                            _ => panic!("{status} {text}"),
                        }
                    }
                    answered
                })
            })
            .collect();
        tokio::time::sleep(std::time::Duration::from_millis(100 + 70 * round)).await;
        postlude.stop().await;
        let mut answered = Vec::new();
        for call in calls {
            answered.extend(call.await.unwrap());
        }
        postlude.start_again().await.unwrap();
        for (key, body, text) in &answered {
            let again = postlude.login(key, body).await;
            assert_eq!(again.body, serde_json::from_str::<serde_json::Value>(text).unwrap(), "{key}");
        }
        finished += answered.len();
    }
    assert!(finished > 40, "only {finished} calls were answered before the stops");
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

/// O15: what a thief of the data folder or of a core dump gets: no key, no secret, no resume key, and no dump.
#[tokio::test]
async fn the_data_folder_has_no_secret_and_no_core_is_dumped() {
    let mut postlude = Postlude::builder().tokens(Alg::Hs256, "postlude").start().await;
    postlude.stop().await;
    postlude.start_as_process().await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", postlude.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).collect::<Vec<_>>(), ["0", "0", "bytes"], "{core}");
    let mut browser = postlude.browser("ana");
    let login = browser.login().await;
    let resume_key = login.text_at("/resume_key").to_owned();
    assert_eq!(browser.complete().await.outcome(), "continue");
    postlude.browser("ben").login().await;
    postlude.stop().await;
    let read = |name: &str| std::fs::read_to_string(postlude.dir().join(name)).unwrap().trim().to_owned();
    let root_key = read("root.key");
    let root_bytes = root_key.rsplit(['.', ':', '_']).next().unwrap().to_owned();
    let secrets =
        [IDP_KEY, OPERATOR_KEY, &root_key, &root_bytes, &read("partner.secret"), &resume_key].map(str::to_owned);
    let mut searched = 0;
    let mut folders = vec![postlude.dir().join("data")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            searched += bytes.len();
            for secret in &secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{} has a secret of {} bytes", path.display(), secret.len());
            }
        }
    }
    assert!(searched > 10_000, "{searched} bytes were searched");
}
