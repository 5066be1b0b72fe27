//! Compiling apart from serving: in a process with limits, once, and from then on out of the authenticated code cache.

use postlude_testkit::{Postlude, bombs, guests, program};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What a server gives a compiling process, and all of it.
const ENVIRONMENT: [(&str, &str); 1] = [("MIMALLOC_ARENA_RESERVE", "16384")];

/// A compiler that counts how often it is asked.
struct Counting(TempDir);

impl Counting {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let script = format!(
            "#!/bin/sh\necho once >> {}\nexec {} \"$@\"\n",
            dir.path().join("count").display(),
            program().display()
        );
        fs::write(dir.path().join("compiler"), script).unwrap();
        fs::set_permissions(dir.path().join("compiler"), fs::Permissions::from_mode(0o700)).unwrap();
        Self(dir)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("compiler")
    }

    fn count(&self) -> usize {
        fs::read_to_string(self.0.path().join("count")).unwrap_or_default().lines().count()
    }
}

/// The files of the code cache.
fn kept(postlude: &Postlude) -> Vec<PathBuf> {
    let entries = fs::read_dir(postlude.dir().join("data/code")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

async fn works(postlude: &Postlude) {
    let mut browser = postlude.browser("ana");
    assert_eq!(browser.login().await.outcome(), "redirect");
    assert_eq!(browser.complete().await.outcome(), "continue");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_compiled_once_in_a_process_of_its_own() {
    let compiler = Counting::new();
    let mut postlude = Postlude::builder().compiler(compiler.path()).start().await;
    works(&postlude).await;
    assert_eq!((compiler.count(), kept(&postlude).len()), (1, 1));
    postlude.restart().await;
    postlude.reload().await;
    works(&postlude).await;
    assert_eq!(compiler.count(), 1, "a start and a reload use what was compiled before");
}

/// T05, P46: a file of the cache that is not exactly what this host wrote is compiled again and replaced, wherever the
/// difference lies: engine, digest, manifest, machine code, tag.
#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_cache_is_not_believed() {
    let compiler = Counting::new();
    let other = guests::plugin("").unwrap();
    let mut postlude = Postlude::builder().compiler(compiler.path()).guest("other", other).start().await;
    let files = kept(&postlude);
    assert_eq!((files.len(), compiler.count()), (2, 2));
    let good: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let length = good[0].len();
    let flips = [0, 20, 50, 90, 200, length / 3, length / 2, length - 300, length - 17, length - 16, length - 1];
    let mut bad: Vec<Vec<u8>> = Vec::new();
    for at in flips {
        let mut flipped = good[0].clone();
        flipped[at] ^= 0x10;
        bad.push(flipped);
    }
    bad.extend([Vec::new(), good[0][..length - 1].to_vec(), good[0][..length / 2].to_vec(), good[1].clone()]);
    // The machine code without our tag, as another tool would leave it.
    bad.push(good[0][machine_code(&good[0])..].to_vec());
    for (at, bad) in bad.into_iter().enumerate() {
        fs::write(&files[0], bad).unwrap();
        let before = compiler.count();
        postlude.restart().await;
        works(&postlude).await;
        assert_eq!(compiler.count(), before + 1, "case {at}");
        assert_eq!(fs::read(&files[0]).unwrap(), good[0], "case {at}: the good file is back");
    }
    assert_eq!(kept(&postlude), files, "nothing else is left");
}

/// Where the ELF image begins.
fn machine_code(file: &[u8]) -> usize {
    file.windows(4).position(|four| four == b"\x7fELF").unwrap()
}

/// P46: machine code is never taken for a plugin, be it ours or another tool's.
#[tokio::test(flavor = "multi_thread")]
async fn machine_code_is_no_plugin() {
    let mut postlude = Postlude::builder().guest("other", guests::plugin("").unwrap()).start().await;
    let file = kept(&postlude).remove(0);
    let code = fs::read(file).unwrap();
    let mut refused = Vec::new();
    for plugin in [&code[machine_code(&code)..], &code] {
        fs::write(postlude.dir().join("other.wasm"), plugin).unwrap();
        postlude.stop().await;
        let why = postlude.start_again().await.unwrap_err().to_string();
        refused.push(why.lines().filter(|line| line.contains("plugin `other`")).collect::<String>());
        fs::write(postlude.dir().join("other.wasm"), guests::plugin("").unwrap()).unwrap();
        postlude.start_again().await.unwrap();
    }
    assert!(refused[0].contains("precompiled machine code, which is never loaded"), "{refused:?}");
    assert!(refused[1].contains("not WebAssembly"), "{refused:?}");
}

/// What `postlude check` says about a plugin file.
fn checked(postlude: &Postlude, component: &[u8]) -> String {
    fs::write(postlude.dir().join("bomb.wasm"), component).unwrap();
    let mut check = std::process::Command::new(program());
    check.args(["check", "--config"]).arg(postlude.dir().join("postlude.toml")).env("NO_COLOR", "1");
    let output = check.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).unwrap();
    printed
        .lines()
        .find(|line| line.contains("plugin `bomb`"))
        .unwrap_or(&printed)
        .split_once(": ")
        .unwrap()
        .1
        .to_owned()
}

/// P44: the messages are goldens.
#[tokio::test(flavor = "multi_thread")]
async fn each_compile_bomb_is_refused_with_the_limit_that_it_reaches() {
    let postlude = Postlude::builder().guest("bomb", guests::plugin("").unwrap()).start().await;
    let mut printed = String::new();
    for (name, bomb) in bombs::all() {
        assert!(bomb.len() <= 8 << 20, "{name} has {} bytes", bomb.len());
        let why = checked(&postlude, &bomb);
        if name == bombs::MANY_FUNCTIONS {
            // Which limit is first depends on the machine.
            let limits = ["of processor time;", "of memory;", "its machine code has more than 5"];
            assert!(limits.iter().any(|limit| why.contains(limit)), "{why}");
        } else {
            printed.push_str(&format!("{name}:\n  {why}\n"));
        }
    }
    insta::assert_snapshot!(printed);
}

/// P44: the process ends itself at each limit, whatever its parent does.
#[test]
fn the_compiling_process_limits_itself() {
    use std::io::Write as _;
    use std::os::unix::process::ExitStatusExt as _;
    let bomb = bombs::one();
    let ends = |memory: &str, cpu: &str| {
        let mut worker = std::process::Command::new(program());
        worker.args(["compile-worker", "--memory-bytes", memory, "--cpu-seconds", cpu]);
        worker.env_clear().envs(ENVIRONMENT);
        let pipe = std::process::Stdio::piped;
        let mut worker = worker.stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().unwrap();
        // It may end while it is fed.
        let _ = worker.stdin.take().unwrap().write_all(&bomb);
        let output = worker.wait_with_output().unwrap();
        (output.status.signal(), output.stdout.len(), String::from_utf8(output.stderr).unwrap())
    };
    const SIGXCPU: i32 = 24;
    assert_eq!(ends("4294967296", "1"), (Some(SIGXCPU), 0, String::new()));
    // Several limits: what is allocated when memory ends differs. The server gives at least 512 MiB; with less than some 130 MiB
    // a development build of the program itself, without its component, may not get as far as its own message.
    for memory in ["201326592", "268435456", "402653184", "536870912", "805306368"] {
        let (signal, written, printed) = ends(memory, "20");
        assert!(
            signal.is_some() && written == 0 && printed.starts_with("memory allocation of "),
            "{signal:?} {printed}"
        );
    }
}

/// P44: while a bomb compiles, the server's memory stays and its logins answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_compile_bomb_leaves_the_servers_memory_and_latency_flat() {
    let postlude = Postlude::builder().process().guest("bomb", guests::plugin("").unwrap()).start().await;
    works(&postlude).await;
    let before = resident(postlude.pid());
    let quiet = slowest(&postlude, Duration::from_secs(2), || false).await;
    fs::write(postlude.dir().join("bomb.wasm"), bombs::one()).unwrap();
    postlude.hang_up().await;
    let began = Instant::now();
    while compilers(postlude.pid()).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(30), "no compiling process after 30 seconds");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (mut most, mut largest) = (0, 0);
    let loud = slowest(&postlude, Duration::from_secs(180), || {
        let compilers = compilers(postlude.pid());
        most = most.max(resident(postlude.pid()));
        largest = compilers.iter().map(|pid| resident(*pid)).max().unwrap_or_default().max(largest);
        compilers.is_empty()
    })
    .await;
    eprintln!("server {before} -> {most} KiB, compiler {largest} KiB; slowest login {quiet:?} -> {loud:?}");
    assert!(compilers(postlude.pid()).is_empty(), "the bomb was ended");
    // The file itself, which the server reads and hands over, is 8 MB.
    assert!(most < before + 64 * 1024, "the server grew from {before} to {most} KiB");
    assert!(largest < 1024 * 1024 + 64 * 1024, "the compiler had {largest} KiB");
    // Generous, for machines that do other things as well; in the server's own process a compilation blocks for seconds.
    assert!(loud < 3 * quiet + Duration::from_secs(2), "a login took {loud:?}, {quiet:?} before");
    works(&postlude).await;
}

