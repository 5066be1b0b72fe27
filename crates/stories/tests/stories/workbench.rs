//! The workbench: whole logins, with right and wrong results, over time and over browsers.

use crate::support::{FACTOR, face, face_workbench, plugin, plugin_file};
use postlude_stories::partner::{PromptAnswer, PromptKind, ReturnMethod};
use postlude_stories::workbench::{ActionSetup, LoginInput, PluginPool, Workbench, WorkbenchError, WorkbenchSetup};
use serde_json::{Value, json};
use std::time::Duration;

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn in_browser(browser: &str) -> LoginInput {
    LoginInput { browser: browser.to_owned(), ..LoginInput::default() }
}

#[tokio::test]
async fn a_prompt_comes_once_a_day_and_in_each_browser() {
    let mut bench = face_workbench(face("postlude")).await;
    let answer = bench.login(&LoginInput::default()).await.unwrap();
    assert_eq!(answer.outcome(), "redirect", "{:#}", answer.json);
    assert_eq!(text(&answer.json, "/redirect/url"), "https://prompt.acme.example/check");
    assert_eq!(text(&answer.json, "/redirect/token/sub"), "ana");
    assert_eq!(answer.runs.len(), 1);
    let answer = bench.prompt(&PromptAnswer::of(PromptKind::Ok)).await.unwrap();
    assert_eq!(answer.outcome(), "continue", "{:#}", answer.json);
    assert_eq!(answer.json["factors"], json!([FACTOR]));
    assert_eq!(answer.json["amr"], json!(["pwd", "mfa"]));
    bench.wait(Duration::from_secs(23 * 3600));
    assert_eq!(bench.login(&LoginInput::default()).await.unwrap().outcome(), "continue");
    assert_eq!(bench.login(&in_browser("other")).await.unwrap().outcome(), "redirect");
    bench.wait(Duration::from_secs(2 * 3600));
    assert_eq!(bench.login(&LoginInput::default()).await.unwrap().outcome(), "redirect");
    bench.close().await;
}

#[tokio::test]
async fn every_wrong_result_is_refused_under_both_profiles_and_all_algorithms() {
    let pool = PluginPool::new(Default::default()).unwrap();
    for (profile, alg) in [("postlude", "EdDSA"), ("postlude", "ES256"), ("postlude", "HS256"), ("auth0", "HS256")] {
        let mut action = ActionSetup::new(plugin(&pool, "custom-factor").await);
        action.settings = face(profile);
        action.operator = json!({ "keys": { "partner": { "alg": alg } } }).as_object().unwrap().clone();
        let mut bench = Workbench::open(WorkbenchSetup::new(&pool).action(action)).await.unwrap();
        for (name, kind) in PromptKind::ALL {
            if matches!(kind, PromptKind::Again | PromptKind::Never) {
                continue;
            }
            // A factor is no claim of the other profile.
            let good = matches!(kind, PromptKind::Ok) || (profile == "auth0" && kind == PromptKind::OtherFactor);
            let browser = in_browser(name);
            assert_eq!(bench.login(&browser).await.unwrap().outcome(), "redirect");
            let answer = bench.prompt_in(name, &PromptAnswer::of(kind)).await.unwrap();
            let wanted = if good { "continue" } else { "deny" };
            assert_eq!(answer.outcome(), wanted, "{profile} {alg} {name}: {:#}", answer.json);
            let recorded = answer.json.pointer("/session/factors").cloned().unwrap_or_default();
            assert_eq!(recorded == json!([FACTOR]), good, "{profile} {alg} {name}: {recorded}");
        }
        bench.close().await;
    }
}

#[tokio::test]
async fn a_reply_belongs_to_its_browser_and_counts_once() {
    let mut bench = face_workbench(face("postlude")).await;
    bench.login(&in_browser("victim")).await.unwrap();
    bench.login(&in_browser("thief")).await.unwrap();
    let stolen = PromptAnswer { browser: Some("thief".to_owned()), ..PromptAnswer::default() };
    let answer = bench.prompt_in("victim", &stolen).await.unwrap();
    assert_eq!((answer.outcome(), text(&answer.json, "/refused/code")), ("refused", "login_mismatch"));
    let nobody = PromptAnswer { browser: Some("nobody".to_owned()), ..PromptAnswer::default() };
    let answer = bench.prompt_in("victim", &nobody).await.unwrap();
    assert_eq!(text(&answer.json, "/refused/code"), "no_login");
    let posted = PromptAnswer { method: ReturnMethod::Post, ..PromptAnswer::default() };
    assert_eq!(bench.prompt_in("victim", &posted).await.unwrap().outcome(), "continue");
    let again = bench.prompt_in("victim", &PromptAnswer::of(PromptKind::Again)).await.unwrap();
    assert_eq!((again.outcome(), again.runs.len()), ("continue", 0), "the answer is repeated, and nothing runs");
}

