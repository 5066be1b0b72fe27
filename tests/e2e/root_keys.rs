//! Root keys come and go under a running server: nothing fails while they are rotated, and what a removed key made is refused.

use postlude_testkit::{IDP_KEY, OPERATOR_KEY, Partner, Postlude, READER_KEY, hash, new_root_key};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The IdP's key after a rotation.
const NEW_IDP_KEY: &str = "plk_test-idp-key-after-the-rotation-9876543";

/// Makes a key of this name in the server's folder.
fn new_key(postlude: &Postlude, name: &str) {
    std::fs::write(postlude.dir().join(name), format!("{}\n", new_root_key())).unwrap();
}

/// Waits until the server says that no record needs an earlier root key.
async fn all_tagged_again(postlude: &Postlude) -> Value {
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
async fn at_its_return(postlude: &Postlude, user: &str) -> (String, Value) {
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
    let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert!(checked.status.success() && report["ok"] == true && report["damaged"] == json!([]), "{report}");
    let repaired: Value = serde_json::from_slice(&store("repair", &dir).stdout).unwrap();
    assert_eq!((&repaired["removed"], &repaired["new_header"]), (&json!(0), &json!(false)));
    postlude.start_again().await.unwrap();
    let mut ana = postlude.browser("ana");
    ana.session = session;
    assert_eq!(ana.login().await.outcome(), "continue");
}

/// The IdP's key and the prompt site's that logins use at a moment.
type InUse = (&'static str, Partner);

/// Logs one user after another in, with the keys that are in use at that moment, until it is told to stop. Every login has to succeed.
async fn log_in_all_the_time(
    postlude: &Postlude,
    name: &str,
    in_use: &RefCell<InUse>,
    logins: &Cell<usize>,
    stop: &Cell<bool>,
) {
    let mut number = 0;
    while !stop.get() {
        let mut browser = postlude.browser(&format!("{name}-{number}"));
        let (key, partner) = in_use.borrow().clone();
        let idempotency = format!("rotation-{name}-{number}");
        let begun = postlude.login_as(key, &idempotency, &browser.body("interactive")).await;
        assert_eq!((begun.status, begun.outcome()), (200, "redirect"), "{}", begun.text);
        browser.open = Some(begun);
        let sealed = browser.bring(&partner.result(browser.location(), &json!({}))).await.sealed();
        let back = postlude.post_as(key, &browser.continue_path(), &browser.continue_body(&sealed)).await;
        assert_eq!(back.outcome(), "continue", "{}", back.text);
        number += 1;
        logins.set(logins.get() + 1);
    }
}

/// Changes the keys: first both are taken, then the new ones are used, then the old ones are removed.
async fn rotate(postlude: &Postlude, in_use: &RefCell<InUse>, logins: &Cell<usize>, stop: &Cell<bool>) {
    // So many logins later none is under way that began before.
    let after_some = async || {
        let before = logins.get();
        while logins.get() < before + 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    after_some().await;
    let (old, new) = (postlude.partner.clone(), postlude.partner.with_new_keys());
    let keys = |partners: &[&Partner]| {
        let of = |partner: &&Partner| serde_json::from_str::<Value>(&partner.jwks()).unwrap()["keys"][0].clone();
        json!({ "keys": partners.iter().map(of).collect::<Vec<_>>() }).to_string()
    };
    let old_key = format!("sha256 = \"{}\"", hash(IDP_KEY));
    let new_table = format!("[tenants.acme.keys.idp-2]\nrole = \"idp\"\nsha256 = \"{}\"\n", hash(NEW_IDP_KEY));
    std::fs::write(postlude.dir().join("partner.jwks.json"), keys(&[&old, &new])).unwrap();
    postlude.edit_config("[tenants.acme.keys.idp]", &format!("{new_table}[tenants.acme.keys.idp]"));
    postlude.try_reload().await.unwrap();
    after_some().await;
    in_use.replace((NEW_IDP_KEY, new.clone()));
    after_some().await;
    std::fs::write(postlude.dir().join("partner.jwks.json"), keys(&[&new])).unwrap();
    postlude.edit_config(&format!("[tenants.acme.keys.idp]\nrole = \"idp\"\n{old_key}\n"), "");
    postlude.try_reload().await.unwrap();
    after_some().await;
    stop.set(true);
    let mut browser = postlude.browser("late");
    let refused = postlude.login_as(IDP_KEY, "late", &browser.body("interactive")).await;
    assert_eq!(refused.status, 401, "{}", refused.text);
    browser.open = Some(postlude.login_as(NEW_IDP_KEY, "late", &browser.body("interactive")).await);
    let sealed = browser.bring(&old.result(browser.location(), &json!({}))).await.sealed();
    let denied = postlude.post_as(NEW_IDP_KEY, &browser.continue_path(), &browser.continue_body(&sealed)).await;
    assert_eq!(denied.outcome(), "deny", "{}", denied.text);
}

/// The keys of the IdP and of the prompt site change while users log in: no login fails, and then the old keys are refused.
#[tokio::test]
async fn keys_change_under_load_and_no_login_fails() {
    let postlude = Postlude::in_memory().await;
    let in_use = RefCell::new((IDP_KEY, postlude.partner.clone()));
    let (logins, stop) = (Cell::new(0), Cell::new(false));
    let load = (0..8).map(|number| {
        let (postlude, in_use, logins, stop) = (&postlude, &in_use, &logins, &stop);
        async move { log_in_all_the_time(postlude, &format!("u{number}"), in_use, logins, stop).await }
    });
    tokio::join!(futures_util::future::join_all(load), rotate(&postlude, &in_use, &logins, &stop));
    assert!(logins.get() > 80);
}
