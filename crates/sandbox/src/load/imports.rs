//! What a component imports: our interfaces alone.

use super::LoadError;
use super::structure::malformed;
use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType};
use wasmparser::types::TypesRef;
use wasmparser::{Parser, Payload};

/// The package whose interfaces this host offers, with the slash.
const PACKAGE: &str = "postlude:action/";
/// The interfaces of the contract; the last two have types and no functions.
const INTERFACES: [&str; 16] = [
    "login",
    "event",
    "reply",
    "session",
    "redirect",
    "claims",
    "user",
    "cache",
    "secrets",
    "keys",
    "http",
    "clock",
    "random",
    "log",
    "types",
    "decisions",
];

/// The imported functions as `interface.function`, sorted.
pub fn functions(bytes: &[u8], types: TypesRef<'_>) -> Result<Vec<String>, LoadError> {
    let (mut functions, mut wasi, mut foreign) = (Vec::new(), Vec::new(), Vec::new());
    for name in names(bytes)? {
        match (ours(&name), types.component_item_for_import(&name).map(|item| item.ty)) {
            (Some(interface), Some(ComponentEntityType::Instance(id))) => {
                for (export, item) in types.get(id).into_iter().flat_map(|instance| &instance.exports) {
                    match item.ty {
                        ComponentEntityType::Func(_) => functions.push(format!("{interface}.{export}")),
                        item if is_plain_type(item) => {}
                        _ => foreign.push(format!("{name}#{export}")),
                    }
                }
            }
            // The world names the types of its exports: `decision`, `failure`. A type alone gives a guest nothing.
            (None, Some(item)) if is_plain_type(item) => {}
            _ if name.starts_with("wasi:") => wasi.push(name),
            _ => foreign.push(name),
        }
    }
    if !foreign.is_empty() {
        foreign.append(&mut wasi);
        return Err(LoadError::Imports(foreign));
    }
    if !wasi.is_empty() {
        return Err(LoadError::Wasi(wasi));
    }
    functions.sort();
    Ok(functions)
}

/// Whether an import is a type, and no resource: those come with handles and a destructor.
const fn is_plain_type(item: ComponentEntityType) -> bool {
    matches!(item, ComponentEntityType::Type { referenced: ComponentAnyTypeId::Defined(_), .. })
}

/// The interface's name, if it is one of ours in a version that the linker takes for 0.1.0 (Semantic Versioning: below
/// 1.0.0 the minor number says what is compatible).
fn ours(name: &str) -> Option<&str> {
    let (interface, version) = name.strip_prefix(PACKAGE)?.split_once('@')?;
    let patch = version.strip_prefix("0.1.")?;
    let known = INTERFACES.contains(&interface) && !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit());
    known.then_some(interface)
}

/// The names of the outermost component's imports, in order.
fn names(bytes: &[u8]) -> Result<Vec<String>, LoadError> {
    let (mut depth, mut names) = (0_u32, Vec::new());
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(malformed)? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(reader) if depth == 1 => {
                for import in reader {
                    names.push(import.map_err(malformed)?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(names)
}
