//! Puts the SDKs and the templates of new projects into the program, so that one binary makes projects that build.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The tables: a name, the folder from the repository's root, and the parts of it that are taken.
const TABLES: &[(&str, &str, &[&str])] = &[
    ("TEMPLATES", "crates/build/templates", &[""]),
    ("SDK_RUST", "crates/sdk", &["Cargo.toml", "bindings", "src", "macros/Cargo.toml", "macros/src", "wit"]),
    ("SDK_GO", "sdk/go", &[""]),
    ("SDK_C", "sdk/c", &["README.md", "arena.c", "bindings", "json.c", "postlude.c", "postlude.h"]),
    ("SDK_JS", "sdk/js", &["package.json", "package-lock.json", "src", "build", "types", "README.md"]),
    ("AUTH0_KIT", "sdk/auth0", &["package.json", "package-lock.json", "surface.json", "build", "src"]),
    ("SDK_PYTHON", "sdk/python", &["pyproject.toml", "postlude", "README.md"]),
];

/// What tools leave in folders of sources.
const LEFT_BY_TOOLS: &[&str] = &["node_modules", "__pycache__", ".venv", "target", ".mypy_cache", ".ruff_cache"];

fn main() -> io::Result<()> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../..").canonicalize()?;
    let mut code = String::new();
    for (table, folder, parts) in TABLES {
        let base = root.join(folder);
        let mut files = Vec::new();
        for part in *parts {
            let path = base.join(part);
            println!("cargo::rerun-if-changed={}", path.display());
            collect(&path, &mut files)?;
        }
        files.sort();
        let _ = writeln!(code, "pub(crate) const {table}: &[(&str, &[u8])] = &[");
        for file in files {
            let name = file.strip_prefix(&base).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            let _ = writeln!(code, "    ({name:?}, include_bytes!({:?})),", file.display().to_string());
        }
        code.push_str("];\n");
    }
    fs::write(Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("embedded.rs"), code)
}

/// The files of a folder and of those in it; a part that does not exist has none.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let left_by_tools = path.file_name().is_some_and(|name| LEFT_BY_TOOLS.iter().any(|left| name == *left));
    if left_by_tools || !path.exists() {
        return Ok(());
    }
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
