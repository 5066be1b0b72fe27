//! `postlude push`, `pull` and `add` against a registry that signs users in, and against one that misbehaves.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests stop at what surprises them")]

use postlude_testkit::guests;
use postlude_testkit::registry::{Mischief, REGISTRY_USER, Registry, SignIn};
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

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

/// O19.
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

/// O19.
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

/// A registry with `gate` 1.0.0, 1.1.0 and 1.2.0 of `acme.example`, and a host that knows nothing of them.
struct Shop {
    registry: Registry,
    desk: Desk,
    config: String,
}

impl Shop {
    async fn open() -> Self {
        let (registry, desk) = (Registry::start(SignIn::Open).await, Desk::new());
        let config = desk.host();
        let shop = Self { registry, desk, config };
        for (tag, version) in [("1.0", "1.0.0"), ("1.1", "1.1.0"), ("1.2", "1.2.0")] {
            shop.desk.ship("gate.wasm", version, &shop.at(tag));
        }
        shop
    }

    fn at(&self, tag: &str) -> String {
        format!("{}/acme/gate:{tag}", self.registry.address)
    }

    /// `postlude add` does it.
    fn adds(&self, tag: &str, more: &[&str]) -> String {
        let from = self.at(tag);
        self.desk.does(&[&["add", &from, "--config", &self.config], more].concat())
    }

    /// `postlude add` refuses, and neither the configuration nor a file is another one afterwards.
    fn refuses(&self, tag: &str, more: &[&str], words: &str) {
        let (from, before) = (self.at(tag), (self.text(), self.files()));
        self.desk.refuses(&[&["add", &from, "--config", &self.config], more].concat(), words);
        assert_eq!((self.text(), self.files()), before, "something was written");
    }

    fn text(&self) -> String {
        self.desk.read(&self.config)
    }

    fn files(&self) -> usize {
        fs::read_dir(self.desk.path().join("host/plugins")).unwrap().count()
    }
}

/// O02, O18, P56: the operator has the publisher's key, or takes it by name; a tag that moved is told, whoever signed what it names now.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_adds_what_a_publisher_signed_and_pins_it() {
    let shop = Shop::open().await;
    let (before, present) = (shop.text(), shop.files());
    shop.refuses("1.1", &[], "is of the publisher `acme.example`, whom tenant `acme` does not know");
    let other = ["--publisher-key", "other.pem"];
    shop.refuses("1.1", &other, "is not signed by a key that is known of its publisher `acme.example`");
    let key = ["--publisher-key", "acme.pem"];
    let printed = shop.adds("1.1", &[&key[..], &["--print"]].concat());
    let tables = ["[tenants.acme.publishers.\"acme.example\"]", "[tenants.acme.plugins.gate]"];
    assert!(tables.iter().all(|table| printed.contains(table)), "{printed}");
    assert!(shop.text() == before && shop.files() == present);
    // An action that is not granted what the plugin asks for: the host would refuse it.
    shop.refuses(
        "1.1",
        &[&key[..], &["--action", "gate"]].concat(),
        "a host would refuse the configuration with this plugin",
    );

    let added = shop.adds("1.1", &key);
    assert!(added.contains("added `gate` 1.1.0, signed by `acme.example`"), "{added}");
    let after = shop.text();
    assert_eq!(before.lines().find(|line| !after.contains(*line)), None, "a line went");
    assert!(after.contains(&format!("# from {}@sha256:", shop.at("1.1"))) && shop.files() == present + 2, "{after}");
    assert!(shop.adds("1.1", &["--json"]).contains("\"changed\": false"));
    shop.registry.move_tag("1.1", "1.2");
    shop.refuses("1.1", &[], "the tag has moved");
    shop.refuses("1.2", &[], "take it with `--replace`");
    let replaced = shop.adds("1.1", &["--replace", "--action", "gate", "--grant-all"]);
    assert!(replaced.contains("added `gate` 1.2.0") && replaced.contains("action `gate` runs it"), "{replaced}");
    shop.desk.does(&["check", "--config", &shop.config]);
    shop.refuses("1.2", &["--tenant", "shop"], "has no tenant `shop`: its tenants are `acme`");
}

