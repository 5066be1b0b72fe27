//! Small guests written in WebAssembly text, turned into components of the contract.
//!
//! A guest's text is the body of a core module. Around it this module puts what every guest needs:
//!
//! - **Imports**: a call of `$interface.function`, such as `$log.log`, imports that function of `postlude:action` with the
//!   flat signature that the canonical ABI gives it. Where the result does not fit one value, the last parameter is a
//!   pointer to the result.
//! - **Text**: `«text»` becomes its address and its length, as two constants; the bytes go into a data segment. `\n`, `\"`
//!   and `\xx` are written as in WebAssembly text.
//! - **Defaults**, unless the text defines them: the memory (2 pages), `cabi_realloc` (never frees), and the exports
//!   `on-login` and `on-continue`, which answer `continue`.
//! - **Helpers**: see [`HELPERS`] and [`TALK`]. `$out` is a free area of 256 bytes for results of host functions.
//!
//! The memory from [`HEAP`] on is the allocator's.

use postlude_model::abi::AbiVersion;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmSignature, WasmType};
use wit_parser::{Interface, Resolve, TypeDefKind, TypeId, WorldId, WorldItem};

/// Where the default allocator begins.
pub const HEAP: usize = 32 << 10;

/// Where the texts begin; below are the areas of the helpers.
const TEXTS: usize = 1 << 10;

/// Functions that answer an export: `$continue`; `$deny (code, message)`, each an address and a length; `$redirect (url)`;
/// `$redirect-for (url, factor)`; `$fail (message)`; `$unavailable (message)`.
pub const HELPERS: &str = r#"
(global $out i32 (i32.const 256))
(func $continue (result i32) (i32.const 16))
(func $answer (param $kind i32) (param $p i32) (param $n i32) (result i32)
  (i32.store (i32.const 20) (local.get $kind))
  (i32.store (i32.const 24) (local.get $p)) (i32.store (i32.const 28) (local.get $n)) (i32.const 16))
(func $redirect (param $p i32) (param $n i32) (result i32)
  (call $answer (i32.const 1) (local.get $p) (local.get $n)))
(func $redirect-for (param $p i32) (param $n i32) (param $fp i32) (param $fn i32) (result i32)
  (i32.store (i32.const 40) (i32.const 1))
  (i32.store (i32.const 44) (local.get $fp)) (i32.store (i32.const 48) (local.get $fn))
  (call $answer (i32.const 1) (local.get $p) (local.get $n)))
(func $deny (param $p i32) (param $n i32) (param $mp i32) (param $mn i32) (result i32)
  (i32.store (i32.const 32) (local.get $mp)) (i32.store (i32.const 36) (local.get $mn))
  (call $answer (i32.const 2) (local.get $p) (local.get $n)))
(func $fail (param $p i32) (param $n i32) (result i32)
  (i32.store (i32.const 16) (i32.const 1)) (call $answer (i32.const 0) (local.get $p) (local.get $n)))
(func $unavailable (param $p i32) (param $n i32) (result i32)
  (i32.store (i32.const 16) (i32.const 1)) (call $answer (i32.const 1) (local.get $p) (local.get $n)))
"#;

/// Functions that log: `$say (text)`; `$say-at (pointer to address and length)`; and, for what a host function wrote to a
/// pointer, `$option` (`option<string>`), `$outcome` (`result<_, error>`), `$outcome-text` (`result<string, error>`) and
/// `$outcome-option` (`result<option<string>, error>`). Errors are logged as `error N`, N the number of the case.
pub const TALK: &str = r#"
(func $say (param $p i32) (param $n i32)
  (call $log.log (i32.const 1) (local.get $p) (local.get $n) (i32.const 0) (i32.const 0)))
(func $say-at (param $at i32) (call $say (i32.load (local.get $at)) (i32.load offset=4 (local.get $at))))
(func $option (param $at i32)
  (if (i32.load8_u (local.get $at)) (then (call $say-at (i32.add (local.get $at) (i32.const 4))))
    (else (call $say «none»))))
(func $say-error (param $at i32)
  (i32.store8 (i32.const 606) (i32.add (i32.const 48) (i32.load8_u offset=4 (local.get $at))))
  (call $say (i32.const 600) (i32.const 7)))
(func $outcome (param $at i32)
  (if (i32.load8_u (local.get $at)) (then (call $say-error (local.get $at))) (else (call $say «ok»))))
(func $outcome-text (param $at i32)
  (if (i32.load8_u (local.get $at)) (then (call $say-error (local.get $at)))
    (else (call $say-at (i32.add (local.get $at) (i32.const 4))))))
(func $outcome-option (param $at i32)
  (if (i32.load8_u (local.get $at)) (then (call $say-error (local.get $at)))
    (else (call $option (i32.add (local.get $at) (i32.const 4))))))
(data (i32.const 600) "error 0")
"#;

