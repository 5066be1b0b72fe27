//! What a component imports: our interfaces, and those of WASI that are offered shut.

use super::error::LoadError;
use super::features;
use super::structure::malformed;
use crate::abi::{functions, type_interfaces};
use crate::wasi;
use postlude_model::abi::AbiVersion;
use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType};
use wasmparser::types::TypesRef;
use wasmparser::{Parser, Payload};

/// Everything that a component imports.
#[derive(Debug, Default)]
pub struct Imports {
    /// The contract's functions as `interface.function`, sorted.
    pub functions: Vec<String>,
    /// Interfaces of WASI that this host offers, shut.
    pub wasi: Vec<String>,
    /// Imports that this host does not know.
    pub foreign: Vec<String>,
}

/// Sorts out what a component imports. Refuses a component that imports what this host does not offer.
pub fn check(names: &[String], types: TypesRef<'_>) -> Result<Imports, LoadError> {
    let all = sorted_out(names, types);
    if all.foreign.is_empty() { Ok(all) } else { Err(LoadError::Imports(all.foreign)) }
}

/// What a component imports, also one that this host does not run.
pub fn list(bytes: &[u8]) -> Result<Imports, LoadError> {
    let (types, _) = features::validate(bytes)?;
    Ok(sorted_out(&names(bytes)?, types.as_ref()))
}

fn sorted_out(names: &[String], types: TypesRef<'_>) -> Imports {
    let mut all = Imports::default();
    for name in names {
        let item = types.component_item_for_import(name).map(|item| item.ty);
        if let (Some(interface), Some(ComponentEntityType::Instance(id))) = (wasi::offered(name), item) {
            all.wasi.push(name.clone());
            let exports = types.get(id).into_iter().flat_map(|instance| &instance.exports);
            let unknown = exports.filter(|(export, item)| !has(interface, export, item.ty));
            all.foreign.extend(unknown.map(|(export, _)| format!("{name}#{export}")));
            continue;
        }
        match (offered(name), item) {
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
            _ => all.foreign.push(name.clone()),
        }
    }
    all.functions.sort();
    all
}

/// Whether an interface of WASI has what a component expects of it under this name.
fn has(interface: &wasi::Interface, name: &str, item: ComponentEntityType) -> bool {
    match item {
        ComponentEntityType::Func(_) => interface.has_function(name),
        ComponentEntityType::Type { referenced: ComponentAnyTypeId::Resource(_), .. } => wasi::has_resource(name),
        item => is_plain_type(item),
    }
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
pub fn names(bytes: &[u8]) -> Result<Vec<String>, LoadError> {
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