#[tokio::test]
async fn a_prompt_site_refuses_a_request_that_is_too_old() {
    let mut bench = face_workbench(face("postlude")).await;
    bench.login(&LoginInput::default()).await.unwrap();
    bench.wait(Duration::from_secs(20 * 60));
    let answer = bench.prompt(&PromptAnswer::default()).await.unwrap();
    assert_eq!(text(&answer.json, "/refused/by"), "prompt", "{:#}", answer.json);
    assert!(text(&answer.json, "/refused/message").contains("`exp` is past"));
}

#[tokio::test]
async fn mistakes_are_said_in_the_words_of_the_host() {
    let pool = PluginPool::new(Default::default()).unwrap();
    let mut action = ActionSetup::new(plugin(&pool, "custom-factor").await);
    action.settings = json!({ "prompt_url": "https://prompt.acme.example/check", "profile": "postlude" });
    let why = Workbench::open(WorkbenchSetup::new(&pool).action(action)).await.unwrap_err();
    let WorkbenchError::Config(mistakes) = &why else { panic!("{why}") };
    assert!(mistakes.iter().all(|mistake| mistake.place.is_none()));
    insta::assert_snapshot!(why.to_string());
}

#[tokio::test]
async fn the_users_own_configuration_is_taken_with_stand_ins() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postlude.toml");
    let text = format!(
        r#"[server]
root_key = {{ env = "NO_SUCH_ROOT_KEY" }}
[tenants.acme]
issuer = "https://login.acme.example"
return_urls = ["https://idp.acme.example/interaction"]
[tenants.acme.plugins.custom-factor]
path = "{}"
[[tenants.acme.pipeline]]
name = "face"
plugin = "custom-factor"
settings = {{ prompt_url = "https://prompt.acme.example/check", factor = "{FACTOR}", profile = "postlude" }}
grants = {{ redirect_origins = ["https://prompt.acme.example"] }}
factors = [{{ name = "{FACTOR}", max_age = "1h", amr = ["face"] }}]
[tenants.acme.pipeline.keys.partner]
issuer = "https://prompt.acme.example"
alg = "ES256"
jwks = {{ file = "not-here.json" }}
"#,
        plugin_file("custom-factor").display()
    );
    std::fs::write(&file, &text).unwrap();
    let pool = PluginPool::new(Default::default()).unwrap();
    let mut bench = Workbench::open(WorkbenchSetup::new(&pool).config(&file)).await.unwrap();
    assert_eq!(bench.notes().len(), 2, "{:?}", bench.notes());
    bench.login(&LoginInput::default()).await.unwrap();
    let answer = bench.prompt(&PromptAnswer::default()).await.unwrap();
    assert_eq!(answer.json["amr"], json!(["pwd", "face"]), "{:#}", answer.json);
    bench.wait(Duration::from_secs(2 * 3600));
    assert_eq!(bench.login(&LoginInput::default()).await.unwrap().outcome(), "redirect");
    let why = bench.swap(&plugin(&pool, "custom-factor").await).await.unwrap_err();
    assert!(why.to_string().contains("--config"), "{why}");

    std::fs::write(&file, text.replace("https://prompt.acme.example\"]", "https://other.example\"]")).unwrap();
    let why = Workbench::open(WorkbenchSetup::new(&pool).config(&file)).await.unwrap_err().to_string();
    assert!(why.contains("postlude.toml:12: "), "the line of the user's file is named: {why}");
}

#[tokio::test]
async fn another_version_of_a_plugin_is_deployed_between_steps() {
    let pool = PluginPool::new(Default::default()).unwrap();
    let first = plugin(&pool, "email-domain").await;
    let mut action = ActionSetup::new(first.clone());
    action.settings = json!({ "domains": ["acme.example"] });
    let mut bench = Workbench::open(WorkbenchSetup::new(&pool).action(action)).await.unwrap();
    assert_eq!(bench.login(&LoginInput::default()).await.unwrap().outcome(), "continue");
    let mut bytes = std::fs::read(plugin_file("email-domain")).unwrap();
    // An empty custom section more: another digest, the same code.
    bytes.splice(8..8, [0, 2, 1, b'x']);
    let second = pool.add(&bytes).await.unwrap();
    assert_ne!(first.plugin.digest(), second.plugin.digest());
    bench.swap(&second).await.unwrap();
    let answer = bench.login(&LoginInput::default()).await.unwrap();
    assert_eq!(answer.runs[0].plugin.digest(), second.plugin.digest());
}