const REALLOC: &str = r#"
(global $heap (mut i32) (i32.const HEAP))
(func (export "cabi_realloc") (param $old i32) (param $was i32) (param $align i32) (param $size i32) (result i32)
  (local $at i32) (local $missing i32)
  (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
  (global.set $heap (i32.add (local.get $at) (local.get $size)))
  (local.set $missing (i32.sub (global.get $heap) (i32.shl (memory.size) (i32.const 16))))
  (if (i32.gt_s (local.get $missing) (i32.const 0))
    (then (if (i32.eq (memory.grow (i32.shr_u (i32.add (local.get $missing) (i32.const 65535)) (i32.const 16)))
      (i32.const -1)) (then (unreachable)))))
  (if (local.get $was) (then (memory.copy (local.get $at) (local.get $old) (local.get $was))))
  (local.get $at))
"#;

/// A manifest that declares everything a guest could import: event parts, secrets, keys, claims, scopes, metadata, hosts
/// and the factor `https://acme.example/face`, proved by a result token of profile `postlude`.
pub const MANIFEST: &str = r#"{
  "name": "guest", "version": "0.1.0", "publisher": "acme.example", "abi": "0.1.0",
  "factors": [{ "name": "https://acme.example/face", "amr": ["face"] }],
  "result": { "parameter": "token", "key": "partner", "profile": "postlude" },
  "capabilities": { "event": ["/user"], "redirect_origins": ["https://prompt.example"], "secrets": ["api_token"],
    "keys": ["partner"], "hosts": ["api.example"], "claims": ["https://acme.example/claim"], "scopes": ["read"],
    "app_metadata": ["plan"], "user_metadata": ["color"] }
}"#;

/// Why a guest's text is not a component. It is the test's own mistake.
#[derive(Debug)]
pub struct GuestError(String);

impl std::fmt::Display for GuestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for GuestError {}

pub(crate) fn because(error: impl std::fmt::Display) -> GuestError {
    GuestError(format!("{error:#}"))
}

/// A component with the manifest [`MANIFEST`].
///
/// # Errors
/// When the text does not parse or does not fit the contract.
pub fn plugin(text: &str) -> Result<Vec<u8>, GuestError> {
    Ok(with_manifest(&component(text)?, MANIFEST))
}

/// A component of a guest's text, without a manifest.
///
/// # Errors
/// When the text does not parse or does not fit the contract.
pub fn component(text: &str) -> Result<Vec<u8>, GuestError> {
    let (resolve, world) = contract()?;
    component_of(&resolve, world, "", text)
}

/// A component of a guest's text for another world than the contract's own, without a manifest. `builtins` are imports of the core
/// module that no interface has. A method of a resource is called as `$resource.method`, and `$drop.resource` drops a handle.
///
/// # Errors
/// When the text does not parse or does not fit the world.
pub fn component_of(resolve: &Resolve, world: WorldId, builtins: &str, text: &str) -> Result<Vec<u8>, GuestError> {
    let mut module = wat::parse_str(module(text, resolve, world, builtins)).map_err(because)?;
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).map_err(because)?;
    let mut encoder = ComponentEncoder::default().validate(true).module(&module).map_err(because)?;
    encoder.encode().map_err(because)
}

/// Any text of a core module or component, as bytes.
///
/// # Errors
/// When the text does not parse.
pub fn binary(text: &str) -> Result<Vec<u8>, GuestError> {
    wat::parse_str(text).map_err(because)
}

/// Every function that the contract lets a plugin import, as `interface.function`.
///
/// # Errors
/// When the contract does not parse.
pub fn functions() -> Result<Vec<String>, GuestError> {
    let (resolve, world) = contract()?;
    Ok(imports(&resolve, world).into_iter().map(|import| import.id).collect())
}

/// Appends a custom section `postlude:manifest` (core specification, section 5.5.3; components have the same).
#[must_use]
pub fn with_manifest(component: &[u8], manifest: &str) -> Vec<u8> {
    with_section(component, "postlude:manifest", manifest.as_bytes())
}

/// Appends a custom section of any name.
#[must_use]
pub fn with_section(component: &[u8], name: &str, data: &[u8]) -> Vec<u8> {
    let mut content = leb128(name.len());
    content.extend_from_slice(name.as_bytes());
    content.extend_from_slice(data);
    [component, &[0], &leb128(content.len()), &content].concat()
}

/// An unsigned number in LEB128 (core specification, section 5.2.2).
pub(crate) fn leb128(mut number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        out.push(if number == 0 { low } else { low | 0x80 });
        if number == 0 {
            return out;
        }
    }
}

/// The contract, read from `wit/0.1`.
pub(crate) fn contract() -> Result<(Resolve, WorldId), GuestError> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "wit", AbiVersion::V0_1.series()].iter().collect();
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(folder).map_err(because)?;
    let world = resolve.select_world(&[package], Some("post-login")).map_err(because)?;
    Ok((resolve, world))
}

