//! Signed plugins in a server that is not in development mode: at the start, at reloads, for files and for uploads.

use postlude_crypto::publisher::PublisherKeyPair;
use postlude_model::names::Digest;
use postlude_testkit::registry::{Registry, SignIn};
use postlude_testkit::{OPERATOR_KEY, Postlude, guests, plugin_file, program};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A plugin of the publisher `acme.example` that lets everyone pass.
fn gate(version: &str) -> Vec<u8> {
    let component = guests::component(r#"(func (export "on-login") (result i32) (call $continue))"#).unwrap();
    let manifest = json!({ "name": "gate", "version": version, "publisher": "acme.example", "abi": "0.1.0" });
    guests::with_manifest(&component, &manifest.to_string())
}

fn digest(file: &[u8]) -> Digest {
    postlude_testkit::swap::digest(file).parse().unwrap()
}

/// A server of which the configuration was made one for production, and which is stopped.
async fn in_production() -> Postlude {
    let action = "[[tenants.acme.pipeline]]\nname = \"gate\"\nplugin = \"gate\"\n";
    let mut postlude = Postlude::builder().guest("gate", gate("1.1.0")).before(action).start().await;
    postlude.stop().await;
    let path = postlude.dir().join("postlude.toml");
    let text = fs::read_to_string(&path).unwrap();
    let local = postlude.base.clone();
    let text = text
        .replace("development = true", "development = false")
        .replace(&local, "https://login.example")
        .replace("http://localhost:3000", "https://idp.example")
        .replace("prompt_url = \"http://localhost:4000", "prompt_url = \"https://face.example")
        .replace("redirect_origins = [\"http://localhost:4000\"]", "redirect_origins = [\"https://face.example\"]");
    fs::write(path, text).unwrap();
    postlude
}

/// The gate that is in force.
async fn in_force(postlude: &Postlude) -> String {
    let pipeline = postlude.get_as(OPERATOR_KEY, "/v1/admin/pipeline").await;
    pipeline.text_at("/actions/0/digest").to_owned()
}

/// O02, O07, P56.
#[tokio::test(flavor = "multi_thread")]
async fn outside_of_development_only_signed_plugins_enter() {
    let mut postlude = in_production().await;
    let why = postlude.start_again().await.unwrap_err().to_string();
    for plugin in ["gate", "custom-factor"] {
        assert!(why.contains(&format!("plugin `{plugin}`: it is not signed")), "{why}");
    }

    let (acme, ours) = (PublisherKeyPair::generate().unwrap(), PublisherKeyPair::generate().unwrap());
    let folder = postlude.dir().to_owned();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    write("acme.pem", acme.public_pem().unwrap().as_bytes());
    write("ours.pem", ours.public_pem().unwrap().as_bytes());
    let signature = |file: &[u8]| acme.sign(&digest(file)).unwrap();
    let deploy = |version: &str, signature: &str| {
        write("gate.wasm", &gate(version));
        write("gate.wasm.sig", signature.as_bytes());
    };
    let custom_factor = ours.sign(&digest(&fs::read(plugin_file("custom-factor")).unwrap())).unwrap();
    let publishers = "[tenants.acme.publishers.\"acme.example\"]\nkeys = [\"acme.pem\"]\nfloors = { gate = \"1.1.0\" }\n\
        [tenants.acme.publishers.\"postlude.example\"]\nkeys = [\"ours.pem\"]\n";
    let table = "[tenants.acme.plugins.custom-factor]\n";
    postlude.edit_config(table, &format!("{publishers}{table}signature = \"{custom_factor}\"\n"));
    deploy("1.1.0", &signature(&gate("1.1.0")));
    postlude.start_again().await.unwrap();
    assert_eq!(in_force(&postlude).await, digest(&gate("1.1.0")).to_string());

    // A reload: another file under the old signature, a stranger's signature, an earlier version that acme signed.
    let refused = async |postlude: &Postlude, words: &str| {
        let why = postlude.try_reload().await.unwrap_err().to_string();
        assert!(why.contains(words), "{why}");
        assert_eq!(in_force(postlude).await, digest(&gate("1.1.0")).to_string(), "the old one keeps serving");
    };
    deploy("1.2.0", &signature(&gate("1.1.0")));
    refused(&postlude, "its signature was not made for this file").await;
    deploy("1.2.0", &ours.sign(&digest(&gate("1.2.0"))).unwrap());
    refused(&postlude, "by a key of the publisher `acme.example`").await;
    deploy("1.0.0", &signature(&gate("1.0.0")));
    refused(&postlude, "it is `gate` 1.0.0, below the floor 1.1.0").await;

    // An upload runs by its digest, with a signature in the configuration.
    let upload = postlude.client.post(format!("{}/v1/admin/plugins", postlude.base)).bearer_auth(OPERATOR_KEY);
    let upload = upload.header("content-type", "application/wasm").body(gate("1.3.0")).send().await.unwrap();
    assert!(upload.status().is_success());
    let named = format!("digest = \"{}\"\n", digest(&gate("1.3.0")));
    postlude.edit_config("path = \"gate.wasm\"\n", &named);
    refused(&postlude, "it is not signed").await;
    postlude.edit_config(&named, &format!("{named}signature = \"{}\"\n", signature(&gate("1.3.0"))));
    postlude.try_reload().await.unwrap();
    assert_eq!(in_force(&postlude).await, digest(&gate("1.3.0")).to_string());

    // A publisher that is no longer trusted: nothing of it enters again.
    postlude.edit_config("keys = [\"acme.pem\"]", "keys = [\"ours.pem\"]");
    let why = postlude.try_reload().await.unwrap_err().to_string();
    assert!(why.contains("its signature was not made for this file"), "{why}");
}

/// What the program prints that does this.
fn postlude(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::new(program());
    command.args(args).current_dir(dir).env("NO_COLOR", "1").env("DOCKER_CONFIG", dir).env_remove("POSTLUDE_CONFIG");
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// O02: from the publisher's desk through a registry to the host of another machine, which serves what was signed there.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_from_a_registry_is_served() {
    let (registry, desk) = (Registry::start(SignIn::Open).await, tempfile::tempdir().unwrap());
    let mut host = in_production().await;
    let public = postlude(desk.path(), &["keys", "new", "publisher", "--out", "acme.key.pem"]);
    let ours = PublisherKeyPair::generate().unwrap();
    fs::write(host.dir().join("acme.pem"), public).unwrap();
    fs::write(host.dir().join("ours.pem"), ours.public_pem().unwrap()).unwrap();
    let custom_factor = ours.sign(&digest(&fs::read(plugin_file("custom-factor")).unwrap())).unwrap();
    let table = "[tenants.acme.plugins.custom-factor]\n";
    let publisher = "[tenants.acme.publishers.\"postlude.example\"]\nkeys = [\"ours.pem\"]\n";
    host.edit_config(table, &format!("{publisher}{table}signature = \"{custom_factor}\"\n"));

    let at = |version: &str| format!("{}/acme/gate:{version}", registry.address);
    let ship = |version: &str| {
        fs::write(desk.path().join("gate.wasm"), gate(version)).unwrap();
        postlude(desk.path(), &["sign", "gate.wasm", "--key", "acme.key.pem"]);
        postlude(desk.path(), &["push", "gate.wasm", &at(version)]);
    };
    ship("1.2.0");
    postlude(host.dir(), &["add", &at("1.2.0"), "--tenant", "acme", "--replace", "--publisher-key", "acme.pem"]);
    host.start_again().await.unwrap();
    assert_eq!(in_force(&host).await, digest(&gate("1.2.0")).to_string());
    ship("1.3.0");
    postlude(host.dir(), &["add", &at("1.3.0"), "--tenant", "acme", "--replace"]);
    host.try_reload().await.unwrap();
    assert_eq!(in_force(&host).await, digest(&gate("1.3.0")).to_string());
}
