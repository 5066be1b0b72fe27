//! Files that change while the server watches them: taken without a word, whole, and not twice.

use postlude_testkit::swap::{self, SwapClient, deploy, versioned};
use postlude_testkit::{OPERATOR_KEY, Postlude};
use serde_json::json;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

async fn watched(file: &str, prepare: fn(&Path)) -> (Postlude, SwapClient) {
    let builder = Postlude::builder().watch().guest("versioned", versioned(0));
    let postlude = builder.prepare(prepare).after(&swap::tenant(file)).start().await;
    let client = SwapClient::of(&postlude);
    (postlude, client)
}

async fn version(client: &SwapClient) -> String {
    let open = client.start("ana").await.unwrap();
    let passed = client.finish(&open).await.unwrap();
    assert!(passed.is_of_one_version(), "{passed:?}");
    passed.on_login
}

/// Waits until a version is in force.
async fn becomes(client: &SwapClient, expected: u32) {
    let expected = swap::name(expected);
    for tries in 0.. {
        let now = version(client).await;
        if now == expected {
            return;
        }
        assert!(tries < 200, "{now} is in force after 20 seconds, not {expected}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn until(what: &str, is: impl Fn() -> bool) {
    for tries in 0.. {
        if is() {
            return;
        }
        assert!(tries < 200, "not after 20 seconds: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_or_configuration_that_changes_is_taken() {
    let (postlude, client) = watched("versioned.wasm", |_| {}).await;
    let path = postlude.dir().join("versioned.wasm");
    deploy(&path, &versioned(1));
    becomes(&client, 1).await;
    std::fs::write(&path, versioned(2)).unwrap();
    becomes(&client, 2).await;
    // The configuration names another file, which comes later.
    postlude.edit_config("\"versioned.wasm\"", "\"new/other.wasm\"");
    let host = postlude.host();
    until("the missing file is complained about", || host.reloads().status().refused == 1).await;
    assert_eq!(version(&client).await, "v000000002");
    std::fs::create_dir(postlude.dir().join("new")).unwrap();
    deploy(&postlude.dir().join("new/other.wasm"), &versioned(3));
    becomes(&client, 3).await;
    // The folder goes and comes back.
    std::fs::rename(postlude.dir().join("new"), postlude.dir().join("old")).unwrap();
    std::fs::create_dir(postlude.dir().join("new")).unwrap();
    std::fs::write(postlude.dir().join("new/other.wasm"), versioned(4)).unwrap();
    becomes(&client, 4).await;
    // Nothing else happens when nothing changes.
    let before = host.reloads().status();
    std::fs::write(postlude.dir().join("new/readme"), "x").unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(host.reloads().status().taken, before.taken);
}

/// O06.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_writer_is_waited_for_and_a_broken_file_complained_about_once() {
    let (postlude, client) = watched("versioned.wasm", |_| {}).await;
    let (path, host) = (postlude.dir().join("versioned.wasm"), postlude.host());
    // Then the watch has begun.
    deploy(&path, &versioned(1));
    becomes(&client, 1).await;
    let (new, before) = (versioned(2), host.reloads().status());
    let mut file = std::fs::File::create(&path).unwrap();
    for part in new.chunks(new.len() / 4) {
        file.write_all(part).unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(version(&client).await, "v000000001");
    }
    let now = host.reloads().status();
    assert_eq!((now.taken, now.refused), (before.taken, before.refused), "nobody looked at half of it");
    drop(file);
    becomes(&client, 2).await;
    deploy(&path, &new[..new.len() / 2]);
    until("the broken file is complained about", || host.reloads().status().refused > 0).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(host.reloads().status().refused, 1, "once");
    assert_eq!(version(&client).await, "v000000002");
    deploy(&path, &versioned(3));
    becomes(&client, 3).await;
}

/// As Kubernetes swaps a mounted volume: the files stay links, and the folder behind them is another.
#[tokio::test(flavor = "multi_thread")]
async fn a_swapped_link_is_a_change() {
    let prepare: fn(&Path) = |dir| {
        std::fs::create_dir_all(dir.join("mount/..one")).unwrap();
        std::fs::write(dir.join("mount/..one/a.wasm"), versioned(1)).unwrap();
        symlink("..one", dir.join("mount/..data")).unwrap();
        symlink("..data/a.wasm", dir.join("mount/a.wasm")).unwrap();
    };
    let (postlude, client) = watched("mount/a.wasm", prepare).await;
    assert_eq!(version(&client).await, "v000000001");
    let mount = postlude.dir().join("mount");
    for (round, folder) in (2..).zip(["..two", "..three"]) {
        std::fs::create_dir(mount.join(folder)).unwrap();
        std::fs::write(mount.join(folder).join("a.wasm"), versioned(round)).unwrap();
        symlink(folder, mount.join("..data_tmp")).unwrap();
        std::fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
        becomes(&client, round).await;
    }
}

/// A secret that was rotated is a change as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_is_taken() {
    let (postlude, _) = watched("versioned.wasm", |_| {}).await;
    let host = postlude.host();
    deploy(&postlude.dir().join("partner.jwks.json"), b"{}");
    until("a JWK set without keys is refused", || host.reloads().status().refused == 1).await;
    let why = host.reloads().status().last.unwrap().outcome.unwrap_err().to_string();
    assert!(why.contains("partner"), "{why}");
}

/// `watch` is taken with a reload, either way.
#[tokio::test(flavor = "multi_thread")]
async fn the_watch_can_be_switched_off_and_on() {
    let builder = Postlude::builder().guest("versioned", versioned(0)).after(&swap::tenant("versioned.wasm"));
    let postlude = builder.start().await;
    let (client, path) = (SwapClient::of(&postlude), postlude.dir().join("versioned.wasm"));
    deploy(&path, &versioned(1));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(version(&client).await, "v000000000");
    postlude.edit_config("watch = false", "watch = true");
    postlude.try_reload().await.unwrap();
    assert_eq!(version(&client).await, "v000000001");
    deploy(&path, &versioned(2));
    becomes(&client, 2).await;
    postlude.edit_config("watch = true", "watch = false");
    let host = postlude.host();
    until("it is switched off", || host.reloads().status().taken >= 3).await;
    deploy(&path, &versioned(3));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(version(&client).await, "v000000002");
}

/// A part of a configuration may be one as well, with an action less: a call that comes while it is written waits for the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_reload_waits_for_whoever_is_writing() {
    let postlude = Postlude::builder().watch().start().await;
    // A change that is taken by itself shows that the watch has begun.
    postlude.edit_config("max_age = \"24h\"", "max_age = \"12h\"");
    let revision = async || postlude.get_as(OPERATOR_KEY, "/v1/admin/pipeline").await.body["revision"].clone();
    for tries in 0.. {
        if revision().await == json!(2) {
            break;
        }
        assert!(tries < 200, "the change is not taken within 20 seconds");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let path = postlude.dir().join("postlude.toml");
    let whole = std::fs::read_to_string(&path).unwrap();
    let (first, rest) = whole.split_at(whole.find("[[tenants.acme.pipeline]]").unwrap());
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(first.as_bytes()).unwrap();
    // The kernel's word of it arrives.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let reload = json!({});
    let reload = postlude.post_as(OPERATOR_KEY, "/v1/admin/reload", &reload);
    let write = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        file.write_all(rest.as_bytes()).unwrap();
        drop(file);
    };
    let (reloaded, ()) = tokio::join!(reload, write);
    assert_eq!((reloaded.status, &reloaded.body["revision"]), (200, &json!(2)), "{}", reloaded.text);
    assert_eq!(postlude.browser("ana").login().await.outcome(), "redirect", "the action is still there");
}
