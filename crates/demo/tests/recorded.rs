//! Logins at the demo and at `postlude dev`, saved as stories: each is played as it was saved, and passes.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests stop at what surprises them")]

mod support;

use postlude_demo::{Demo, DemoOptions, plugins};
use postlude_host::Compilation;
use postlude_stories::play::{Player, PlayerSetup, SnapshotMode, SnapshotStore, Verdict};
use postlude_stories::record::record;
use postlude_stories::story::{BUILT_IN, StoryFile, read_text};
use postlude_stories::workbench::PluginPool;
use reqwest::Client;
use reqwest::header::{CONTENT_DISPOSITION, HOST};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use support::{Chrome, plugin, settings, start};

/// Plays a file of stories; `plugin` is the one under test.
async fn play(pool: &PluginPool, text: &str, plugin: Option<&[u8]>) {
    let file = read_text(Path::new("saved.toml"), text).unwrap_or_else(|why| panic!("{why}\n{text}"));
    let mut by_path = HashMap::new();
    for path in file.plugins.iter().filter_map(|plugin| plugin.path.clone()) {
        let name = path.to_str().unwrap().strip_prefix(BUILT_IN).unwrap().to_owned();
        by_path.insert(path, pool.add(plugins::by_name(&name).unwrap()).await.unwrap());
    }
    let plugin = match plugin {
        Some(bytes) => Some(pool.add(bytes).await.unwrap()),
        None => None,
    };
    let (pool, snapshots) = (pool.clone(), SnapshotStore::new(SnapshotMode::Compare));
    let player = Player::new(PlayerSetup { pool, plugin, by_path, config: None, tenant: None, snapshots });
    passes(&player, &file, text).await;
    // A story that expects something else has to fail: what was saved is really looked at.
    let mut other = file.clone();
    let last = other.stories.last_mut().unwrap().steps.last_mut().unwrap();
    last.expect = Some(json!({ "outcome": "ended" }));
    let result = player.play(&other, other.stories.last().unwrap()).await;
    assert!(matches!(result.verdict, Verdict::Failed(_)), "{:?}", result.verdict);
}

async fn passes(player: &Player, file: &StoryFile, text: &str) {
    for story in &file.stories {
        let result = player.play(file, story).await;
        assert!(matches!(result.verdict, Verdict::Passed), "{:#?}\n{text}", result.verdict);
    }
}

async fn get(page: &str, path: &str) -> (u16, String, String) {
    let (port, host) = (page.rsplit(':').next().unwrap(), page.trim_start_matches("http://").to_owned());
    let client = Client::builder().no_proxy().build().unwrap();
    let response = client.get(format!("http://127.0.0.1:{port}{path}")).header(HOST, host).send().await.unwrap();
    let disposition = response.headers().get(CONTENT_DISPOSITION).map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), disposition.unwrap_or_default(), response.text().await.unwrap())
}

#[tokio::test]
async fn every_login_of_the_demos_story_is_saved_from_the_page_and_passes_as_it_is() {
    let options = DemoOptions { port: Some(0), data: None, compilation: Compilation::InProcess };
    let demo = Demo::start(options).await.unwrap();
    demo.play(|_| {}).await.unwrap();
    let (_, _, page) = get(&demo.page(), "/").await;
    let links: Vec<_> =
        page.split("href=\"/story?login=").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let links: std::collections::BTreeSet<_> = links.into_iter().filter(|login| !login.is_empty()).collect();
    assert_eq!(links.len(), 7, "ana three times in chrome, once in firefox, the thief, the loop, the neighbour");
    let pool = PluginPool::new(Default::default()).unwrap();
    let mut files = Vec::new();
    for login in links {
        let (status, disposition, text) = get(&demo.page(), &format!("/story?login={login}")).await;
        assert_eq!(status, 200, "{text}");
        let name = disposition.split('"').nth(1).unwrap().to_owned();
        assert!(text.starts_with(&format!("# Recorded at `postlude demo`. Play it: postlude test {name}")), "{text}");
        assert_eq!(text.contains("--no-stock\n"), text.contains("endless-loop"), "{text}");
        play(&pool, &text, None).await;
        files.push((name, text));
    }
    files.sort();
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "ana-logs-in-continue.toml",
        "ana-logs-in-continue.toml",
        "ana-logs-in-continue.toml",
        "ana-logs-in-redirect.toml",
        "ana-logs-in-redirect.toml",
        "ben-logs-in-deny-action-failed.toml",
        "ben-logs-in-refused-login-mismatch.toml",
    ];
    assert_eq!(names, expected);
    let stolen = &files.last().unwrap().1;
    assert!(stolen.contains(r#"prompt = { brought_by = "first", kind = "ok" }"#), "{stolen}");
    let a_day_later = files.iter().filter(|(_, text)| text.contains("wait = \"86401s\"")).count();
    assert_eq!(a_day_later, 1, "the login of the next day needs the one that recorded the factor");
    let (status, _, why) = get(&demo.page(), "/story?login=lgn_unknown").await;
    assert!(status == 404 && why.contains("the login `lgn_unknown` is not among those that are kept"), "{why}");
    demo.stop().await.unwrap();
}

#[tokio::test]
async fn a_login_at_dev_is_a_story_of_the_project_whatever_the_prompt_site_answered() {
    let dev = start(&settings("postlude")).await;
    let pool = PluginPool::new(Default::default()).unwrap();
    for kind in ["ok", "refused", "error", "missing", "tampered", "expired", "other-user", "reflected", "replayed"] {
        let mut chrome = Chrome::new();
        if kind == "replayed" {
            // The result that is sent again is one of an earlier login, in another browser.
            let mut firefox = Chrome::named("firefox");
            let prompt = firefox.log_in(&dev).await;
            firefox.answer(&prompt, "ok").await;
        }
        let prompt = chrome.log_in(&dev).await;
        chrome.answer(&prompt, kind).await;
        let login = dev.ended().pop().unwrap();
        let story = dev.story(&login.login).unwrap();
        let text = record(&story);
        assert!(text.contains(&format!("prompt = \"{kind}\"")), "{text}");
        play(&pool, &text, Some(plugins::CUSTOM_FACTOR)).await;
    }
    dev.stop().await.unwrap();
}

#[tokio::test]
async fn a_session_in_which_the_settings_changed_is_not_told() {
    let dev = start(&settings("postlude")).await;
    let mut chrome = Chrome::new();
    let prompt = chrome.log_in(&dev).await;
    chrome.answer(&prompt, "ok").await;
    let mut moved: Value = settings("postlude");
    *moved.get_mut("prompt_url").unwrap() = json!("https://other.acme.example/face");
    dev.swap(&plugin(&moved)).await.unwrap();
    chrome.log_in(&dev).await;
    let why = dev.story(&dev.ended().pop().unwrap().login).unwrap_err().to_string();
    assert!(why.contains("changed within the session: log out, log in again"), "{why}");
    dev.stop().await.unwrap();
}