/// The slowest login until something is over, or a time.
async fn slowest(postlude: &Postlude, at_most: Duration, mut over: impl FnMut() -> bool) -> Duration {
    let (began, mut slowest, mut number) = (Instant::now(), Duration::ZERO, 0);
    while began.elapsed() < at_most && !over() {
        let call = Instant::now();
        let mut browser = postlude.browser(&format!("user-{number}"));
        assert_eq!(browser.login().await.outcome(), "redirect");
        slowest = slowest.max(call.elapsed());
        number += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    slowest
}

/// KiB of a process that are in memory.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

/// The compiling processes of a server.
fn compilers(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let children = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("children")).ok());
    children.flat_map(|text| text.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<u32>>()).collect()
}

/// A thousand tenants' worth of plugins, each another one: 50 tenants with 20 actions.
const TENANTS: usize = 50;
const ACTIONS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_a_thousand_plugins_in_the_cache_takes_seconds() {
    let (folder, mut tables) = (tempfile::tempdir().unwrap(), String::new());
    for tenant in 0..TENANTS {
        tables.push_str(&format!("[tenants.t{tenant}]\nissuer = \"https://login.example/t{tenant}\"\n"));
        for action in 0..ACTIONS {
            let name = format!("g{tenant}-{action}");
            let text = format!(
                "(func (export \"on-login\") (result i32) (drop (i32.const {})) (call $say «hello {name}») (call $continue))",
                tenant * ACTIONS + action
            );
            let manifest =
                format!(r#"{{ "name": "{name}", "version": "0.1.0", "publisher": "acme.example", "abi": "0.1.0" }}"#);
            let file = folder.path().join(format!("{name}.wasm"));
            fs::write(&file, guests::with_manifest(&guests::component(&text).unwrap(), &manifest)).unwrap();
            tables.push_str(&format!("[tenants.t{tenant}.plugins.{name}]\npath = \"{}\"\n", file.display()));
            tables.push_str(&format!("[[tenants.t{tenant}.pipeline]]\nname = \"a{action}\"\nplugin = \"{name}\"\n"));
        }
    }
    let began = Instant::now();
    let mut postlude = Postlude::builder().after(&tables).start().await;
    let compiling = began.elapsed();
    assert_eq!(kept(&postlude).len(), TENANTS * ACTIONS + 1);
    let code: u64 = kept(&postlude).iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    postlude.stop().await;
    let began = Instant::now();
    postlude.start_as_process().await;
    let ready = began.elapsed();
    works(&postlude).await;
    let (resident, kib) = (resident(postlude.pid()), code / 1024);
    eprintln!(
        "1,001 plugins: compiled in {compiling:?}, ready from the cache in {ready:?}; {kib} KiB of code, server {resident} KiB"
    );
    assert!(ready < Duration::from_secs(30), "{ready:?}");
    postlude.stop().await;
}

/// Of many suspended logins of an earlier revision, one brings its plugin back after a start without any compiled code.
#[tokio::test(flavor = "multi_thread")]
async fn suspended_logins_of_an_earlier_revision_compile_its_plugin_once() {
    const USERS: [&str; 4] = ["ana", "ben", "cho", "dai"];
    let compiler = Counting::new();
    let mut postlude = Postlude::builder().compiler(compiler.path()).start().await;
    let mut open = Vec::new();
    for user in USERS {
        let mut browser = postlude.browser(user);
        assert_eq!(browser.login().await.outcome(), "redirect");
        open.push(browser.open);
    }
    let config = fs::read_to_string(postlude.dir().join("postlude.toml")).unwrap();
    let plugin = config.find("[tenants.acme.plugins.custom-factor]").unwrap();
    let next = config.find("[tenants.other]").unwrap();
    postlude.edit_config(&config[plugin..next], "");
    postlude.stop().await;
    for file in kept(&postlude) {
        fs::remove_file(file).unwrap();
    }
    let before = compiler.count();
    postlude.start_again().await.unwrap();
    let mut browsers = USERS.map(|user| postlude.browser(user));
    for (browser, open) in browsers.iter_mut().zip(open) {
        browser.open = open;
    }
    let [a, b, c, d] = &mut browsers;
    let answered = tokio::join!(a.complete(), b.complete(), c.complete(), d.complete());
    for answered in [answered.0, answered.1, answered.2, answered.3] {
        assert_eq!(answered.outcome(), "continue", "{}", answered.text);
    }
    assert_eq!(compiler.count(), before + 1);
}

/// A crash in the middle of compiling leaves nothing that a start would trip over.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_while_it_compiles_leaves_no_process_and_no_half_file() {
    let mut postlude = Postlude::builder().process().guest("bomb", guests::plugin("").unwrap()).start().await;
    fs::write(postlude.dir().join("bomb.wasm"), bombs::one()).unwrap();
    postlude.hang_up().await;
    let began = Instant::now();
    let compiler = loop {
        if let Some(compiler) = compilers(postlude.pid()).first() {
            break *compiler;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "no compiling process after 30 seconds");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    // It has set its limits by the time that it has grown.
    while resident(compiler) < 64 * 1024 {
        assert!(began.elapsed() < Duration::from_secs(60), "the compiler does not grow");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let environment = fs::read_to_string(format!("/proc/{compiler}/environ")).unwrap();
    let [(name, value)] = ENVIRONMENT;
    assert_eq!(environment, format!("{name}={value}\0"), "nothing but its allocator's setting");
    let limits = fs::read_to_string(format!("/proc/{compiler}/limits")).unwrap();
    let limit = |name: &str| limits.lines().find_map(|line| line.strip_prefix(name)).unwrap().split_whitespace().next();
    assert_eq!(
        (limit("Max open files"), limit("Max file size"), limit("Max core file size")),
        (Some("16"), Some("0"), Some("0"))
    );
    postlude.kill().await;
    while Path::new(&format!("/proc/{compiler}/mem")).exists() && resident(compiler) > 0 {
        assert!(began.elapsed() < Duration::from_secs(90), "the compiler outlives its server");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    fs::write(postlude.dir().join("bomb.wasm"), guests::plugin("").unwrap()).unwrap();
    postlude.start_again().await.unwrap();
    works(&postlude).await;
    assert!(kept(&postlude).iter().all(|file| file.extension().is_some_and(|ending| ending == "code")));
    assert_eq!(kept(&postlude).len(), 2);
    postlude.stop().await;
}

/// A reload that is asked for while the server only starts is no reason to end, for the server and for what compiles for it;
/// and a stop does not wait for the compiler.
#[tokio::test(flavor = "multi_thread")]
async fn signals_while_it_starts_are_heard() {
    let mut postlude = Postlude::builder().process().guest("bomb", guests::plugin("").unwrap()).start().await;
    postlude.stop().await;
    fs::write(postlude.dir().join("bomb.wasm"), bombs::one()).unwrap();
    let mut serve = tokio::process::Command::new(program());
    serve.args(["serve", "--log-level", "off", "--config"]).arg(postlude.dir().join("postlude.toml"));
    let mut serve = serve.kill_on_drop(true).spawn().unwrap();
    let pid = serve.id().unwrap();
    let compiler = compiler_of(pid).await;
    for pid in [pid, compiler] {
        assert!(std::process::Command::new("kill").args(["-HUP", &pid.to_string()]).status().unwrap().success());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!((serve.try_wait().unwrap(), compilers(pid)), (None, vec![compiler]), "both go on");
    assert!(std::process::Command::new("kill").args(["-TERM", &pid.to_string()]).status().unwrap().success());
    let ended = tokio::time::timeout(Duration::from_secs(10), serve.wait()).await.expect("it waits for the compiler");
    assert!(ended.unwrap().success());
    gone(compiler).await;
}

/// Nothing of a reload is in force before all is compiled, so a stop may give it up.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_a_reload_that_compiles() {
    let mut postlude = Postlude::builder().process().guest("bomb", guests::plugin("").unwrap()).start().await;
    fs::write(postlude.dir().join("bomb.wasm"), bombs::one()).unwrap();
    postlude.hang_up().await;
    let compiler = compiler_of(postlude.pid()).await;
    let began = Instant::now();
    postlude.stop().await;
    assert!(began.elapsed() < Duration::from_secs(10), "it took {:?}", began.elapsed());
    gone(compiler).await;
}

/// Whether a process has a handler of SIGHUP, the first signal.
fn has_handler_of_hangups(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 1 == 1))
}

/// The process that compiles for a server, once it has set its limits: by then it has grown.
async fn compiler_of(server: u32) -> u32 {
    let began = Instant::now();
    loop {
        if let Some(compiler) = compilers(server).first()
            && resident(*compiler) > 64 * 1024
            && has_handler_of_hangups(*compiler)
        {
            return *compiler;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "no process compiles after a minute");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn gone(process: u32) {
    let began = Instant::now();
    while Path::new(&format!("/proc/{process}/status")).exists() {
        assert!(began.elapsed() < Duration::from_secs(10), "the compiler goes on alone");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