/// O02, O07, P56: a version below the floor, a stranger under the publisher's name, a stripped signature, and another publisher.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_adds_nothing_that_its_publishers_did_not_sign_or_that_is_below_a_floor() {
    let shop = Shop::open().await;
    let publisher =
        "[tenants.acme.publishers.\"acme.example\"]\nkeys = [\"../acme.pem\"]\nfloors = { gate = \"1.1.0\" }\n";
    fs::write(shop.desk.path().join(&shop.config), format!("{}\n{publisher}", shop.text())).unwrap();
    shop.refuses("1.0", &[], "it is `gate` 1.0.0, below the floor 1.1.0");
    shop.desk.build("forged.wasm", "9.0.0", "acme.example");
    shop.desk.does(&["sign", "forged.wasm", "--key", "other.key.pem"]);
    shop.desk.does(&["push", "forged.wasm", &shop.at("9")]);
    shop.refuses("9", &[], "is not signed by a key that is known of its publisher");
    let other = ["--publisher-key", "other.pem"];
    shop.refuses("9", &other, "knows the publisher `acme.example` by other keys than `other.pem`");
    shop.registry.change("1.2", |manifest| {
        let annotations = manifest.pointer_mut("/annotations").unwrap().as_object_mut().unwrap();
        annotations.remove("dev.postlude.signature").unwrap();
    });
    shop.refuses("1.2", &[], "is not signed by its publisher `acme.example`");
    shop.desk.build("theirs.wasm", "1.0.0", "other.example");
    shop.desk.does(&["sign", "theirs.wasm", "--key", "other.key.pem"]);
    shop.desk.does(&["push", "theirs.wasm", &shop.at("theirs")]);
    shop.refuses("theirs", &[], "is of the publisher `other.example`, whom tenant `acme` does not know");
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

/// The registry that Debian has, as a process that ends with the test.
struct RealRegistry {
    process: Child,
    address: String,
    _folder: tempfile::TempDir,
}

/// A password and its bcrypt hash (a vector of John the Ripper's).
const REAL_PASSWORD: (&str, &str) = ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");

impl RealRegistry {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        fs::write(path("users"), format!("ops:{}\n", REAL_PASSWORD.1)).unwrap();
        let config = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n\
             auth:\n  htpasswd:\n    realm: test\n    path: {}\n",
            path("data").display(),
            path("users").display()
        );
        fs::write(path("config.yml"), config).unwrap();
        let target = Path::new(env!("CARGO_BIN_EXE_postlude")).ancestors().nth(2).unwrap();
        let program = target.join("tools/docker-registry/usr/bin/docker-registry");
        let mut command = Command::new(&program);
        command.arg("serve").arg(path("config.yml")).stdout(Stdio::null()).stderr(Stdio::null());
        let process =
            command.spawn().unwrap_or_else(|why| panic!("{}: {why}; `make test-registry` has it", program.display()));
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(&address).is_err() {
            assert!(Instant::now() < until, "the registry does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { process, address, _folder: folder }
    }
}

impl Drop for RealRegistry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "it needs Debian's docker-registry; `make test-registry` has it"]
fn a_real_registry_takes_a_plugin_and_gives_it_back() {
    let (registry, desk) = (RealRegistry::start(), Desk::new());
    let to = format!("{}/acme/gate:1.0.0", registry.address);
    desk.build("gate.wasm", "1.0.0", "acme.example");
    desk.does(&["sign", "gate.wasm", "--key", "acme.key.pem"]);
    desk.refuses(&["push", "gate.wasm", &to], "does not let an unknown user push to `acme/gate`");
    let push = |password: &str| {
        let args = ["push", "gate.wasm", &to, "--username", "ops", "--password-stdin"];
        desk.run_with(&args, password, &[])
    };
    assert!(told(&push("wrong")).contains("does not let the user `ops` push to"));
    let pushed = push(REAL_PASSWORD.0);
    assert!(pushed.status.success(), "{}", told(&pushed));
    let auth = json!({ "auths": { &registry.address: { "auth": base64(&format!("ops:{}", REAL_PASSWORD.0)) } } });
    fs::write(desk.path().join("config.json"), auth.to_string()).unwrap();
    desk.does(&["pull", &to, "-o", "a.wasm", "--publisher-key", "acme.pem"]);
    assert_eq!(fs::read(desk.path().join("a.wasm")).unwrap(), fs::read(desk.path().join("gate.wasm")).unwrap());
    desk.refuses(&["pull", &format!("{}/acme/gate:2", registry.address), "-o", "b.wasm"], "there is nothing at");
    let config = desk.host();
    desk.does(&["add", &to, "--config", &config, "--publisher-key", "acme.pem"]);
    desk.does(&["check", "--config", &config]);
    // The same again moves nothing; another plugin does not take the tag.
    assert!(push(REAL_PASSWORD.0).status.success());
    desk.build("gate.wasm", "1.0.1", "acme.example");
    desk.does(&["sign", "gate.wasm", "--key", "acme.key.pem"]);
    assert!(told(&push(REAL_PASSWORD.0)).contains("--move-tag"));
}
