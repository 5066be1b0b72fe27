//! `postlude build`: a Rust crate becomes a plugin: compiled for wasm32, made a component, its manifest inside.

mod component;
mod toolchain;

pub(crate) use component::embed_manifest;

use crate::output::{self, Paint};
use anyhow::{Context as _, Result, bail};
use postlude_model::manifest::Manifest;
use postlude_model::names::Digest;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use toolchain::Toolchain;

/// Build plugins from Rust crates: compile, make a component, put the manifest in.
///
/// Each directory holds a crate with a `cdylib` and a manifest.json. The result is one file that `postlude.toml` names;
/// its digest is the plugin's identity.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude build\n  postlude build plugins/custom-factor plugins/email-domain\n  \
    postlude build acme-face --out acme-face.wasm")]
pub(crate) struct Args {
    /// The crates' directories
    #[arg(default_value = ".", value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// The file to write, or a directory [default: target/postlude/NAME.wasm of the crate's workspace]
    #[arg(long, short, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Build without optimisation
    #[arg(long)]
    debug: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What to build.
#[derive(Debug, Clone)]
pub(crate) struct BuildOptions {
    /// The crate's directory.
    pub dir: PathBuf,
    /// Whether to optimise.
    pub release: bool,
    /// Where to write: a file, or a directory that exists; by default `target/postlude/NAME.wasm` of its workspace.
    pub out: Option<PathBuf>,
}

/// A plugin that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Built {
    /// The plugin's name.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The file's bytes.
    pub size: usize,
    /// The file's SHA-256 digest.
    pub digest: Digest,
    /// The functions of the contract that it calls, as `session.record-factor`.
    pub imports: Vec<String>,
    /// The toolchain that compiled it.
    pub toolchain: String,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if args.dirs.len() > 1 && args.out.as_ref().is_some_and(|out| !out.is_dir()) {
        bail!("`--out` has to be a directory that exists when several crates are built");
    }
    let mut all = Vec::new();
    for dir in &args.dirs {
        let options = BuildOptions { dir: dir.clone(), release: !args.debug, out: args.out.clone() };
        let built = build(&options).with_context(|| format!("`{}` was not built", dir.display()))?;
        if !args.json {
            show(&built);
        }
        all.push(built);
    }
    if args.json {
        output::json(&json!({ "built": all.iter().map(as_json).collect::<Vec<_>>() }))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(built: &Built) {
    let Built { name, path, size, digest, imports, toolchain } = built;
    let size = output::grouped(u64::try_from(*size).unwrap_or(u64::MAX));
    output::line(format!("{} {name}  {}  {size} bytes", output::coloured(Paint::Good, "built"), path.display()));
    output::line(format!("  {digest}"));
    output::line(format!("  imports: {}", if imports.is_empty() { "none".to_owned() } else { imports.join(" ") }));
    output::line(format!("  toolchain: {toolchain}"));
}

fn as_json(built: &Built) -> Value {
    json!({
        "name": built.name,
        "path": built.path,
        "size": built.size,
        "digest": built.digest,
        "imports": built.imports,
        "toolchain": built.toolchain,
    })
}

/// Builds one plugin. Cargo's own output goes to standard error.
///
/// # Errors
/// When the manifest is malformed, no toolchain is there, the crate does not compile, or it is not a plugin.
pub(crate) fn build(options: &BuildOptions) -> Result<Built> {
    let (manifest, bytes) = read_manifest(&options.dir)?;
    let package = Package::read(&options.dir)?;
    let toolchain = Toolchain::find(&options.dir)?;
    let module = compile(&package, &toolchain, options.release)?;
    let module = std::fs::read(&module).with_context(|| format!("cannot read `{}`", module.display()))?;
    let component = component::from_module(&module)?;
    let imports = component::imports(&component)?;
    let plugin = embed_manifest(&component, &bytes);
    let path = destination(options.out.as_deref(), &package.target_dir, manifest.name.as_str());
    write_atomically(&path, &plugin)?;
    Ok(Built {
        name: manifest.name.to_string(),
        path,
        size: plugin.len(),
        digest: Digest::from_bytes(Sha256::digest(&plugin).into()),
        imports,
        toolchain: toolchain.to_string(),
    })
}

/// The manifest, checked, and its bytes with insignificant white space removed.
fn read_manifest(dir: &Path) -> Result<(Manifest, Vec<u8>)> {
    let path = dir.join("manifest.json");
    let text = std::fs::read(&path).with_context(|| {
        format!("cannot read `{}`: a plugin has its manifest beside its Cargo.toml", path.display())
    })?;
    let manifest = Manifest::parse(&text).with_context(|| format!("`{}`", path.display()))?;
    let value: Value = serde_json::from_slice(&text)?;
    Ok((manifest, serde_json::to_vec(&value)?))
}

/// What cargo says of the crate.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Package {
    manifest_path: PathBuf,
    workspace_root: PathBuf,
    target_dir: PathBuf,
}

impl Package {
    fn read(dir: &Path) -> Result<Self> {
        let path = dir.join("Cargo.toml");
        let path = path.canonicalize().with_context(|| format!("cannot find `{}`", path.display()))?;
        let answer = Command::new(cargo())
            .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
            .arg(&path)
            .stderr(Stdio::inherit())
            .output()
            .context("cannot run cargo: install Rust from https://rustup.rs")?;
        if !answer.status.success() {
            bail!("cargo does not understand `{}`", path.display());
        }
        Self::parse(&serde_json::from_slice(&answer.stdout)?, path)
    }

