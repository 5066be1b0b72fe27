//! Files that change while the server watches them: taken without a word, whole, and not twice.

use postlude_testkit::Postlude;
use postlude_testkit::swap::{self, Asker, deploy, versioned};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

async fn watched(file: &str, prepare: fn(&Path)) -> (Postlude, Asker) {
    let builder = Postlude::builder().watch().guest("versioned", versioned(0));
    let postlude = builder.prepare(prepare).after(&swap::tenant(file)).start().await;
    let asker = Asker::of(&postlude);
    (postlude, asker)
}

async fn version(asker: &Asker) -> String {
    let open = asker.start("ana").await.unwrap();
    let passed = asker.finish(&open).await.unwrap();
    assert!(passed.is_of_one_version(), "{passed:?}");
    passed.on_login
}

/// Waits until a version is in force.
async fn becomes(asker: &Asker, expected: u32) {
    for _ in 0..200 {
        if version(asker).await == swap::name(expected) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("version {expected} is not in force after 20 seconds");
}

async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..200 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not after 20 seconds: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_or_configuration_that_changes_is_taken() {
    let (postlude, asker) = watched("versioned.wasm", |_| {}).await;
    let path = postlude.dir().join("versioned.wasm");
    deploy(&path, &versioned(1));
    becomes(&asker, 1).await;
    std::fs::write(&path, versioned(2)).unwrap();
    becomes(&asker, 2).await;
    // The configuration names another file, which comes later.
    postlude.edit_config("\"versioned.wasm\"", "\"new/other.wasm\"");
    let reloader = postlude.reloader();
    until("the missing file is complained about", || reloader.status().refused == 1).await;
    assert_eq!(version(&asker).await, "v000002");
    std::fs::create_dir(postlude.dir().join("new")).unwrap();
    deploy(&postlude.dir().join("new/other.wasm"), &versioned(3));
    becomes(&asker, 3).await;
    // The folder goes and comes back.
    std::fs::rename(postlude.dir().join("new"), postlude.dir().join("old")).unwrap();
    std::fs::create_dir(postlude.dir().join("new")).unwrap();
    std::fs::write(postlude.dir().join("new/other.wasm"), versioned(4)).unwrap();
    becomes(&asker, 4).await;
    // Nothing else happens when nothing changes.
    let before = reloader.status();
    std::fs::write(postlude.dir().join("new/readme"), "x").unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(reloader.status().taken, before.taken);
}

/// O06.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_writer_is_waited_for_and_a_broken_file_complained_about_once() {
    let (postlude, asker) = watched("versioned.wasm", |_| {}).await;
    let (path, reloader) = (postlude.dir().join("versioned.wasm"), postlude.reloader());
    // Then the watch has begun.
    deploy(&path, &versioned(1));
    becomes(&asker, 1).await;
    let (new, before) = (versioned(2), reloader.status());
    let mut file = std::fs::File::create(&path).unwrap();
    for part in new.chunks(new.len() / 4) {
        file.write_all(part).unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(version(&asker).await, "v000001");
    }
    let now = reloader.status();
    assert_eq!((now.taken, now.refused), (before.taken, before.refused), "nobody looked at half of it");
    drop(file);
    becomes(&asker, 2).await;
    deploy(&path, &new[..new.len() / 2]);
    until("the broken file is complained about", || reloader.status().refused > 0).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(reloader.status().refused, 1, "once");
    assert_eq!(version(&asker).await, "v000002");
    deploy(&path, &versioned(3));
    becomes(&asker, 3).await;
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
    let (postlude, asker) = watched("mount/a.wasm", prepare).await;
    assert_eq!(version(&asker).await, "v000001");
    let mount = postlude.dir().join("mount");
    for (round, folder) in (2..).zip(["..two", "..three"]) {
        std::fs::create_dir(mount.join(folder)).unwrap();
        std::fs::write(mount.join(folder).join("a.wasm"), versioned(round)).unwrap();
        symlink(folder, mount.join("..data_tmp")).unwrap();
        std::fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
        becomes(&asker, round).await;
    }
}

/// A secret that was rotated is a change as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_is_taken() {
    let (postlude, _) = watched("versioned.wasm", |_| {}).await;
    let reloader = postlude.reloader();
    deploy(&postlude.dir().join("partner.jwks.json"), b"{}");
    until("a JWK set without keys is refused", || reloader.status().refused == 1).await;
    let why = reloader.status().last.unwrap().outcome.unwrap_err().to_string();
    assert!(why.contains("partner"), "{why}");
}

/// `watch` is taken with a reload, either way.
#[tokio::test(flavor = "multi_thread")]
async fn the_watch_can_be_switched_off_and_on() {
    let builder = Postlude::builder().guest("versioned", versioned(0)).after(&swap::tenant("versioned.wasm"));
    let postlude = builder.start().await;
    let (asker, path) = (Asker::of(&postlude), postlude.dir().join("versioned.wasm"));
    deploy(&path, &versioned(1));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(version(&asker).await, "v000000");
    postlude.edit_config("watch = false", "watch = true");
    postlude.try_reload().await.unwrap();
    assert_eq!(version(&asker).await, "v000001");
    deploy(&path, &versioned(2));
    becomes(&asker, 2).await;
    postlude.edit_config("watch = true", "watch = false");
    let reloader = postlude.reloader();
    until("it is switched off", || reloader.status().taken >= 3).await;
    deploy(&path, &versioned(3));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(version(&asker).await, "v000002");
}
