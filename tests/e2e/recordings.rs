//! A login that an operator saves and a partner replays against another build: through the real server and the real command.

use postlude_testkit::{IDP_KEY, OPERATOR_KEY, Postlude, READER_KEY, guests, plugin_file, program};
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use tokio::process::Command;

async fn postlude(server: &Postlude, key: &str, args: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.args(args).args(["--url", &server.base]).env("POSTLUDE_API_KEY", key).env("NO_COLOR", "1");
    command.kill_on_drop(true).output().await.unwrap()
}

async fn replay(plugin: &Path, file: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.arg("run").arg(plugin).arg("--replay").arg(file).args(more).env("NO_COLOR", "1");
    command.kill_on_drop(true).output().await.unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// The id of a login that went to its prompt and came back.
async fn login(server: &Postlude) -> String {
    let mut browser = server.browser("ana");
    browser.login().await;
    let done = browser.complete().await;
    assert_eq!(done.outcome(), "continue", "{}", done.text);
    done.text_at("/login_id").to_owned()
}

#[tokio::test]
async fn a_saved_login_is_replayed_against_the_same_build_and_against_another() {
    let mut server = Postlude::builder().server("recordings = 2").start().await;
    let id = login(&server).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("login.json");
    let saved = postlude(&server, OPERATOR_KEY, &["explain", &id, "--save", file.to_str().unwrap()]).await;
    assert!(saved.status.success() && text(&saved).contains("saved 2 runs into"), "{}", text(&saved));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "its owner's alone");
    let again = postlude(&server, OPERATOR_KEY, &["explain", &id, "--save", file.to_str().unwrap()]).await;
    assert!(
        !again.status.success() && text(&again).contains("cannot save into"),
        "never overwritten: {}",
        text(&again)
    );

    let same = replay(&plugin_file("custom-factor"), &file, &[]).await;
    assert!(same.status.success() && text(&same).contains("all 2 runs came to the same"), "{}", text(&same));

    // Another build, which denies at the login and takes the reply for good.
    let other =
        guests::component(r#"(func (export "on-login") (result i32) (call $deny «closed» «Closed.»))"#).unwrap();
    let manifest = guests::MANIFEST.replace("\"name\": \"guest\"", "\"name\": \"custom-factor\"");
    let path = dir.path().join("other.wasm");
    std::fs::write(&path, guests::with_manifest(&other, &manifest)).unwrap();
    let differs = replay(&path, &file, &[]).await;
    assert_eq!(differs.status.code(), Some(1), "{}", text(&differs));
    let shown = text(&differs);
    for part in ["deny, recorded was redirect", "ending.decision", "commands[0]", "2 of 2 runs came to something else"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let json: Value = serde_json::from_slice(&replay(&path, &file, &["--json"]).await.stdout).unwrap();
    assert_eq!((&json["same"], &json["runs"][0]["replayed"]["ending"]["decision"]), (&false.into(), &"deny".into()));

    let foreign = replay(&plugin_file("email-domain"), &file, &[]).await;
    let why = "has no run of plugin `email-domain`; it has runs of action `face` of plugin `custom-factor`";
    assert!(foreign.status.code() == Some(1) && text(&foreign).contains(why), "{}", text(&foreign));
    server.stop().await;
}

#[tokio::test]
async fn only_operators_save_and_only_the_newest_logins_are_there() {
    let mut server = Postlude::builder().server("recordings = 1").start().await;
    let first = login(&server).await;
    let path = |id: &str| format!("/v1/admin/logins/{id}/recording");
    for key in [READER_KEY, IDP_KEY] {
        assert_eq!(server.get_as(key, &path(&first)).await.text_at("/code"), "forbidden");
    }
    let recording = server.get_as(OPERATOR_KEY, &path(&first)).await;
    assert_eq!(recording.status, 200, "{}", recording.text);
    for hidden in [IDP_KEY, "resume_key", "eyJ0eXAiOiJwcm9tcHQtcmVxdWVzdCtqd3Q"] {
        assert!(!recording.text.contains(hidden), "`{hidden}` is in {}", recording.text);
    }
    login(&server).await;
    let gone = server.get_as(OPERATOR_KEY, &path(&first)).await;
    assert_eq!((gone.status, gone.text_at("/code")), (404, "recording_unknown"), "{}", gone.text);
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_keeps_no_runs_says_how_to_change_that() {
    let mut server = Postlude::start().await;
    let id = login(&server).await;
    let output = postlude(&server, OPERATOR_KEY, &["explain", &id, "--save", "/nonexistent/login.json"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("set `server.recordings = 32`, restart it"), "{}", text(&output));
    server.stop().await;
}

/// `postlude test --record LOGIN`, and the story that it prints played by `postlude test` beside the plugin.
async fn recorded_and_played(server: &Postlude, id: &str, dir: &Path) -> (Output, Output) {
    let recorded = postlude(server, OPERATOR_KEY, &["test", "--record", id]).await;
    assert!(recorded.status.success(), "{}", text(&recorded));
    std::fs::create_dir_all(dir.join("stories")).unwrap();
    std::fs::write(dir.join("stories/login.toml"), &recorded.stdout).unwrap();
    std::fs::copy(plugin_file("custom-factor"), dir.join("face.wasm")).unwrap();
    let mut command = Command::new(program());
    command.args(["test", "face.wasm"]).current_dir(dir).env("NO_COLOR", "1");
    (recorded, command.kill_on_drop(true).output().await.unwrap())
}

#[tokio::test]
async fn a_login_of_a_running_server_becomes_a_story_that_passes() {
    let mut server = Postlude::builder().server("recordings = 2").start().await;
    let id = login(&server).await;
    let dir = tempfile::tempdir().unwrap();
    let (recorded, played) = recorded_and_played(&server, &id, dir.path()).await;
    let story = String::from_utf8(recorded.stdout).unwrap();
    for part in ["[settings]", "prompt_url = ", "prompt = \"ok\"", "expect.outcome = \"continue\"", "expect.factors"] {
        assert!(story.contains(part), "{part}: {story}");
    }
    assert!(recorded.stderr.is_empty(), "nothing is missing: {}", String::from_utf8_lossy(&recorded.stderr));
    let report = text(&played);
    assert!(played.status.success() && report.contains(&format!("ok   login {id}")), "{report}");
    // The next login of the session needs no prompt, and its story would get one.
    let mut browser = server.browser("ana");
    browser.login().await;
    browser.complete().await;
    let again = browser.login().await.text_at("/login_id").to_owned();
    let skipped = postlude(&server, OPERATOR_KEY, &["test", "--record", &again]).await;
    let note = String::from_utf8_lossy(&skipped.stderr).into_owned();
    assert!(note.contains("skipped because of an earlier login in the session: record that one too"), "{note}");
    // The story is looked at: another outcome fails it.
    let wrong = story.replace("expect.outcome = \"continue\"", "expect.outcome = \"deny\"");
    std::fs::write(dir.path().join("stories/login.toml"), wrong).unwrap();
    let mut command = Command::new(program());
    command.args(["test", "face.wasm"]).current_dir(dir.path()).env("NO_COLOR", "1");
    assert_eq!(command.output().await.unwrap().status.code(), Some(1));
    server.stop().await;
}

#[tokio::test]
async fn a_login_whose_runs_are_not_kept_becomes_a_story_that_says_what_to_add() {
    let mut server = Postlude::start().await;
    let id = login(&server).await;
    let recorded = postlude(&server, OPERATOR_KEY, &["test", "--record", &id]).await;
    assert!(recorded.status.success(), "{}", text(&recorded));
    let note = String::from_utf8_lossy(&recorded.stderr).into_owned();
    assert!(note.contains("write them into the story") && note.contains("set `server.recordings = 32`"), "{note}");
    assert!(String::from_utf8_lossy(&recorded.stdout).contains("prompt = \"ok\""));
    for (key, args, why) in [
        (OPERATOR_KEY, ["test", "--record", "lgn_unknown"], "no login of that id"),
        (IDP_KEY, ["test", "--record", id.as_str()], "this key is not enough"),
    ] {
        let refused = postlude(&server, key, &args).await;
        assert!(refused.status.code() == Some(1) && text(&refused).contains(why), "{}", text(&refused));
    }
    server.stop().await;
}