/// A function that a core module may import.
struct Import {
    /// How a guest's text calls it, without the `$`.
    id: String,
    /// What it is imported from.
    module: String,
    /// Its name there.
    name: String,
    /// Its type.
    signature: WasmSignature,
}

fn imports(resolve: &Resolve, world: WorldId) -> Vec<Import> {
    let Some(world) = resolve.worlds.get(world) else { return Vec::new() };
    let interfaces = world.imports.iter().filter_map(|(key, item)| match item {
        WorldItem::Interface { id, .. } => Some((resolve.name_world_key(key), resolve.interfaces.get(*id)?)),
        _ => None,
    });
    interfaces.flat_map(|(module, interface)| of_interface(resolve, &module, interface)).collect()
}

fn of_interface(resolve: &Resolve, module: &str, interface: &Interface) -> Vec<Import> {
    let functions = interface.functions.values().map(|function| Import {
        id: match function.name.strip_prefix("[method]") {
            Some(method) => method.to_owned(),
            None => format!("{}.{}", interface.name.as_deref().unwrap_or_default(), function.name),
        },
        module: module.to_owned(),
        name: function.name.clone(),
        signature: resolve.wasm_signature(AbiVariant::GuestImport, function),
    });
    let is_resource = |id: &TypeId| resolve.types.get(*id).is_some_and(|ty| ty.kind == TypeDefKind::Resource);
    let resources = interface.types.iter().filter(|(_, id)| is_resource(id)).map(|(resource, _)| Import {
        id: format!("drop.{resource}"),
        module: module.to_owned(),
        name: format!("[resource-drop]{resource}"),
        signature: WasmSignature {
            params: vec![WasmType::I32],
            results: Vec::new(),
            indirect_params: false,
            retptr: false,
        },
    });
    functions.chain(resources).collect()
}

/// The whole core module of a guest's text.
fn module(text: &str, resolve: &Resolve, world: WorldId, builtins: &str) -> String {
    let body = with_defaults(text);
    let called = called(&body);
    let mut out = format!("(module\n{builtins}\n");
    for import in imports(resolve, world) {
        if called.contains(&import.id) {
            write_import(&mut out, &import);
        }
    }
    let (body, data) = with_texts(&body);
    out + &body + &data + ")"
}

fn with_defaults(text: &str) -> String {
    let mut body = format!("{HELPERS}\n{text}\n");
    let mut unless = |defined: &[&str], default: &str| {
        if !defined.iter().any(|defined| text.contains(defined)) {
            body.push_str(default);
        }
    };
    // An asynchronous export has a prefix in brackets.
    unless(&["(memory "], "(memory (export \"memory\") 2)\n");
    unless(&["\"cabi_realloc\""], &REALLOC.replace("HEAP", &HEAP.to_string()));
    unless(&["\"on-login\"", "]on-login\""], "(func (export \"on-login\") (result i32) (call $continue))\n");
    unless(&["\"on-continue\"", "]on-continue\""], "(func (export \"on-continue\") (result i32) (call $continue))\n");
    if ["$say", "$option", "$outcome"].iter().any(|word| text.contains(word)) {
        body.push_str(TALK);
    }
    body
}

/// The identifiers of a text that look like `$interface.function`.
fn called(body: &str) -> BTreeSet<String> {
    let ids = body.split('$').skip(1);
    let ids =
        ids.map(|rest| rest.split(|c: char| c.is_whitespace() || c == ')' || c == '(').next().unwrap_or_default());
    ids.filter(|id| id.contains('.')).map(str::to_owned).collect()
}

fn write_import(out: &mut String, Import { id, module, name, signature }: &Import) {
    let flat = |types: &[WasmType]| types.iter().map(|ty| core(*ty)).collect::<Vec<_>>().join(" ");
    let (params, results) = (flat(&signature.params), flat(&signature.results));
    // Writing to a string does not fail.
    let _ = writeln!(out, "(import \"{module}\" \"{name}\" (func ${id} (param {params}) (result {results})))");
}

const fn core(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
    }
}

/// The body with its texts replaced by constants, and the data segments that hold them.
fn with_texts(body: &str) -> (String, String) {
    let (mut out, mut data, mut at) = (String::new(), String::new(), TEXTS);
    let mut parts = body.split('«');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (text, rest) = part.split_once('»').unwrap_or((part, ""));
        let length = length(text);
        let _ = write!(out, "(i32.const {at}) (i32.const {length}){rest}");
        let _ = writeln!(data, "(data (i32.const {at}) \"{text}\")");
        at += length;
    }
    (out, data)
}

/// Bytes of a string literal of WebAssembly text, with its escapes.
fn length(text: &str) -> usize {
    let (mut bytes, mut chars) = (0, text.chars());
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some(next)) => {
                chars.next();
                if next.is_ascii_hexdigit() && next != 'n' {
                    chars.next();
                }
                bytes += 1;
            }
            _ => bytes += c.len_utf8(),
        }
    }
    bytes
}
