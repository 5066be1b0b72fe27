//! Which Rust compiles for wasm32: the active one if it has the target, else Debian's.

use super::missing::MissingTool;
use super::program::program;
use super::system::System;
use super::table::{CLANG_LINKER, RUST_FOR_WASM};
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The target of a plugin's core module.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler, which has the wasm32 backend; the library comes as source in another package.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// A toolchain that can compile for wasm32.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The active rustc has the target installed.
    Installed {
        /// The version, as rustc says it.
        version: String,
        /// Where the target's library is.
        sysroot: PathBuf,
    },
    /// Debian's rustc, which compiles the standard library itself.
    Debian {
        /// The version, as rustc says it.
        version: String,
        /// Where the source of the target's library is.
        sysroot: PathBuf,
        /// `wasm-ld`, or rustup's `rust-lld`.
        linker: PathBuf,
    },
}

/// What this machine has.
#[derive(Debug, Clone, Default)]
struct Found {
    active: Option<(String, PathBuf)>,
    debian: Option<(String, PathBuf)>,
    wasm_ld: Option<PathBuf>,
}

impl Toolchain {
    /// Looks for a toolchain, as seen from a crate's directory, which may pin one.
    ///
    /// # Errors
    /// When there is none; says what to install.
    pub(crate) fn find(dir: &Path) -> Result<Self, MissingTool> {
        let active = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let found = Found {
            active: ask(&active, dir),
            debian: ask(DEBIAN_RUSTC.as_ref(), dir),
            wasm_ld: program("wasm-ld".as_ref()),
        };
        Self::choose(found, System::current())
    }

    fn choose(found: Found, system: System) -> Result<Self, MissingTool> {
        let rust_lld = found.active.as_ref().and_then(|(_, sysroot)| rust_lld(sysroot));
        if let Some((version, sysroot)) = found.active
            && sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir()
        {
            return Ok(Self::Installed { version, sysroot });
        }
        let source = found.debian.filter(|(_, sysroot)| sysroot.join("lib/rustlib/src/rust/library").is_dir());
        let linker = found.wasm_ld.or(rust_lld);
        match (source, linker) {
            (Some((version, sysroot)), Some(linker)) => Ok(Self::Debian { version, sysroot, linker }),
            (Some(_), None) => Err(MissingTool { does: "links plugins", ..MissingTool::new(&CLANG_LINKER, system) }),
            (None, _) => Err(MissingTool::new(&RUST_FOR_WASM, system)),
        }
    }

    /// Where the target's library or its source is.
    pub(crate) fn sysroot(&self) -> &Path {
        let (Self::Installed { sysroot, .. } | Self::Debian { sysroot, .. }) = self;
        sysroot
    }

    /// Sets up a cargo command for this toolchain.
    pub(crate) fn apply(&self, command: &mut Command, workspace_root: &Path) {
        command.arg("--config").arg(rustflags(self.sysroot(), cargo_home().as_deref(), workspace_root));
        if let Self::Debian { linker, .. } = self {
            command.arg("-Zbuild-std=std,panic_abort");
            command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installed { version, .. } => write!(f, "{version}, installed target {TARGET}"),
            Self::Debian { version, linker, .. } => {
                let linker = linker.file_name().unwrap_or_default().display();
                write!(f, "{version} of Debian, standard library from source, {linker}")
            }
        }
    }
}

/// Bytes of a plugin's stack: a quarter of the linker's default, and far more than a plugin of the SDK uses, whose JSON nests 32
/// levels at most. The host looks through all of a memory after each run. Past its end a stack traps; it overwrites nothing.
const STACK_BYTES: usize = 256 * 1024;

/// A configuration that sets the stack, and keeps this machine's paths, and with them its user's name, out of the panic messages. The digest may
/// still differ between folders: cargo hashes the path of a dependency into the names of its symbols.
fn rustflags(sysroot: &Path, cargo_home: Option<&Path>, workspace_root: &Path) -> String {
    let mut flags = vec![format!("-Clink-arg=-zstack-size={STACK_BYTES}")];
    let mut add = |from: &Path, to: &str| {
        // The root itself would rewrite every path.
        if from.parent().is_some() {
            flags.push(format!("--remap-path-prefix={}={to}", from.display()));
        }
    };
    // The last that matches wins, so the wider ones come first. A path dependency is often a sibling of the workspace.
    add(workspace_root.parent().unwrap_or(workspace_root), "/src");
    if let Some(home) = cargo_home {
        add(home, "/cargo");
    }
    add(&sysroot.join("lib/rustlib/src/rust"), "/rust");
    let flags: Vec<String> = flags.iter().map(|flag| toml_string(flag)).collect();
    format!("target.{TARGET}.rustflags=[{}]", flags.join(","))
}

