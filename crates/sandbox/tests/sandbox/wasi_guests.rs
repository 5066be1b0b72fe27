//! Guests that import WASI, or whose exports are async functions, as small as the others.

use crate::guests::{self, MANIFEST, component_of, with_manifest};
use crate::support::sandbox;
use postlude_model::abi::AbiVersion;
use postlude_sandbox::Plugin;
use std::path::Path;
use std::sync::LazyLock;
use wit_parser::{Resolve, WorldId};

/// The contract and WASI.
static WIT: LazyLock<(Resolve, [WorldId; 2])> = LazyLock::new(|| {
    let mut resolve = Resolve::default();
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit").join(AbiVersion::V0_1.series());
    resolve.push_dir(contract).unwrap();
    let package = resolve.push_str("wasi.wit", include_str!("../guests/wasi.wit")).unwrap();
    let worlds = ["closed-wasi", "awaiting"].map(|world| resolve.select_world(&[package], Some(world)).unwrap());
    (resolve, worlds)
});

/// What a core module with async exports imports besides: `$waitable-set.new`, which makes an empty set; and `$return`, which takes
/// the address of an export's result, and has to be called once.
const ASYNC_BUILTINS: &str = r#"
(import "$root" "[waitable-set-new]" (func $waitable-set.new (result i32)))
(import "[export]$root" "[task-return]on-login" (func $return (param i32)))
"#;

/// Compiles a guest that imports what it calls of WASI.
pub fn load(text: &str) -> Plugin {
    sandbox().load(&plugin(text)).unwrap()
}

/// A guest that imports what it calls of WASI.
pub fn plugin(text: &str) -> Vec<u8> {
    let (resolve, [world, _]) = &*WIT;
    with_manifest(&component_of(resolve, *world, "", text).unwrap(), MANIFEST)
}

/// A guest of the asynchronous world. Its `on-login` is an async function that begins with `body`, which ends with a code for the
/// host, and is called again with `callback` when what it waits for has happened.
pub fn awaiting(body: &str, callback: &str) -> Vec<u8> {
    let (resolve, [_, world]) = &*WIT;
    let text = format!(
        r#"(func (export "[async-lift]on-login") (result i32) {body})
        (func (export "[callback][async-lift]on-login") (param $event i32) (param i32 i32) (result i32) {callback})"#
    );
    with_manifest(&component_of(resolve, *world, ASYNC_BUILTINS, &text).unwrap(), MANIFEST)
}

/// A guest of the asynchronous world whose exports return at once.
pub fn awaiting_nothing() -> Vec<u8> {
    let (resolve, [_, world]) = &*WIT;
    with_manifest(&component_of(resolve, *world, "", "").unwrap(), guests::MANIFEST)
}

/// A guest with a body of `on-login`, which ends by answering `continue`.
pub fn on_login(body: &str) -> String {
    format!("(func (export \"on-login\") (result i32) (local $n i32) {body} (call $continue))")
}
