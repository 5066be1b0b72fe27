//! What the contract with plugins is, and that a frozen version of it never changes: `docs/contract.md`, the gate, golden guests.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests stop at what surprises them")]

mod contract_page;
mod future_worlds;
mod gate;
mod golden_guests;
mod wit_text;

use std::path::{Path, PathBuf};

/// The repository's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Compares a text with the file that holds it; `INSTA_UPDATE=always` writes it anew.
fn assert_golden(file: &str, text: &str) {
    assert_golden_until(file, text, false);
}

/// The same for a file that is never written anew once it is final.
fn assert_golden_until(file: &str, text: &str, is_final: bool) {
    let path = root().join(file);
    if !is_final && std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = golden.lines().zip(text.lines()).position(|(old, new)| old != new);
    let line = differing.unwrap_or_else(|| golden.lines().count().min(text.lines().count()));
    assert!(
        golden == text,
        "{file} is not what the code says, from line {} on:\n  the file {:?}\n  the code {:?}\n\
         `INSTA_UPDATE=always cargo test --workspace --test freeze` writes it anew: look at the change as at changed code",
        line + 1,
        golden.lines().nth(line).unwrap_or_default(),
        text.lines().nth(line).unwrap_or_default(),
    );
}
