//! What no linter knows: each file says what it is for and stays readable, and each crate hides what it hides.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests stop at what surprises them")]

mod module_graph;
mod module_tree;
mod structure;
mod threats;

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !["target", "node_modules"].contains(&name) && !name.starts_with('.') {
            rust_files(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_file_opens_with_a_sentence_and_stays_under_500_lines() {
    let mut files = Vec::new();
    for folder in ["crates", "plugins", "examples", "tests"] {
        rust_files(&root().join(folder), &mut files);
    }
    assert!(files.len() > 150, "only {} files were found", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//! "), "{} does not open with a `//!` sentence", file.display());
        let lines = text.lines().count();
        assert!(lines <= 500, "{} has {lines} lines; say why, or split it", file.display());
    }
}

/// The absences of ARCHITECTURE.md.
#[test]
fn each_outside_thing_is_known_to_one_crate() {
    // The demo is a program in a library: an IdP, a prompt site and browsers, none of which any other crate uses.
    let owners = [
        ("wasmtime", &["sandbox", "bench"][..]),
        ("sled", &["store"]),
        ("postcard", &["store"]),
        ("axum", &["server", "bench", "demo"]),
        ("clap", &["cli", "bench"]),
        ("anyhow", &["cli", "bench", "demo"]),
        ("prometheus-client", &["host", "server"]),
        ("opentelemetry", &["cli"]),
        ("hmac", &["crypto"]),
        ("chacha20poly1305", &["crypto"]),
        ("ring", &["crypto"]),
        ("reqwest", &["outbound", "cli", "testkit", "demo"]),
        ("rustls", &["outbound", "cli", "testkit", "demo"]),
    ];
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap().to_owned();
        for (outside, crates) in owners {
            let known = dependencies
                .lines()
                .any(|line| line.starts_with(&format!("{outside}.")) || line.starts_with(&format!("{outside} ")));
            assert!(
                !known || crates.contains(&name.as_str()),
                "crates/{name} depends on {outside}, which is {crates:?}'s"
            );
        }
        let within = dependencies.lines().filter(|line| line.starts_with("postlude-"));
        // The SDK's macros are a part of it; only the compiler wants them to be a crate.
        let within: Vec<_> = within.filter(|line| !line.starts_with("postlude-sdk-macros")).collect();
        let alone = match name.as_str() {
            "model" | "sdk" => Some(0),
            "sandbox" | "store" | "crypto" | "outbound" => Some(1),
            _ => None,
        };
        assert!(alone.is_none_or(|most| within.len() <= most), "crates/{name} depends on {within:?}");
    }
}
