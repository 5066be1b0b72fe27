//! Reloads: what is put into force, what is refused with its reason, and which code runs and stays.

use postlude_testkit::swap::{self, SwapClient, deploy, digest, versioned};
use postlude_testkit::{Postlude, guests};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub async fn swapping() -> Postlude {
    Postlude::builder().guest("versioned", versioned(0)).after(&swap::tenant("versioned.wasm")).start().await
}

pub fn plugin(postlude: &Postlude) -> PathBuf {
    postlude.dir().join("versioned.wasm")
}

async fn version(postlude: &Postlude) -> String {
    let client = SwapClient::of(postlude);
    let open = client.start("ana").await.unwrap();
    let passed = client.finish(&open).await.unwrap();
    assert!(passed.is_of_one_version(), "{passed:?}");
    passed.on_login
}

/// Why a reload was refused.
async fn refused(postlude: &Postlude) -> String {
    let why = postlude.try_reload().await.unwrap_err().to_string();
    let last = postlude.host().reloads().status().last.unwrap();
    assert_eq!(last.outcome.unwrap_err().to_string(), why, "the reason stays to be looked at");
    assert_eq!(version(postlude).await, "v000000000", "the old one keeps serving");
    why
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_plugin_is_in_force_and_the_reload_says_what_changed() {
    let postlude = swapping().await;
    assert_eq!(version(&postlude).await, "v000000000");
    let (old, new) = (versioned(0), versioned(1));
    deploy(&plugin(&postlude), &new);
    let reloaded = postlude.try_reload().await.unwrap();
    assert_eq!(version(&postlude).await, "v000000001");
    let of = |name: &str| reloaded.tenants.iter().find(|change| change.tenant.as_str() == name).unwrap();
    let change = of("swap");
    assert_eq!((change.from, change.to), (Some(1), Some(2)));
    let said: Vec<String> = change.actions.iter().map(ToString::to_string).collect();
    assert_eq!(said, [format!("versioned: {} -> {}", digest(&old), digest(&new))]);
    assert_eq!((of("acme").from, of("acme").to, of("acme").actions.len()), (Some(1), Some(1), 0), "it is as it was");
    let again = postlude.try_reload().await.unwrap();
    assert!(again.tenants.iter().all(|change| change.from == change.to && change.actions.is_empty()));
    let status = postlude.host().reloads().status();
    assert_eq!((status.taken, status.refused), (2, 0));
}

/// O05, O06: whatever lies in a plugin's place, and whatever it holds.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_is_refused_with_its_reason_and_the_old_one_keeps_serving() {
    let postlude = swapping().await;
    let (path, good) = (plugin(&postlude), versioned(1));
    let says = async |part: &str| {
        let why = refused(&postlude).await;
        assert!(why.contains(part), "no `{part}` in: {why}");
    };
    deploy(&path, b"not wasm");
    says("is not WebAssembly").await;
    // Cut at any place it is no plugin, also at the end of a section: the manifest is the last one.
    for part in [1, 8, good.len() / 3, good.len() / 2, good.len() - 1] {
        std::fs::write(&path, &good[..part]).unwrap();
        says("plugin `versioned`").await;
    }
    let spin = guests::component("(start $spin) (func $spin (loop (br 0)))").unwrap();
    let manifest = r#"{ "name": "versioned", "version": "0.1.0", "publisher": "acme.example", "abi": "0.1.0" }"#;
    deploy(&path, &guests::with_manifest(&spin, manifest));
    says("action `versioned`: the plugin does not start: fuel spent (50,000,000)").await;
    let trap = guests::component("(start $trap) (func $trap (unreachable))").unwrap();
    deploy(&path, &guests::with_manifest(&trap, manifest));
    says("the plugin does not start: ").await;
    std::fs::remove_file(&path).unwrap();
    says("does not exist").await;
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    says("is not a regular file").await;
    std::fs::remove_file(&path).unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("a.wasm"), &good).unwrap();
    symlink(outside.path().join("a.wasm"), &path).unwrap();
    says("is a symbolic link that leads out of its folder").await;
    postlude.edit_config("[server]", "[server]\nfollow_symlinks = true");
    assert!(postlude.try_reload().await.is_ok());
    assert_eq!(version(&postlude).await, "v000000001", "the operator allowed it");
}

