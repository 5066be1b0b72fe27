//! `postlude push`, `pull` and `add` against a registry that signs users in, and against one that misbehaves.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests stop at what surprises them")]

use postlude_testkit::guests;
use postlude_testkit::registry::{Mischief, REGISTRY_USER, Registry, SignIn};
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A folder with two publishers' keys, and plugins of them.
struct Desk(tempfile::TempDir);

fn told(output: &Output) -> String {
    String::from_utf8([output.stdout.clone(), output.stderr.clone()].concat()).unwrap()
}

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        for name in ["acme", "other"] {
            let keys = desk.run(&["keys", "new", "publisher", "--out", &format!("{name}.key.pem")]);
            assert!(keys.status.success(), "{}", told(&keys));
            fs::write(desk.path().join(format!("{name}.pem")), &keys.stdout).unwrap();
        }
        desk
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, args: &[&str]) -> Output {
        self.run_with(args, "", &[])
    }

    fn run_with(&self, args: &[&str], input: &str, variables: &[(&str, &Path)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postlude"));
        command.args(args).current_dir(self.path()).env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
        // Nobody's own sign-in.
        command.env("DOCKER_CONFIG", self.path()).env("REGISTRY_AUTH_FILE", self.path().join("none.json"));
        for name in
            ["POSTLUDE_CONFIG", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"]
        {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// What a command that succeeds prints.
    fn does(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", told(&output));
        told(&output)
    }

    /// What a command that fails says.
    fn refuses(&self, args: &[&str], words: &str) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", told(&output));
        assert!(told(&output).contains(words), "{args:?}: {}", told(&output));
        told(&output)
    }

    /// Writes `FILE`: the plugin `gate`, which lets everyone pass.
    fn build(&self, file: &str, version: &str, publisher: &str) {
        let component = guests::component(r#"(func (export "on-login") (result i32) (call $continue))"#).unwrap();
        let manifest = json!({
            "name": "gate", "version": version, "publisher": publisher, "abi": "0.1.0",
            "capabilities": { "event": ["/user/email"] },
            "factors": [{ "name": "https://acme.example/face" }],
        });
        fs::write(self.path().join(file), guests::with_manifest(&component, &manifest.to_string())).unwrap();
    }

    /// Builds, signs and pushes.
    fn ship(&self, file: &str, version: &str, to: &str) {
        self.build(file, version, "acme.example");
        self.does(&["sign", file, "--key", "acme.key.pem"]);
        self.does(&["push", file, to, "--publisher-key", "acme.pem"]);
    }

    /// A host of development mode, in a folder of its own.
    fn host(&self) -> String {
        self.does(&["init", "host"]);
        "host/postlude.toml".to_owned()
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path().join(file)).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_goes_through_a_registry_that_signs_in_and_comes_back_the_same() {
    let (registry, desk) = (Registry::start(SignIn::Token).await, Desk::new());
    let to = format!("{}/acme/gate:1.0.0", registry.address);
    desk.build("gate.wasm", "1.0.0", "acme.example");
    desk.refuses(&["push", "gate.wasm", &to], "`postlude sign gate.wasm --key PUBLISHER.key.pem` signs it");
    desk.does(&["sign", "gate.wasm", "--key", "acme.key.pem"]);
    desk.refuses(&["push", "gate.wasm", &to, "--publisher-key", "other.pem"], "not signed by a key that is known");
    let anonymous = desk.refuses(&["push", "gate.wasm", &to], "does not let an unknown user push to `acme/gate`");
    assert!(anonymous.contains(&format!("`docker login {}`", registry.address)), "{anonymous}");

    let (user, password) = REGISTRY_USER;
    let push = |password: &str, more: &[&str]| {
        let args = [&["push", "gate.wasm", &to, "--username", user, "--password-stdin"], more].concat();
        desk.run_with(&args, &format!("{password}\n"), &[])
    };
    let wrong = push("wrong", &[]);
    assert!(told(&wrong).contains("does not let the user `ops` push to"), "{}", told(&wrong));
    let pushed = push(password, &["--json"]);
    assert!(pushed.status.success() && !told(&pushed).contains(password), "{}", told(&pushed));
    let pushed: Value = serde_json::from_slice(&pushed.stdout).unwrap();
    let pinned = pushed.pointer("/reference").unwrap().as_str().unwrap().to_owned();
    assert!(pinned.starts_with(&format!("{to}@sha256:")), "{pinned}");
    // Again: nothing new.
    assert!(push(password, &[]).status.success());

    // As `docker login` leaves it.
    let auth = json!({ "auths": { &registry.address: { "auth": base64(&format!("{user}:{password}")) } } });
    fs::write(desk.path().join("config.json"), auth.to_string()).unwrap();
    for (from, file) in [(&to, "a.wasm"), (&pinned, "b.wasm")] {
        let pulled = desk.does(&["pull", from, "-o", file, "--publisher-key", "acme.pem"]);
        assert!(pulled.contains("signature verifies") && !pulled.contains(password), "{pulled}");
        let bytes = |file: &str| fs::read(desk.path().join(file)).unwrap();
        assert_eq!(bytes(file), bytes("gate.wasm"));
        assert_eq!(desk.read(&format!("{file}.sig")), desk.read("gate.wasm.sig"));
    }
    let none = format!("{}/acme/gate:9", registry.address);
    desk.refuses(&["pull", &none, "-o", "c.wasm"], "there is nothing at");
    // Another plugin under the same tag, and another file of the same name.
    desk.build("gate.wasm", "1.0.1", "acme.example");
    desk.does(&["sign", "gate.wasm", "--key", "acme.key.pem"]);
    desk.refuses(&["push", "gate.wasm", &to], "move this one with `--move-tag`");
    desk.does(&["push", "gate.wasm", &to, "--move-tag"]);
    desk.refuses(&["pull", &to, "-o", "a.wasm"], "`a.wasm` is there already, with other content");
    desk.does(&["pull", &to, "-o", "a.wasm", "--replace"]);
    // The reference with its digest is still the first one.
    desk.does(&["pull", &pinned, "-o", "b.wasm"]);
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_wants_the_password_itself_gets_it_and_no_other_host_does() {
    let (registry, elsewhere) = (Registry::start(SignIn::Basic).await, Registry::start(SignIn::Open).await);
    let desk = Desk::new();
    let (user, password) = REGISTRY_USER;
    let auth = json!({ "auths": { &registry.address: { "auth": base64(&format!("{user}:{password}")) } } });
    fs::write(desk.path().join("config.json"), auth.to_string()).unwrap();
    let to = format!("{}/acme/gate:1.0.0", registry.address);
    // Both have it, so that what is sent elsewhere is found there.
    desk.ship("gate.wasm", "1.0.0", &format!("{}/acme/gate:1.0.0", elsewhere.address));
    desk.ship("gate.wasm", "1.0.0", &to);
    registry.misbehave(Mischief::Elsewhere(elsewhere.address.clone()));
    desk.does(&["pull", &to, "-o", "a.wasm"]);
    registry.misbehave(Mischief::UploadElsewhere(elsewhere.address.clone()));
    desk.build("gate.wasm", "1.1.0", "acme.example");
    desk.does(&["sign", "gate.wasm", "--key", "acme.key.pem"]);
    desk.refuses(&["push", "gate.wasm", &format!("{}/acme/gate:1.1.0", registry.address)], &registry.address);
    let calls = elsewhere.calls();
    let followed = |what: &str| calls.iter().any(|(call, _)| call.starts_with(what));
    assert!(followed("GET /v2/acme/gate/manifests/1.0.0") && followed("GET /v2/acme/gate/blobs/sha256:"), "{calls:?}");
    assert!(followed("PATCH /v2/acme/gate/blobs/uploads/"), "{calls:?}");
    assert!(calls.iter().all(|(_, asker)| asker.is_none()), "credentials went elsewhere: {calls:?}");
    assert!(registry.calls().iter().any(|(_, asker)| asker.is_some()));

    let in_the_clear = Registry::start(SignIn::TokenInTheClear).await;
    let auth = json!({ "auths": { &in_the_clear.address: { "auth": base64(&format!("{user}:{password}")) } } });
    fs::write(desk.path().join("config.json"), auth.to_string()).unwrap();
    let from = format!("{}/acme/gate:1.0.0", in_the_clear.address);
    desk.refuses(&["pull", &from, "-o", "b.wasm"], "credentials do not go there in the clear");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_registry_makes_of_a_plugin_is_refused_and_nothing_is_kept() {
    let (registry, desk) = (Registry::start(SignIn::Open).await, Desk::new());
    let from = format!("{}/acme/gate:1.0.0", registry.address);
    desk.ship("gate.wasm", "1.0.0", &from);
    let refuses = |words: &str| {
        desk.refuses(&["pull", &from, "-o", "new.wasm"], words);
        assert!(!desk.path().join("new.wasm").exists() && !desk.path().join("new.wasm.sig").exists());
    };
    for (mischief, words) in [
        (Mischief::AnotherByte, "the plugin is not what its digest says"),
        (Mischief::Truncated, "and its manifest says"),
        (Mischief::Endless, "and its manifest says"),
        (Mischief::EndlessManifest, "the manifest has more than 65536 bytes (MANIFEST_BYTES)"),
    ] {
        registry.misbehave(mischief);
        refuses(words);
    }
    registry.misbehave(Mischief::None);
    registry.change("1.0.0", |manifest| *manifest.pointer_mut("/layers/0/size").unwrap() = json!(40 << 20));
    refuses("more than 33554432 bytes (PLUGIN_BYTES)");
    let image = "application/vnd.oci.image.layer.v1.tar+gzip";
    registry.change("1.0.0", |manifest| *manifest.pointer_mut("/layers/0/mediaType").unwrap() = json!(image));
    refuses(&format!("wants one layer of type `application/wasm`, and has `{image}`"));

    // A label that is another plugin's: whoever looked at it was misled.
    let named = format!("{}/acme/gate:2", registry.address);
    desk.does(&["push", "gate.wasm", &named]);
    let version = "/annotations/org.opencontainers.image.version";
    registry.change("2", |manifest| *manifest.pointer_mut(version).unwrap() = json!("9.9.9\u{1b}[2J"));
    let lied = desk.refuses(&["pull", &named, "-o", "new.wasm"], "says that its version is `9.9.9");
    assert!(!lied.contains('\u{1b}'), "{lied}");
    // Where nobody listens, and where http is not used.
    desk.refuses(&["pull", "127.0.0.1:1/acme/gate:1", "-o", "new.wasm"], "no answer from `127.0.0.1:1`");
    let usage = desk.run(&["pull", "acme/gate:1", "-o", "new.wasm"]);
    assert!(usage.status.code() == Some(2) && told(&usage).contains("names no registry"), "{}", told(&usage));
}

/// O02, O07, P56: what a registry gives is taken only with the signature of a publisher whose key the operator has, and not below the floor.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_adds_what_a_known_publisher_signed_and_nothing_else() {
    let (registry, desk) = (Registry::start(SignIn::Open).await, Desk::new());
    let at = |tag: &str| format!("{}/acme/gate:{tag}", registry.address);
    let config = desk.host();
    let before = desk.read(&config);
    for (tag, version) in [("1.0", "1.0.0"), ("1.1", "1.1.0"), ("1.2", "1.2.0")] {
        desk.ship("gate.wasm", version, &at(tag));
    }
    let add = |tag: &str, more: &[&str]| {
        [&["add", &at(tag), "--config", &config], more].concat().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let refuses = |tag: &str, more: &[&str], words: &str| {
        let (args, text) = (add(tag, more), desk.read(&config));
        desk.refuses(&args.iter().map(String::as_str).collect::<Vec<_>>(), words);
        assert_eq!(desk.read(&config), text, "the configuration stays as it is");
    };
    let does = |tag: &str, more: &[&str]| {
        let args = add(tag, more);
        desk.does(&args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let files = || fs::read_dir(desk.path().join("host/plugins")).unwrap().count();
    let present = files();

    refuses("1.1", &[], "is of the publisher `acme.example`, whom tenant `acme` does not know");
    refuses(
        "1.1",
        &["--publisher-key", "other.pem"],
        "is not signed by a key that is known of its publisher `acme.example`",
    );
    let printed = does("1.1", &["--publisher-key", "acme.pem", "--print"]);
    assert!(
        printed.contains("[tenants.acme.publishers.\"acme.example\"]")
            && printed.contains("[tenants.acme.plugins.gate]"),
        "{printed}"
    );
    assert!(desk.read(&config) == before && files() == present);
    // An action that is not granted what the plugin asks for: the host would refuse it.
    refuses(
        "1.1",
        &["--publisher-key", "acme.pem", "--action", "gate"],
        "a host would refuse the configuration with this plugin",
    );
    assert_eq!(files(), present, "nothing is left behind");

    let added = does("1.1", &["--publisher-key", "acme.pem"]);
    assert!(added.contains("added `gate` 1.1.0, signed by `acme.example`"), "{added}");
    let after = desk.read(&config);
    for line in before.lines() {
        assert!(after.contains(line), "{line} went");
    }
    assert!(after.contains(&format!("# from {}@sha256:", at("1.1"))) && files() == present + 2, "{after}");
    desk.does(&["check", "--config", &config]);
    assert!(does("1.1", &["--json"]).contains("\"changed\": false"));
    // The tag moves, and its publisher's signature is as good: the pin says so.
    registry.move_tag("1.1", "1.2");
    refuses("1.1", &[], "the tag has moved");
    refuses("1.2", &[], "take it with `--replace`");
    assert!(does("1.1", &["--replace"]).contains("added `gate` 1.2.0"));
    desk.does(&["check", "--config", &config]);

    // A floor, a stranger under acme's name, a stripped signature, and another publisher.
    let header = "[tenants.acme.publishers.\"acme.example\"]\n";
    let text = desk.read(&config).replace(header, &format!("{header}floors = {{ gate = \"1.1.0\" }}\n"));
    assert!(text.contains("floors"), "{text}");
    fs::write(desk.path().join(&config), text).unwrap();
    refuses("1.0", &["--replace"], "it is `gate` 1.0.0, below the floor 1.1.0");
    desk.build("forged.wasm", "9.0.0", "acme.example");
    desk.does(&["sign", "forged.wasm", "--key", "other.key.pem"]);
    desk.does(&["push", "forged.wasm", &at("9")]);
    refuses("9", &["--replace"], "is not signed by a key that is known of its publisher");
    refuses(
        "9",
        &["--replace", "--publisher-key", "other.pem"],
        "knows the publisher `acme.example` by other keys than `other.pem`",
    );
    registry.change("1.2", |manifest| {
        manifest
            .pointer_mut("/annotations")
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove("dev.postlude.signature")
            .unwrap();
    });
    refuses("1.2", &["--replace"], "is not signed by its publisher `acme.example`");
    desk.build("theirs.wasm", "1.0.0", "other.example");
    desk.does(&["sign", "theirs.wasm", "--key", "other.key.pem"]);
    desk.does(&["push", "theirs.wasm", &at("theirs")]);
    refuses("theirs", &["--replace"], "is of the publisher `other.example`, whom tenant `acme` does not know");
    refuses("1.0", &["--tenant", "shop"], "has no tenant `shop`: its tenants are `acme`");
}

/// Without a network: a folder is handed over.
#[test]
fn a_folder_takes_the_place_of_a_registry() {
    let desk = Desk::new();
    desk.ship("gate.wasm", "1.0.0", "oci:dist:1.0.0");
    desk.ship("gate.wasm", "1.1.0", "oci:dist:1.1.0");
    desk.refuses(&["pull", "oci:dist", "-o", "a.wasm"], "name one, by tag (`1.0.0`, `1.1.0`)");
    desk.does(&["pull", "oci:dist:1.0.0", "-o", "a.wasm", "--publisher-key", "acme.pem"]);
    let config = desk.host();
    desk.does(&["add", "oci:dist:1.1.0", "--config", &config, "--publisher-key", "acme.pem", "--name", "door"]);
    assert!(desk.read(&config).contains("# from oci:dist:1.1.0@sha256:"));
    desk.does(&["check", "--config", &config]);
}
