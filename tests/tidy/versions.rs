//! Versions below which a dependency has a known hole that concerns this program (advisories of <https://rustsec.org>).

use crate::root;
use std::fs;

/// The crate, and the oldest version without the hole.
const FLOORS: [(&str, [u64; 3]); 6] = [
    // RUSTSEC-2026-0085, -0088, -0090 to -0093, -0114, -0222: values and texts of components, memory of pooled instances, linkers that
    // were cloned, tables, engines that were mixed up.
    ("wasmtime", [48, 0, 0]),
    // RUSTSEC-2026-0258: empty frames. Nothing here speaks HTTP/2; where a dependency brings it, it is not older.
    ("h2", [0, 4, 16]),
    // RUSTSEC-2024-0336: an endless loop in a handshake that is never finished.
    ("rustls", [0, 23, 5]),
    // RUSTSEC-2025-0009: a panic while encrypting with checks for overflow.
    ("ring", [0, 17, 12]),
    // RUSTSEC-2024-0421: names of hosts that are not in their one spelling.
    ("idna", [1, 0, 0]),
    // RUSTSEC-2025-0023: broadcasts of values that may not be cloned at once.
    ("tokio", [1, 44, 2]),
];

fn version(text: &str) -> [u64; 3] {
    let numbers = text.split(['-', '+']).next().unwrap().split('.').map(|number| number.parse().unwrap());
    numbers.collect::<Vec<u64>>().try_into().unwrap()
}

fn below(lock: &str) -> Vec<String> {
    let packages = lock.split("[[package]]\n").skip(1).filter_map(|package| {
        let field = |name: &str| package.lines().find_map(|line| line.strip_prefix(name)?.strip_suffix('"'));
        Some((field("name = \"")?, field("version = \"")?))
    });
    let old = packages.filter(|(name, at)| FLOORS.iter().any(|(known, floor)| known == name && version(at) < *floor));
    old.map(|(name, at)| format!("{name} {at}")).collect()
}

/// P50, N04: no dependency is older than the version that mended what is known of it.
#[test]
fn no_dependency_has_a_hole_that_is_known() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    assert!(lock.contains("name = \"wasmtime\""));
    assert_eq!(below(&lock), [""; 0]);
    let old = "[[package]]\nname = \"wasmtime\"\nversion = \"47.0.3\"\n\n[[package]]\nname = \"ring\"\nversion = \"0.17.14\"\n";
    assert_eq!(below(old), ["wasmtime 47.0.3"]);
}