    fn parse(metadata: &Value, manifest_path: PathBuf) -> Result<Self> {
        let folder = |key: &str| metadata.get(key).and_then(Value::as_str).map(PathBuf::from);
        let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
        let package = packages
            .into_iter()
            .find(|package| package.get("manifest_path").and_then(Value::as_str).map(Path::new) == Some(&manifest_path))
            .with_context(|| {
                format!("`{}` is no package but a workspace: name its members", manifest_path.display())
            })?;
        let targets = package.get("targets").and_then(Value::as_array).into_iter().flatten();
        if !targets.into_iter().any(is_cdylib) {
            bail!(
                "`{}` makes no cdylib: add `[lib]` with `crate-type = [\"cdylib\", \"rlib\"]`",
                manifest_path.display()
            );
        }
        let (Some(workspace_root), Some(target_dir)) = (folder("workspace_root"), folder("target_directory")) else {
            bail!("cargo did not say where the workspace of `{}` is", manifest_path.display());
        };
        Ok(Self { manifest_path, workspace_root, target_dir })
    }
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn is_cdylib(target: &Value) -> bool {
    target.get("kind").and_then(Value::as_array).is_some_and(|kinds| kinds.iter().any(|kind| kind == "cdylib"))
}

/// Runs cargo; the path of the core module.
fn compile(package: &Package, toolchain: &Toolchain, release: bool) -> Result<PathBuf> {
    let mut command = Command::new(cargo());
    command.args(["build", "--lib", "--target", toolchain::TARGET, "--message-format", "json-render-diagnostics"]);
    command.arg("--manifest-path").arg(&package.manifest_path);
    if release {
        command.arg("--release");
    }
    toolchain.apply(&mut command, &package.workspace_root);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let answer = child.wait_with_output()?;
    if !answer.status.success() {
        bail!("cargo failed, see above");
    }
    artifact(&String::from_utf8_lossy(&answer.stdout), &package.manifest_path)
        .with_context(|| format!("cargo made no .wasm file of `{}`", package.manifest_path.display()))
}

/// The .wasm file among cargo's messages.
fn artifact(messages: &str, manifest_path: &Path) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ours = messages.filter(|message| {
        message.get("reason").is_some_and(|reason| reason == "compiler-artifact")
            && message.get("manifest_path").and_then(Value::as_str).map(Path::new) == Some(manifest_path)
            && message.get("target").is_some_and(is_cdylib)
    });
    let files =
        ours.flat_map(|message| message.get("filenames").and_then(Value::as_array).cloned().unwrap_or_default());
    files
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .find(|file| file.extension().is_some_and(|it| it == "wasm"))
}

fn destination(out: Option<&Path>, target_dir: &Path, name: &str) -> PathBuf {
    let file = format!("{name}.wasm");
    match out {
        None => target_dir.join("postlude").join(file),
        Some(dir) if dir.is_dir() => dir.join(file),
        Some(file) => file.to_owned(),
    }
}

/// A reader sees the old file or the new one, never a part: a server may be watching.
fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = || format!("cannot write `{}`", path.display());
    std::fs::create_dir_all(dir).with_context(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(dir).with_context(failed)?;
    file.write_all(bytes).with_context(failed)?;
    readable_by_all(file.as_file()).with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    file.persist(path).with_context(failed)?;
    Ok(())
}

/// Temporary files are the owner's alone, but a plugin is no secret and the server may run as another user.
#[cfg(unix)]
fn readable_by_all(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"{"name": "x", "version": "1.0.0", "publisher": "example.com", "abi": "0.1.0"}"#;

    fn metadata(kind: &str) -> Value {
        json!({
            "workspace_root": "/w",
            "target_directory": "/w/target",
            "packages": [{"manifest_path": "/w/x/Cargo.toml", "targets": [{"kind": [kind]}]}],
        })
    }

    #[test]
    fn the_manifest_is_checked_and_made_compact() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("manifest.json"), MANIFEST).unwrap();
        let (manifest, bytes) = read_manifest(dir.path()).unwrap();
        assert_eq!(manifest.name.as_str(), "x");
        assert!(!bytes.contains(&b' '));
        assert_eq!(Manifest::parse(&bytes).unwrap(), manifest);
    }

    #[test]
    fn a_manifest_with_an_unknown_field_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("manifest.json"), MANIFEST.replace("{", r#"{"colour": 1, "#)).unwrap();
        let why = format!("{:#}", read_manifest(dir.path()).unwrap_err());
        assert!(why.contains("manifest.json") && why.contains("colour"), "{why}");
    }

    #[test]
    fn without_a_manifest_the_error_says_where_it_belongs() {
        let dir = tempfile::tempdir().unwrap();
        let why = format!("{:#}", read_manifest(dir.path()).unwrap_err());
        assert!(why.contains("beside its Cargo.toml"), "{why}");
    }

    #[test]
    fn a_crate_has_to_make_a_cdylib() {
        let path = PathBuf::from("/w/x/Cargo.toml");
        let package = Package::parse(&metadata("cdylib"), path.clone()).unwrap();
        assert_eq!(package.target_dir, Path::new("/w/target"));
        let why = Package::parse(&metadata("lib"), path).unwrap_err().to_string();
        assert!(why.contains("crate-type"), "{why}");
        let why = Package::parse(&metadata("cdylib"), "/w/Cargo.toml".into()).unwrap_err().to_string();
        assert!(why.contains("workspace"), "{why}");
    }

    #[test]
    fn the_artifact_is_that_of_the_crate_and_not_of_a_dependency() {
        let message = |manifest: &str, kind: &str, file: &str| json!({"reason": "compiler-artifact", "manifest_path": manifest, "target": {"kind": [kind]}, "filenames": [file]});
        let messages = [
            message("/other/Cargo.toml", "cdylib", "/t/other.wasm"),
            message("/w/Cargo.toml", "lib", "/t/lib.rlib"),
            message("/w/Cargo.toml", "cdylib", "/t/x.wasm"),
            json!({"reason": "build-finished"}),
        ]
        .map(|message| message.to_string())
        .join("\n");
        assert_eq!(artifact(&messages, Path::new("/w/Cargo.toml")), Some("/t/x.wasm".into()));
        assert_eq!(artifact("", Path::new("/w/Cargo.toml")), None);
    }

    #[test]
    fn out_is_a_file_or_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(destination(None, Path::new("/t"), "x"), Path::new("/t/postlude/x.wasm"));
        assert_eq!(destination(Some(dir.path()), Path::new("/t"), "x"), dir.path().join("x.wasm"));
        assert_eq!(destination(Some(Path::new("y.wasm")), Path::new("/t"), "x"), Path::new("y.wasm"));
    }

    #[test]
    fn writing_replaces_the_file_and_leaves_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/x.wasm");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
