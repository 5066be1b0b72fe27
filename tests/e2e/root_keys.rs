//! Root keys come and go under a running server: nothing fails while they are rotated, and what a removed key made is refused.

use postlude_testkit::{OPERATOR_KEY, Postlude, READER_KEY, new_root_key};
use serde_json::json;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Makes a key of this name in the server's folder.
fn new_key(postlude: &Postlude, name: &str) {
    std::fs::write(postlude.dir().join(name), format!("{}\n", new_root_key())).unwrap();
}

/// Waits until the server says that no record needs an earlier root key.
async fn all_tagged_again(postlude: &Postlude) -> serde_json::Value {
    let began = Instant::now();
    loop {
        let listed = postlude.get_as(OPERATOR_KEY, "/v1/admin/root-keys").await;
        assert_eq!(listed.status, 200, "{}", listed.text);
        if listed.body["complete"] == true && listed.body["keys"][1]["records"] == 0 {
            return listed.body;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{}", listed.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A session in which a user completed the factor.
async fn known(postlude: &Postlude, user: &str) -> Option<String> {
    let mut browser = postlude.browser(user);
    browser.login().await;
    assert_eq!(browser.complete().await.outcome(), "continue");
    browser.session
}

/// The call by which the IdP would resume a login whose browser is back.
async fn at_its_return(postlude: &Postlude, user: &str) -> (String, serde_json::Value) {
    let mut browser = postlude.browser(user);
    browser.login().await;
    let sealed = browser.bring(&postlude.partner.result(browser.location(), &json!({}))).await.sealed();
    (browser.continue_path(), browser.continue_body(&sealed))
}

fn code_files(postlude: &Postlude) -> Vec<PathBuf> {
    std::fs::read_dir(postlude.dir().join("data/code")).unwrap().map(|file| file.unwrap().path()).collect()
}

/// Open with A, with B and A, wait for the report, open with B alone. Factors stay. A state, a sealed reply and code that A made
/// are refused.
#[tokio::test]
async fn a_root_key_is_retired_and_nothing_but_its_own_is_lost() {
    let mut postlude = Postlude::start().await;
    let session = known(&postlude, "ana").await;
    let (path, body) = at_its_return(&postlude, "ben").await;
    let with_code = |file: PathBuf| (file.clone(), std::fs::read(file).unwrap());
    let code_by_a: Vec<_> = code_files(&postlude).into_iter().map(with_code).collect();

    new_key(&postlude, "b.key");
    postlude.edit_config(
        r#"root_key = { file = "root.key" }"#,
        "root_key = { file = \"b.key\" }\nprevious_root_keys = [{ file = \"root.key\" }]",
    );
    postlude.restart().await;
    // While both are there, what either made is taken.
    known(&postlude, "cai").await;
    let report = all_tagged_again(&postlude).await;
    let keys = &report["keys"];
    assert_eq!((&keys[0]["current"], &keys[1]["current"]), (&json!(true), &json!(false)), "{report}");
    // Logins that began under A may still come back.
    assert_eq!(keys[1]["removable"], false, "{report}");
    assert!(keys[1]["needed_until"].is_string(), "{report}");
    postlude.forward(Duration::from_secs(3601));
    let report = postlude.get_as(OPERATOR_KEY, "/v1/admin/root-keys").await;
    assert!(report.body["keys"][1]["needed_until"].is_null(), "{}", report.text);
    assert_eq!(report.body["keys"][1]["removable"], true, "{}", report.text);
    assert_eq!(postlude.get_as(READER_KEY, "/v1/admin/root-keys").await.status, 403);
    let metrics = postlude.get_as(READER_KEY, "/metrics").await.text;
    assert!(metrics.contains("postlude_root_key_records{kid="), "{metrics}");

    postlude.edit_config("previous_root_keys = [{ file = \"root.key\" }]", "");
    postlude.restart().await;
    let ready = postlude.get_as(READER_KEY, "/readyz").await;
    assert_eq!((ready.status, ready.text.as_str()), (200, "ready\n"));
    let shown = postlude.get_as(OPERATOR_KEY, "/v1/admin/root-keys").await;
    assert_eq!(shown.body["keys"].as_array().unwrap().len(), 1, "{}", shown.text);
    let refused = postlude.post(&path, &body).await;
    assert_eq!((refused.status, refused.text_at("/code")), (400, "invalid_reply"), "{}", refused.text);
    let mut again = postlude.browser("ana");
    again.session = session;
    assert_eq!(again.login().await.outcome(), "continue", "what A's records said stays");
    drop(again);
    // Code that A made is not loaded: the plugin is compiled anew.
    postlude.stop().await;
    code_by_a.iter().for_each(|(file, old)| std::fs::write(file, old).unwrap());
    postlude.start_again().await.unwrap();
    assert!(!code_by_a.is_empty());
    for (file, old) in &code_by_a {
        assert_ne!(&std::fs::read(file).unwrap(), old);
    }
}

/// Without its root key a server starts all the same. Suspended logins end and everyone is prompted again, nothing else.
#[tokio::test]
async fn a_lost_root_key_prompts_everyone_again() {
    let mut postlude = Postlude::start().await;
    let session = known(&postlude, "ana").await;
    let (path, body) = at_its_return(&postlude, "ben").await;
    new_key(&postlude, "root.key");
    postlude.restart().await;
    let refused = postlude.post(&path, &body).await;
    assert_eq!((refused.status, refused.text_at("/code")), (400, "invalid_reply"), "{}", refused.text);
    {
        let mut ana = postlude.browser("ana");
        ana.session.clone_from(&session);
        assert_eq!(ana.login().await.outcome(), "redirect");
        ana.complete().await;
        assert_eq!(ana.login().await.outcome(), "continue");
    }
    postlude.restart().await;
    let mut ana = postlude.browser("ana");
    ana.session = session;
    assert_eq!(ana.login().await.outcome(), "continue", "what the new key made stays");
}

/// A person checks what a server has stored, once it is stopped.
#[tokio::test]
async fn a_stopped_servers_store_is_checked_by_a_command() {
    let mut postlude = Postlude::start().await;
    let session = known(&postlude, "ana").await;
    let store = |what: &str, folder: &std::path::Path| {
        let mut command = std::process::Command::new(postlude_testkit::program());
        command.args(["store", what, "--json"]).current_dir(folder).output().unwrap()
    };
    let dir = postlude.dir().to_owned();
    let busy = store("check", &dir);
    assert!(!busy.status.success());
    assert!(String::from_utf8(busy.stderr).unwrap().contains("is in use by another postlude process"));
    postlude.stop().await;
    let checked = store("check", &dir);
    let report: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert!(checked.status.success() && report["ok"] == true && report["damaged"] == json!([]), "{report}");
    let repaired: serde_json::Value = serde_json::from_slice(&store("repair", &dir).stdout).unwrap();
    assert_eq!((&repaired["removed"], &repaired["new_header"]), (&json!(0), &json!(false)));
    postlude.start_again().await.unwrap();
    let mut ana = postlude.browser("ana");
    ana.session = session;
    assert_eq!(ana.login().await.outcome(), "continue");
}
