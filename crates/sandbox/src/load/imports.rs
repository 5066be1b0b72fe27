//! What a component imports: our interfaces alone.

use super::error::LoadError;
use super::features;
use super::structure::malformed;
use crate::abi::{functions, type_interfaces};
use postlude_model::abi::AbiVersion;
use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType};
use wasmparser::types::TypesRef;
use wasmparser::{Parser, Payload};

/// Everything that a component imports.
#[derive(Debug, Default)]
pub struct Imports {
    /// The contract's functions as `interface.function`, sorted.
    pub functions: Vec<String>,
    /// Imports that WASI defines.
    pub wasi: Vec<String>,
    /// Imports that this host does not know.
    pub foreign: Vec<String>,
}

/// The imported functions as `interface.function`, sorted. Refuses a component that imports anything else.
pub fn check(bytes: &[u8], types: TypesRef<'_>) -> Result<Vec<String>, LoadError> {
    let mut all = sorted_out(bytes, types)?;
    if !all.foreign.is_empty() {
        all.foreign.append(&mut all.wasi);
        return Err(LoadError::Imports(all.foreign));
    }
    if !all.wasi.is_empty() {
        return Err(LoadError::Wasi(all.wasi));
    }
    Ok(all.functions)
}

/// What a component imports, also one that this host does not run.
pub fn list(bytes: &[u8]) -> Result<Imports, LoadError> {
    let types = features::validate(bytes)?;
    sorted_out(bytes, types.as_ref())
}

fn sorted_out(bytes: &[u8], types: TypesRef<'_>) -> Result<Imports, LoadError> {
    let mut all = Imports::default();
    for name in names(bytes)? {
        match (offered(&name), types.component_item_for_import(&name).map(|item| item.ty)) {
            (Some((version, interface)), Some(ComponentEntityType::Instance(id))) => {
                for (export, item) in types.get(id).into_iter().flat_map(|instance| &instance.exports) {
                    match item.ty {
                        ComponentEntityType::Func(_) if is_function(version, interface, export) => {
                            all.functions.push(format!("{interface}.{export}"))
                        }
                        item if is_plain_type(item) => {}
                        _ => all.foreign.push(format!("{name}#{export}")),
                    }
                }
            }
            // The world names the types of its exports: `decision`, `failure`. A type alone gives a guest nothing.
            (None, Some(item)) if is_plain_type(item) => {}
            _ if name.starts_with("wasi:") => all.wasi.push(name),
            _ => all.foreign.push(name),
        }
    }
    all.functions.sort();
    Ok(all)
}

/// Whether an import is a type, and no resource: those come with handles and a destructor.
const fn is_plain_type(item: ComponentEntityType) -> bool {
    matches!(item, ComponentEntityType::Type { referenced: ComponentAnyTypeId::Defined(_), .. })
}

/// The version and the interface that an import names, if this host offers it.
fn offered(name: &str) -> Option<(AbiVersion, &str)> {
    AbiVersion::of_import(name).filter(|(version, interface)| {
        let has_functions = functions(*version).iter().any(|function| function.interface == *interface);
        has_functions || type_interfaces(*version).contains(interface)
    })
}

fn is_function(version: AbiVersion, interface: &str, name: &str) -> bool {
    functions(version).iter().any(|function| (function.interface, function.name) == (interface, name))
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
