//! The versions of the contract that this host speaks: a folder for each, and here which one serves a component.
//!
//! A second version is a folder beside `v0_1` and a value of [`AbiVersion`]; every `match` below then wants an arm for it.

pub mod function;
mod meter;
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
    V0_1(v0_1::PostLoginPre<RunState>),
}

impl Linked {
    /// Finds the exports of a component that was built against this version.
    pub fn new(version: AbiVersion, component: InstancePre<RunState>) -> wasmtime::Result<Self> {
        match version {
            AbiVersion::V0_1 => v0_1::PostLoginPre::new(component).map(Self::V0_1),
        }
    }

    /// Makes an instance and calls nothing.
    pub async fn instantiate(&self, store: &mut Store<RunState>) -> wasmtime::Result<()> {
        match self {
            Self::V0_1(component) => component.instantiate_async(store).await.map(drop),
        }
    }

    /// Makes an instance and calls the export of this phase.
    pub async fn call(&self, phase: Phase, store: &mut Store<RunState>) -> wasmtime::Result<Result<Decision, Failure>> {
        match self {
            Self::V0_1(component) => v0_1::call(component, phase, store).await,
        }
    }
}
