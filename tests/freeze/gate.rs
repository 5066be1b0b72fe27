//! The gate: `wit/0.1` is what was frozen, file by file, and what was frozen is what plugins were built against.
//!
//! `accept` is not a test: it freezes the present state (`scripts/freeze-contract.sh`).

use crate::root;
use postlude_model::abi::AbiVersion;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use wit_parser::Resolve;

/// A version's files by name.
type Files = BTreeMap<String, String>;

/// Stands beside the frozen files once the version is released: from then on nothing is accepted any more.
const CLOSED: &str = "CLOSED";

fn current(version: AbiVersion) -> PathBuf {
    root().join("wit").join(version.series())
}

fn frozen(version: AbiVersion) -> PathBuf {
    root().join("tests/freeze").join(version.series())
}

fn read(folder: &Path) -> Files {
    let entries = fs::read_dir(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let files = entries.map(|entry| entry.unwrap());
    let text = |path: &Path| fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let files = files.map(|entry| (entry.file_name().into_string().unwrap(), text(&entry.path())));
    files.filter(|(name, _)| name != CLOSED).collect()
}

/// What is not the same, a line for each file.
fn differences(frozen: &Files, current: &Files) -> Vec<String> {
    let names: BTreeSet<_> = frozen.keys().chain(current.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        match (frozen.get(name), current.get(name)) {
            (Some(old), Some(new)) if old == new => {}
            (Some(old), Some(new)) => {
                let lines = old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count();
                found.push(format!("{name}: differs from line {} on", lines + 1));
            }
            (Some(_), None) => found.push(format!("{name}: was removed")),
            (None, _) => found.push(format!("{name}: is new")),
        }
    }
    found
}

/// Puts a package's files into a resolve under another version, since two versions may stand side by side.
fn push(resolve: &mut Resolve, files: &Files, version: &str) -> Result<wit_parser::PackageId, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".wit")) {
        fs::write(folder.path().join(name), text.replace("@0.1.0;", &format!("@{version};"))).unwrap();
    }
    resolve.push_dir(folder.path()).map(|(id, _)| id).map_err(|why| format!("the contract does not parse: {why:#}"))
}

/// Whether a plugin that was built against the old files still fits the new ones, in every world.
fn compatible(old: &Files, new: &Files) -> Result<(), String> {
    let mut resolve = Resolve::default();
    let (old, new) = (push(&mut resolve, old, "0.0.1")?, push(&mut resolve, new, "0.0.2")?);
    for (name, before) in resolve.packages[old].worlds.clone() {
        let after = resolve.packages[new].worlds.get(&name).ok_or_else(|| format!("the world `{name}` was removed"))?;
        wit_component::semver_check(resolve.clone(), before, *after)
            .map_err(|why| format!("world `{name}`: {why:#}"))?;
    }
    Ok(())
}

/// Whether the version is released, and nothing of it changes any more.
pub fn is_closed(version: AbiVersion) -> bool {
    frozen(version).join(CLOSED).exists()
}

#[test]
fn the_contract_is_what_was_frozen() {
    for version in AbiVersion::ALL {
        let (old, new) = (read(&frozen(version)), read(&current(version)));
        let differences = differences(&old, &new);
        if differences.is_empty() {
            continue;
        }
        let verdict = match compatible(&old, &new) {
            Ok(()) => "plugins built against the frozen contract would still load".to_owned(),
            Err(why) => format!("plugins built against the frozen contract would not load: {why}"),
        };
        let remedy = if is_closed(version) {
            "this version is released and closed: undo the change; what is new goes into a package of its own (docs/adr/0040)"
        } else {
            "this version is not released: accept the change with `make freeze`, and look at what it changes"
        };
        panic!(
            "wit/{} is not what was frozen\n  {}\n  {verdict}\n  {remedy}",
            version.series(),
            differences.join("\n  ")
        );
    }
}

#[test]
#[ignore = "it freezes the present contract: scripts/freeze-contract.sh"]
fn accept() {
    for version in AbiVersion::ALL {
        let (from, to) = (current(version), frozen(version));
        fs::create_dir_all(&to).unwrap();
        let (old, new) = (read(&to), read(&from));
        let changed = !differences(&old, &new).is_empty();
        assert!(
            !changed || !is_closed(version),
            "wit/{} is released and closed: nothing is accepted",
            version.series()
        );
        for name in old.keys() {
            fs::remove_file(to.join(name)).unwrap();
        }
        for (name, text) in &new {
            fs::write(to.join(name), text).unwrap();
        }
        if std::env::var_os("POSTLUDE_FREEZE_CLOSE").is_some() {
            let says = format!(
                "{} is released. Its files never change again; scripts/freeze-contract.sh refuses.\n",
                version.package()
            );
            fs::write(to.join(CLOSED), says).unwrap();
        }
    }
}

/// The frozen files with one of them changed.
fn changed(name: &str, from: &str, to: &str) -> (Files, Files) {
    let old = read(&frozen(AbiVersion::V0_1));
    let mut new = old.clone();
    let text = new.get_mut(name).unwrap();
    assert!(text.contains(from), "{name} has no `{from}`");
    *text = text.replace(from, to);
    (old, new)
}

#[test]
fn every_change_is_seen_and_named() {
    let (old, new) = changed("event.wit", "/// What the IdP told", "/// What the provider told");
    assert_eq!(differences(&old, &new), ["event.wit: differs from line 3 on"]);
    let (old, mut new) = changed("manifest.schema.json", "\"publisher\"", "\"vendor\"");
    new.remove("user.wit");
    new.insert("more.wit".to_owned(), String::new());
    let names = ["manifest.schema.json: differs", "more.wit: is new", "user.wit: was removed"];
    let found = differences(&old, &new);
    assert!(found.len() == 3 && found.iter().zip(names).all(|(found, name)| found.starts_with(name)), "{found:?}");
}

#[test]
fn a_new_function_is_compatible() {
    let (old, new) =
        changed("clock.wit", "interface clock {", "interface clock {\n    /// New.\n    later: func() -> u64;\n");
    assert_eq!(compatible(&old, &new), Ok(()));
}

#[test]
fn a_changed_or_removed_item_is_not_compatible() {
    for (name, from, to) in [
        ("clock.wit", "now: func() -> u64", "now: func() -> string"),
        ("event.wit", "get: func(pointer: string)", "get: func(pointer: string, more: bool)"),
        ("decisions.wit", "deny(denial),", "deny(denial),\n        /// New.\n        wait,"),
        ("decisions.wit", "message: string,", "message: string,\n        /// New.\n        more: string,"),
        ("session.wit", "not-proved,", ""),
        ("world.wit", "import clock;", ""),
        ("world.wit", "export on-login:", "export on-start:"),
    ] {
        let (old, new) = changed(name, from, to);
        let why = compatible(&old, &new);
        assert!(why.is_err(), "{name}: `{from}` -> `{to}` passed as compatible");
    }
}