/// A tenant with a mistake keeps all others from changing as well.
#[tokio::test(flavor = "multi_thread")]
async fn all_tenants_change_together_or_none_does() {
    let postlude = swapping().await;
    deploy(&plugin(&postlude), &versioned(1));
    postlude.edit_config("max_age = \"24h\"", "max_age = \"soon\"");
    let why = refused(&postlude).await;
    assert!(why.contains("max_age"), "{why}");
    postlude.edit_config("max_age = \"soon\"", "max_age = \"1h\"");
    let reloaded = postlude.try_reload().await.unwrap();
    let changed = reloaded.tenants.iter().filter(|change| change.from != change.to).count();
    assert_eq!((changed, version(&postlude).await.as_str()), (2, "v000000001"));
}

/// A new tenant has keys of its own at once, and a root key that was exchanged waits for the restart.
#[tokio::test(flavor = "multi_thread")]
async fn request_tokens_fit_the_published_keys_after_every_reload() {
    let postlude = Postlude::start().await;
    let keys = async |tenant: &str| {
        let jwks =
            postlude.client.get(format!("{}/{tenant}/.well-known/jwks.json", postlude.base)).send().await.unwrap();
        jwks.text().await.unwrap()
    };
    let kid = async || {
        let mut browser = postlude.browser("ana");
        browser.login().await;
        let url = url::Url::parse(browser.location()).unwrap();
        let token =
            url.query_pairs().map(|(_, value)| value.into_owned()).find(|value| value.starts_with("ey")).unwrap();
        postlude_testkit::header_of(&token)["kid"].as_str().unwrap().to_owned()
    };
    let before = keys("acme").await;
    assert!(before.contains(&kid().await));
    let path = postlude.dir().join("postlude.toml");
    let port = postlude.base.rsplit(':').next().unwrap();
    let new = format!("\n[tenants.new]\nissuer = \"http://127.0.0.1:{port}/new\"\n");
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + &new).unwrap();
    let made = std::process::Command::new(postlude_testkit::program())
        .args(["keys", "new", "root", "--out", "other.key"])
        .current_dir(postlude.dir())
        .output()
        .unwrap();
    assert!(made.status.success());
    postlude.edit_config("root_key = { file = \"root.key\" }", "root_key = { file = \"other.key\" }");
    assert_eq!(postlude.try_reload().await.unwrap().waiting_for_restart, ["root_key"]);
    assert!(keys("new").await.contains("\"kid\""), "{}", keys("new").await);
    assert_eq!(keys("acme").await, before);
    assert!(before.contains(&kid().await));
}

/// O05: between the check and the run nobody can put other bytes in the place of those that were checked.
#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_what_was_read_however_often_the_file_changes() {
    let postlude = swapping().await;
    let (path, stop) = (plugin(&postlude), AtomicBool::new(false));
    let (one, two) = (versioned(1), versioned(2));
    assert_eq!(one.len(), two.len());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for turn in 0_u32.. {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let bytes = if turn % 2 == 0 { &one } else { &two };
                // In place, and by renaming.
                if turn % 8 < 4 {
                    std::fs::write(&path, bytes).unwrap()
                } else {
                    deploy(&path, bytes)
                }
                std::thread::sleep(Duration::from_micros(u64::from(turn % 7) * 150));
            }
        });
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let mut taken = 0;
                for _ in 0..60 {
                    match postlude.try_reload().await {
                        Ok(reloaded) => {
                            taken += 1;
                            let change =
                                reloaded.tenants.iter().find(|change| change.tenant.as_str() == "swap").unwrap();
                            assert!(change.actions.iter().all(|action| {
                                let to = action.to.unwrap().to_string();
                                to == digest(&one) || to == digest(&two)
                            }));
                        }
                        Err(why) => {
                            let why = why.to_string();
                            let honest =
                                ["changed while it was read", "is not WebAssembly", "malformed", "no custom section"];
                            assert!(honest.iter().any(|reason| why.contains(reason)), "{why}");
                        }
                    }
                    // Says of itself what its digest says.
                    version(&postlude).await;
                }
                stop.store(true, Ordering::SeqCst);
                assert!(taken >= 5, "{taken} of 60 reloads were taken: the test proves little");
            });
        });
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn reloads_at_the_same_time_share_one_and_see_what_was_there_before_them() {
    let postlude = swapping().await;
    let mut calls = Vec::new();
    for version in 1..=20 {
        deploy(&plugin(&postlude), &versioned(version));
        calls.push(postlude.reload_in_background());
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(version(&postlude).await, "v000000020");
    let status = postlude.host().reloads().status();
    assert!(status.taken < 20 && status.refused == 0, "{status:?}");
}

/// P53: the plugin was exchanged three times while the login was suspended, and the server was restarted.
#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_login_finishes_on_its_digest() {
    let mut postlude = swapping().await;
    let (client, mut open) = (SwapClient::of(&postlude), Vec::new());
    for version in 0..4 {
        deploy(&plugin(&postlude), &versioned(version));
        postlude.try_reload().await.unwrap();
        for _ in 0..2 {
            let login = client.start(&format!("user-{version}")).await.unwrap();
            assert_eq!(login.digest, digest(&versioned(version)));
            open.push((version, login));
        }
    }
    for turn in 0..2 {
        for (version, login) in open.iter().skip(turn).step_by(2) {
            let passed = client.finish(login).await.unwrap();
            assert!(passed.is_of_one_version() && passed.on_login == swap::name(*version), "{passed:?}");
        }
        if turn == 0 {
            std::fs::remove_file(plugin(&postlude)).unwrap();
            deploy(&plugin(&postlude), &versioned(9));
            postlude.restart().await;
        }
    }
    assert_eq!(version(&postlude).await, "v000000009");
}