/// A TOML basic string; JSON's escapes are a subset of its own.
fn toml_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn cargo_home() -> Option<PathBuf> {
    let home = || std::env::home_dir().map(|home| home.join(".cargo"));
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home)
}

/// A compiler's version and sysroot; none when there is no such compiler.
fn ask(rustc: &OsStr, dir: &Path) -> Option<(String, PathBuf)> {
    let answer = |args: &[&str]| {
        let answer = Command::new(rustc).args(args).current_dir(dir).stdin(Stdio::null()).output().ok()?;
        let text = String::from_utf8(answer.stdout).ok()?;
        answer.status.success().then(|| text.trim().to_owned())
    };
    let version = answer(&["--version"])?;
    // The first two words: what follows is the commit and the date.
    let version = version.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    Some((version, PathBuf::from(answer(&["--print", "sysroot"])?)))
}

/// The linker that rustup brings along.
fn rust_lld(sysroot: &Path) -> Option<PathBuf> {
    let hosts = std::fs::read_dir(sysroot.join("lib/rustlib")).ok()?;
    hosts.flatten().map(|host| host.path().join("bin/rust-lld")).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sysroot(folders: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for folder in folders {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        dir
    }

    fn rustc(version: &str, dir: &tempfile::TempDir) -> Option<(String, PathBuf)> {
        Some((version.to_owned(), dir.path().to_owned()))
    }

    #[test]
    fn an_installed_target_is_taken_before_debian() {
        let active = sysroot(&["lib/rustlib/wasm32-unknown-unknown/lib"]);
        let debian = sysroot(&["lib/rustlib/src/rust/library"]);
        let found = Found {
            active: rustc("rustc 1.95.0", &active),
            debian: rustc("rustc 1.96.0", &debian),
            wasm_ld: Some("/bin/wasm-ld".into()),
        };
        let toolchain = Toolchain::choose(found, System::Debian).unwrap();
        assert_eq!(toolchain.to_string(), "rustc 1.95.0, installed target wasm32-unknown-unknown");
    }

    #[test]
    fn without_the_target_debian_compiles_with_either_linker() {
        let active = sysroot(&["lib/rustlib/x86_64-unknown-linux-gnu/bin"]);
        std::fs::write(active.path().join("lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld"), "").unwrap();
        let debian = sysroot(&["lib/rustlib/src/rust/library"]);
        let mut found = Found {
            active: rustc("rustc 1.95.0", &active),
            debian: rustc("rustc 1.96.0", &debian),
            wasm_ld: Some("/bin/wasm-ld".into()),
        };
        let text = |found: &Found| Toolchain::choose(found.clone(), System::Debian).unwrap().to_string();
        assert_eq!(text(&found), "rustc 1.96.0 of Debian, standard library from source, wasm-ld");
        found.wasm_ld = None;
        assert!(text(&found).ends_with("rust-lld"));
    }

    #[test]
    fn when_nothing_is_there_the_error_says_what_to_install() {
        let why = Toolchain::choose(Found::default(), System::Debian).unwrap_err().to_string();
        assert!(why.contains("rustup target add wasm32-unknown-unknown"), "{why}");
        assert!(why.contains("rustc-web rust-web-src lld"), "{why}");
        let debian = sysroot(&["lib/rustlib/src/rust/library"]);
        let why = Toolchain::choose(Found { debian: rustc("x", &debian), ..Found::default() }, System::Debian)
            .unwrap_err()
            .to_string();
        assert!(why.contains("apt-get install --no-install-recommends clang lld"), "{why}");
    }

    #[test]
    fn paths_are_remapped_the_narrow_ones_last() {
        let config =
            rustflags(Path::new("/usr"), Some(Path::new("/home/a b/.cargo")), Path::new("/home/a b/x/plugins"));
        assert_eq!(
            config,
            "target.wasm32-unknown-unknown.rustflags=[\"-Clink-arg=-zstack-size=262144\",\"--remap-path-prefix=/home/a b/x=/src\",\
             \"--remap-path-prefix=/home/a b/.cargo=/cargo\",\"--remap-path-prefix=/usr/lib/rustlib/src/rust=/rust\"]"
        );
        assert!(!rustflags(Path::new("/usr"), None, Path::new("/plugins")).contains("=/=/src"));
    }
}
