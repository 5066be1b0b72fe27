//! The versions of the contract that this host speaks: a folder for each, and here which one serves a component.
//!
//! A second version is a folder beside `v0_1` and a value of [`AbiVersion`]; every `match` below then wants an arm for it.

pub mod function;
pub mod meter;
mod v0_1;

use crate::state::RunState;
use function::Function;
use postlude_model::abi::AbiVersion;
use postlude_model::decision::{Decision, Failure};
use postlude_model::run::Phase;
use wasmtime::component::{InstancePre, Linker};
use wasmtime::{Engine, Store};

/// Every function that a plugin may import under a version of the contract, with what it needs and what it costs.
#[must_use]
pub const fn functions(version: AbiVersion) -> &'static [Function] {
    match version {
        AbiVersion::V0_1 => v0_1::FUNCTIONS,
    }
}

/// Whether a function that a plugin imports, named `interface.function`, may wait for something outside of the host.
pub fn waits(version: AbiVersion, import: &str) -> bool {
    functions(version).iter().any(|function| function.waits && function.is(import))
}

/// The interfaces of a version that have types and no functions.
pub const fn type_interfaces(version: AbiVersion) -> &'static [&'static str] {
    match version {
        AbiVersion::V0_1 => &v0_1::TYPE_INTERFACES,
    }
}

/// The result that both exports have under a version, as WIT text; what a plugin exports must read the same.
pub const fn export_result(version: AbiVersion) -> &'static str {
    match version {
        AbiVersion::V0_1 => v0_1::EXPORT_RESULT,
    }
}

/// A linker with every function of every version.
pub fn linker(engine: &Engine) -> wasmtime::Result<Linker<RunState>> {
    let mut linker = Linker::new(engine);
    for version in AbiVersion::ALL {
        match version {
            AbiVersion::V0_1 => v0_1::link(&mut linker)?,
        }
    }
    Ok(linker)
}

/// A component that was linked, and whose exports were found.
#[derive(Clone)]
pub enum Linked {
    /// Built against `wit/0.1`.
    V0_1(v0_1::Exports),
}

impl Linked {
    /// Finds the exports of a component that was built against this version.
    pub fn new(version: AbiVersion, component: InstancePre<RunState>) -> wasmtime::Result<Self> {
        match version {
            AbiVersion::V0_1 => v0_1::Exports::of(component).map(Self::V0_1),
        }
    }

    /// Makes an instance and calls nothing.
    pub async fn instantiate(&self, store: &mut Store<RunState>) -> wasmtime::Result<()> {
        match self {
            Self::V0_1(exports) => exports.instantiate(store).await,
        }
    }

    /// Makes an instance and calls the export of this phase.
    pub async fn call(&self, phase: Phase, store: &mut Store<RunState>) -> wasmtime::Result<Result<Decision, Failure>> {
        match self {
            Self::V0_1(exports) => exports.call(phase, store).await,
        }
    }

    /// The same on this thread's own stack, without a way to wait: for components that import nothing that waits.
    pub fn call_here(&self, phase: Phase, store: &mut Store<RunState>) -> wasmtime::Result<Result<Decision, Failure>> {
        match self {
            Self::V0_1(exports) => exports.call_here(phase, store),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postlude_model::trigger::Trigger;
    use std::collections::BTreeSet;
    use std::path::Path;
    use wit_parser::{Package, Resolve, WorldItem, WorldKey};

    /// What `wit/` says of a version.
    fn wit(version: AbiVersion) -> (Resolve, Package) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit").join(version.series());
        let mut resolve = Resolve::default();
        let (id, _) = resolve.push_dir(folder).unwrap();
        let package = resolve.packages[id].clone();
        (resolve, package)
    }

    #[test]
    fn each_version_has_the_folder_of_its_package() {
        for version in AbiVersion::ALL {
            assert_eq!(wit(version).1.name.to_string(), version.package());
        }
    }

    #[test]
    fn the_table_and_the_wit_have_the_same_functions() {
        for version in AbiVersion::ALL {
            let (resolve, package) = wit(version);
            let mut written = BTreeSet::new();
            let mut without_functions = BTreeSet::new();
            for (name, id) in &package.interfaces {
                let functions = &resolve.interfaces[*id].functions;
                written.extend(functions.keys().map(|function| format!("{name}.{function}")));
                if functions.is_empty() {
                    without_functions.insert(name.as_str());
                }
            }
            let name = |function: &Function| format!("{}.{}", function.interface, function.name);
            let table: Vec<String> = functions(version).iter().map(name).collect();
            assert_eq!(table.iter().cloned().collect::<BTreeSet<_>>(), written);
            assert_eq!(table.len(), written.len(), "a function stands twice in the table: {table:?}");
            assert_eq!(without_functions, type_interfaces(version).iter().copied().collect());
        }
    }

    #[test]
    fn each_trigger_has_a_world_with_an_export_for_each_phase() {
        for version in AbiVersion::ALL {
            let (resolve, package) = wit(version);
            for trigger in Trigger::ALL {
                let world = &resolve.worlds[package.worlds[trigger.as_str()]];
                let export = |(key, item): (&WorldKey, &WorldItem)| match (key, item) {
                    (WorldKey::Name(name), WorldItem::Function(_)) => name.clone(),
                    other => panic!("an export that is no function: {other:?}"),
                };
                let exports: Vec<String> = world.exports.iter().map(export).collect();
                assert_eq!(exports, Phase::ALL.map(Phase::as_str));
            }
        }
    }
}