/// The code of a revision goes with the last login that is suspended on it.
#[tokio::test(flavor = "multi_thread")]
async fn code_is_freed_with_its_last_login() {
    let postlude = swapping().await;
    let (client, host) = (SwapClient::of(&postlude), postlude.host());
    let in_force = host.compiled_plugins();
    let mut open = Vec::new();
    for version in 1..=5 {
        open.push(client.start("ana").await.unwrap());
        deploy(&plugin(&postlude), &versioned(version));
        postlude.try_reload().await.unwrap();
        assert_eq!(host.compiled_plugins(), in_force + open.len());
    }
    for login in open.drain(..).rev() {
        let before = host.compiled_plugins();
        assert!(client.finish(&login).await.unwrap().is_of_one_version());
        assert_eq!(host.compiled_plugins(), before - 1);
    }
    assert_eq!(host.compiled_plugins(), in_force);
}

/// What is stored is kept as long as a login's record, and no longer.
#[tokio::test(flavor = "multi_thread")]
async fn stored_revisions_and_plugins_go_once_no_login_can_need_them() {
    let postlude = swapping().await;
    let (client, host) = (SwapClient::of(&postlude), postlude.host());
    let files = |folder: &str| std::fs::read_dir(postlude.dir().join("data").join(folder)).unwrap().count();
    let before = (files("plugins"), files("revisions"));
    let open = client.start("ana").await.unwrap();
    for version in 1..=3 {
        deploy(&plugin(&postlude), &versioned(version));
        postlude.try_reload().await.unwrap();
    }
    postlude.forward(Duration::from_secs(50 * 60));
    host.collect_garbage().await.unwrap();
    assert_eq!((files("plugins"), files("revisions")), (before.0 + 3, before.1 + 3), "somebody may need them");
    let passed = client.finish(&open).await.unwrap_err();
    assert!(passed.contains("state_expired") || passed.contains("410"), "{passed}");
    postlude.forward(Duration::from_secs(27 * 60 * 60));
    host.collect_garbage().await.unwrap();
    assert_eq!((files("plugins"), files("revisions")), before);
    assert_eq!(version(&postlude).await, "v000000003");
}

/// What a longer lifetime needs of the store comes with the next start, and is said.
#[tokio::test]
async fn a_longer_lifetime_of_sessions_says_that_it_waits_for_a_restart() {
    let postlude = Postlude::builder().lifetimes("session = \"10d\"").start().await;
    postlude.edit_config("session = \"10d\"", "session = \"5d\"");
    assert_eq!(postlude.try_reload().await.unwrap().waiting_for_restart, [""; 0]);
    postlude.edit_config("session = \"5d\"", "session = \"40d\"");
    assert_eq!(postlude.try_reload().await.unwrap().waiting_for_restart, ["longer lifetimes, for sessions that ended"]);
}
