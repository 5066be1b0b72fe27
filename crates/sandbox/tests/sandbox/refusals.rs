//! What is refused at load, each by name and with a hint; the texts are goldens.

use crate::guests::{self, MANIFEST, with_manifest, with_section};
use crate::support::sandbox;
use postlude_model::limits;
use postlude_sandbox::{LoadError, manifest_section};
use std::fmt::Write as _;

fn refusal(bytes: &[u8]) -> LoadError {
    sandbox().load(bytes).unwrap_err()
}

fn component(text: &str) -> Vec<u8> {
    with_manifest(&guests::binary(text).unwrap(), MANIFEST)
}

/// A component with a core module of its own, otherwise as small as can be.
fn of_module(module: &str) -> Vec<u8> {
    component(&format!("(component (core module {module}))"))
}

fn golden(name: &str, cases: &[(&str, Vec<u8>)]) {
    let mut text = String::new();
    for (case, bytes) in cases {
        writeln!(text, "{case}:\n  {}", refusal(bytes)).unwrap();
    }
    insta::assert_snapshot!(name, text);
}

/// P45, P46.
#[test]
fn other_files() {
    let plugin = guests::plugin("").unwrap();
    let mut broken = plugin.clone();
    broken[200] ^= 0xff;
    golden(
        "other_files",
        &[
            ("empty", Vec::new()),
            ("something else", vec![0xca, 0xfe, 0xba, 0xbe]),
            ("text", b" ;; a comment\n(component)".to_vec()),
            ("gzip", vec![0x1f, 0x8b, 8, 0]),
            ("core module", guests::binary("(module)").unwrap()),
            ("precompiled", b"\x7fELF\x02\x01\x01".to_vec()),
            ("unknown version", b"\0asm\x0e\0\x01\0".to_vec()),
            ("cut off at once", b"\0asm\x0d".to_vec()),
            ("cut off", plugin[..plugin.len() / 2].to_vec()),
            ("a flipped byte", broken),
            ("bytes after the end", [plugin.as_slice(), b"trailing"].concat()),
            ("too large without WASI", with_section(&plugin, "padding", &vec![0; limits::COMPONENT_BYTES])),
            ("too large for anything", vec![0; limits::CLOSED_WASI_COMPONENT_BYTES + 1]),
        ],
    );
}

/// P07, P47.
#[test]
fn features() {
    golden(
        "features",
        &[
            ("threads", of_module("(memory 1 1 shared)")),
            ("memory64", of_module("(memory i64 1)")),
            ("multi-memory", of_module("(memory 1) (memory 1)")),
            ("exceptions", of_module("(tag)")),
            ("gc", of_module("(type (struct (field i32)))")),
            ("function references", of_module("(type $f (func)) (func (param (ref $f)))")),
            (
                "relaxed SIMD",
                of_module("(func (param v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))"),
            ),
            ("custom page sizes", of_module("(memory 1 (pagesize 1))")),
            (
                "wide arithmetic",
                of_module(
                    "(func (result i64 i64) (i64.add128 (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1)))",
                ),
            ),
            ("component-model async builtins", component("(component (core func (canon thread.index)))")),
            ("component-model error-context", component("(component (type error-context))")),
        ],
    );
}

