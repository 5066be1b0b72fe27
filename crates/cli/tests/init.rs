//! `postlude init`, as an operator meets it: the folder is checked, served, and answers the printed first login.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests stop at what surprises them")]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postlude"));
    command.args(args).current_dir(dir).env("NO_COLOR", "1").env("COLUMNS", "100").env_remove("RUST_BACKTRACE");
    for name in ["POSTLUDE_CONFIG", "POSTLUDE_LOG", "POSTLUDE_LOG_FORMAT"] {
        command.env_remove(name);
    }
    command
}

fn postlude(dir: &Path, args: &[&str]) -> Output {
    command(dir, args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// An address that was free a moment ago.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// A server that ends with the test.
struct Served(Child);

impl Served {
    fn start(dir: &Path) -> Self {
        Self(command(dir, &["serve"]).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Ends it as an init system does.
    fn stop(mut self) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        let mut log = String::new();
        std::io::Read::read_to_string(&mut self.0.stderr.take().unwrap(), &mut log).unwrap();
        (self.0.wait().unwrap().code(), log)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn ready(listen: &str, served: &mut Served) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        if reqwest::get(format!("http://{listen}/readyz")).await.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        assert!(served.0.try_wait().unwrap().is_none() && Instant::now() < until, "the server did not become ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn post(call: &Value, body: &Value) -> (u16, Value) {
    let mut request = reqwest::Client::new().post(call["url"].as_str().unwrap());
    for (name, value) in call["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    let answer = request.body(body.to_string()).send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

/// The call that the printed `curl` makes.
fn printed_call(told: &str) -> (Value, Value) {
    let from = told.find("curl -sS ").unwrap_or_else(|| panic!("no curl in {told}"));
    let curl = told[from..].replace("\\\n", " ");
    let quoted: Vec<&str> = curl.split('\'').skip(1).step_by(2).collect();
    let headers: serde_json::Map<_, _> = quoted
        .iter()
        .filter_map(|word| word.split_once(": "))
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let url = curl.split_whitespace().nth(2).unwrap();
    let body = serde_json::from_str(quoted.iter().find(|word| word.starts_with('{')).unwrap()).unwrap();
    // A body has `: ` nowhere, so that it is none of the headers.
    assert_eq!(headers.len(), 3, "{headers:?}");
    (json!({ "url": url, "headers": headers }), body)
}

#[tokio::test]
async fn a_new_folder_is_checked_and_served_and_answers_the_printed_login() {
    let dir = tempfile::tempdir().unwrap();
    let listen = free_address();
    let made = postlude(dir.path(), &["init", "login", "--listen", &listen]);
    let told = text(&made.stdout);
    assert_eq!((made.status.code(), text(&made.stderr).as_str()), (Some(0), ""), "{told}");
    let folder = dir.path().join("login");
    for (name, mode) in [("root.key", 0o600), ("partner.key.pem", 0o600)] {
        assert_eq!(std::fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777, mode, "{name}");
    }
    let ignored = std::fs::read_to_string(folder.join(".gitignore")).unwrap();
    assert!(["root.key", "partner.key.pem", "data/"].iter().all(|name| ignored.contains(name)), "{ignored}");

    let checked = postlude(&folder, &["check"]);
    assert!(checked.status.success(), "{}{}", text(&checked.stdout), text(&checked.stderr));
    assert_eq!(text(&checked.stdout).lines().count(), 1, "no warnings: {}", text(&checked.stdout));

    let mut served = Served::start(&folder);
    ready(&listen, &mut served).await;
    let (call, body) = printed_call(&told);
    let (status, answer) = post(&call, &body).await;
    assert_eq!((status, &answer["outcome"]), (200, &json!("continue")), "{answer}");
    let mut other = call.clone();
    other["headers"]["Idempotency-Key"] = json!("another");
    let mut stranger = body.clone();
    stranger["event"]["user"]["email"] = json!("ana@elsewhere.example");
    let (status, answer) = post(&other, &stranger).await;
    assert_eq!((status, &answer["code"]), (200, &json!("email_domain_refused")), "{answer}");
    let (code, log) = served.stop();
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test]
async fn with_a_factor_the_first_login_goes_to_the_prompt_site() {
    let dir = tempfile::tempdir().unwrap();
    let listen = free_address();
    let made = postlude(dir.path(), &["init", "--factor", "--tenant", "login", "--listen", &listen, "--json"]);
    let made: Value = serde_json::from_slice(&made.stdout).unwrap_or_else(|why| panic!("{why}: {made:?}"));
    assert_eq!(made["issuer"], format!("http://localhost:{}/login", listen.rsplit(':').next().unwrap()));
    let checked = postlude(dir.path(), &["check"]);
    assert_eq!(
        (checked.status.code(), text(&checked.stdout).lines().count()),
        (Some(0), 1),
        "{}",
        text(&checked.stdout)
    );
    let mut served = Served::start(dir.path());
    ready(&listen, &mut served).await;
    let (status, answer) = post(&made["first_login"], &made["first_login"]["body"]).await;
    let location = answer["location"].as_str().unwrap_or_default();
    assert!(status == 200 && location.starts_with("http://localhost:4000/prompt?request="), "{answer}");
    let (code, log) = served.stop();
    assert_eq!(code, Some(0), "{log}");
}

/// Taking the `#` away by hand is what `--factor` does.
#[test]
fn the_example_of_the_factor_is_a_configuration_when_it_is_put_to_use() {
    let dir = tempfile::tempdir().unwrap();
    assert!(postlude(dir.path(), &["init"]).status.success());
    let file = dir.path().join("postlude.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let used = |line: &str| match line.strip_prefix('#') {
        Some(example) if !example.starts_with(' ') && !example.is_empty() => example.to_owned(),
        _ => line.to_owned(),
    };
    let config: Vec<_> = config.lines().map(used).collect();
    std::fs::write(&file, config.join("\n")).unwrap();
    let checked = postlude(dir.path(), &["check"]);
    assert!(checked.status.success(), "{}{}", text(&checked.stdout), text(&checked.stderr));
}

#[test]
fn nothing_is_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    assert!(postlude(dir.path(), &["init"]).status.success());
    let before = std::fs::read(dir.path().join("root.key")).unwrap();
    let again = postlude(dir.path(), &["init"]);
    assert_eq!((again.status.code(), again.stdout.len()), (Some(1), 0));
    let told = text(&again.stderr);
    assert!(told.contains("`./root.key`") && told.contains("nothing is overwritten"), "{told}");
    assert_eq!(std::fs::read(dir.path().join("root.key")).unwrap(), before);
}

#[test]
fn a_gitignore_that_is_there_is_left_as_it_is_and_what_it_lacks_is_said() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(".gitignore"), "/root.key\nnode_modules\n").unwrap();
    let made = postlude(dir.path(), &["init"]);
    assert!(made.status.success());
    assert_eq!(text(&made.stderr), "note: add to .gitignore: partner.key.pem  data/  data.high-water\n");
    assert_eq!(std::fs::read_to_string(dir.path().join(".gitignore")).unwrap(), "/root.key\nnode_modules\n");
}

#[test]
fn a_port_of_zero_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = postlude(dir.path(), &["init", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("`--listen 127.0.0.1:0` has the port 0"), "{}", text(&refused.stderr));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