/// P28, P47.
#[test]
fn imports() {
    let import = |names: &[&str]| {
        let imports: String = names.iter().map(|name| format!("(import \"{name}\" (instance))")).collect();
        component(&format!("(component {imports})"))
    };
    golden(
        "imports",
        &[
            (
                "WASI that is not offered",
                import(&["wasi:http/types@0.2.10", "wasi:cli/environment@0.2.0", "wasi:io/poll@0.3.0"]),
            ),
            ("WASI without a whole version", import(&["wasi:io/poll@0.2.0-rc-2023-11-10", "wasi:io/poll"])),
            (
                "a function that WASI does not have",
                component(r#"(component (import "wasi:cli/environment@0.2.0" (instance (export "set" (func)))))"#),
            ),
            (
                "a resource that WASI does not have",
                component(r#"(component (import "wasi:io/poll@0.2.0" (instance (export "r" (type (sub resource))))))"#),
            ),
            ("another package", import(&["evil:thing/x@1.0.0", "wasi:io/poll@0.2.0"])),
            ("an interface that is not ours", import(&["postlude:action/backdoor@0.1.0"])),
            (
                "a function that the interface does not have",
                component(
                    r#"(component (import "postlude:action/log@0.1.0" (instance (export "read" (func (result string))))))"#,
                ),
            ),
            ("another version", import(&["postlude:action/log@0.2.0", "postlude:action/log@1.0.0"])),
            ("a bare function", component(r#"(component (import "run" (func)))"#)),
            (
                "a resource",
                component(
                    r#"(component (import "postlude:action/log@0.1.0" (instance (export "r" (type (sub resource))))))"#,
                ),
            ),
            ("no exports", component("(component)")),
        ],
    );
}

#[test]
fn functions_of_another_type() {
    let wrong = component(
        r#"(component (import "postlude:action/clock@0.1.0" (instance (export "now" (func (result string)))))
          (core module $m (func (export "f")))
          (core instance $i (instantiate $m)) (func (export "on-login") (canon lift (core func $i "f"))))"#,
    );
    let import = r#"(import "postlude:action/clock@0.1.0" (instance (export "now" (func (result string)))))"#;
    let text = include_str!("../guests/handles.wat").replacen("(component", &format!("(component {import}"), 1);
    golden("functions_of_another_type", &[("an export", wrong), ("an import", component(&text))]);
}

#[test]
fn manifests() {
    let bare = guests::component("").unwrap();
    let nested = with_manifest(&guests::binary("(component)").unwrap(), MANIFEST);
    // A component section (id 4) that holds a component with a manifest.
    let nested = [bare.as_slice(), &[4], &leb(nested.len()), &nested].concat();
    golden(
        "manifests",
        &[
            ("none", bare.clone()),
            ("two", with_manifest(&with_manifest(&bare, MANIFEST), MANIFEST)),
            ("nested", nested.clone()),
            ("nested and outermost", with_manifest(&nested, MANIFEST)),
            ("not JSON", with_section(&bare, "postlude:manifest", b"{")),
            ("another ABI", with_manifest(&bare, &MANIFEST.replace(r#""abi": "0.1.0""#, r#""abi": "9.0.0""#))),
            ("an unknown field", with_manifest(&bare, &MANIFEST.replace("\"abi\"", "\"colour\": 1, \"abi\""))),
        ],
    );
}

fn leb(n: usize) -> Vec<u8> {
    assert!(n < 1 << 14);
    vec![u8::try_from(n & 0x7f).unwrap() | 0x80, u8::try_from(n >> 7).unwrap()]
}

/// What is imported must be declared.
#[test]
fn undeclared() {
    let all: String = guests::functions().unwrap().iter().map(|name| format!("${name} ")).collect();
    let bare = guests::component(&format!("(elem declare func {all})")).unwrap();
    let modest = r#"{"name":"guest","version":"1","publisher":"acme.example","abi":"0.1.0"}"#;
    golden("undeclared", &[("everything", with_manifest(&bare, modest))]);
    assert!(sandbox().load(&with_manifest(&bare, MANIFEST)).is_ok());
}

/// P05, P06, P08.
#[test]
fn counts() {
    golden(
        "counts",
        &[
            ("tables", of_module(&"(table 1 funcref)".repeat(9))),
            ("elements", of_module("(table 20001 funcref)")),
            ("memory", of_module("(memory 65536)")),
            ("memories together", of_module("(memory 4000) (memory 97)")),
            (
                "instances",
                component(&format!("(component (core module $m) {})", "(core instance (instantiate $m))".repeat(21))),
            ),
        ],
    );
}

#[test]
fn the_manifest_is_read_without_compiling() {
    let plugin = guests::plugin("").unwrap();
    assert_eq!(manifest_section(&plugin).unwrap().name.as_str(), "guest");
    assert_eq!(manifest_section(&guests::component("").unwrap()), Err(LoadError::NoManifest));
    assert_eq!(manifest_section(b"\0asm\x01\0\0\0"), Err(LoadError::CoreModule));
    let loaded = sandbox().load(&plugin).unwrap();
    assert_eq!((loaded.size(), loaded.manifest().version.as_str()), (plugin.len(), "0.1.0"));
}

/// The server reads manifests itself: a small file must not become large there.
#[test]
fn a_manifest_is_limited_at_the_edge() {
    let with = |bytes: usize| {
        let space = " ".repeat(bytes - guests::MANIFEST.len());
        let manifest = format!("{}{space}", guests::MANIFEST);
        sandbox().load(&guests::with_manifest(&guests::component("").unwrap(), &manifest)).map(drop)
    };
    assert_eq!(with(limits::MANIFEST_BYTES), Ok(()));
    assert_eq!(with(limits::MANIFEST_BYTES + 1), Err(LoadError::ManifestTooLarge(limits::MANIFEST_BYTES + 1)));
}

/// No file makes the host panic or runs before it was refused: every cut and many flipped bytes.
#[test]
fn damaged_files_are_refused_or_load() {
    let plugin = guests::plugin("").unwrap();
    for length in 0..plugin.len() {
        assert!(sandbox().load(&plugin[..length]).is_err());
    }
    for at in (0..plugin.len()).step_by(7) {
        let mut flipped = plugin.clone();
        flipped[at] ^= 0x55;
        let _ = sandbox().load(&flipped);
    }
}
