//! A component with its exports found, and the call of one of them.

use super::bindings::decisions as wit;
use super::decisions;
use crate::state::RunState;
use postlude_model::decision::{Decision, Failure};
use postlude_model::run::Phase;
use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, Instance, InstancePre, TypedFunc};

/// A component that was linked, with the places of its exports: a run looks up the one that it calls, and by number.
#[derive(Clone)]
pub struct Exports {
    component: InstancePre<RunState>,
    on_login: ComponentExportIndex,
    on_continue: ComponentExportIndex,
}

type Export = TypedFunc<(), (Result<wit::Decision, wit::Failure>,)>;

impl Exports {
    /// Finds the exports.
    pub fn of(component: InstancePre<RunState>) -> wasmtime::Result<Self> {
        let find = |phase: Phase| {
            let missing = || wasmtime::Error::msg(format!("the component has no export `{}`", phase.as_str()));
            component.component().get_export_index(None, phase.as_str()).ok_or_else(missing)
        };
        let (on_login, on_continue) = (find(Phase::Login)?, find(Phase::Continue)?);
        Ok(Self { component, on_login, on_continue })
    }

    /// Makes an instance and calls nothing.
    pub async fn instantiate(&self, store: &mut Store<RunState>) -> wasmtime::Result<()> {
        self.component.instantiate_async(store).await.map(drop)
    }

    /// Makes an instance and calls the export of this phase.
    pub async fn call(&self, phase: Phase, store: &mut Store<RunState>) -> wasmtime::Result<Result<Decision, Failure>> {
        let instance = self.component.instantiate_async(&mut *store).await?;
        let export = self.export(&instance, phase, store)?;
        let (result,) = export.call_async(store, ()).await?;
        Ok(result.map(decisions::decision).map_err(decisions::failure))
    }

    /// The same on this thread's own stack, without a way to wait.
    pub fn call_here(&self, phase: Phase, store: &mut Store<RunState>) -> wasmtime::Result<Result<Decision, Failure>> {
        let instance = self.component.instantiate(&mut *store)?;
        let export = self.export(&instance, phase, store)?;
        let (result,) = export.call(store, ())?;
        Ok(result.map(decisions::decision).map_err(decisions::failure))
    }

    fn export(&self, instance: &Instance, phase: Phase, store: &mut Store<RunState>) -> wasmtime::Result<Export> {
        let left = store.get_fuel()?;
        if let Some(recorder) = &mut store.data_mut().recorder {
            recorder.instantiated(left);
        }
        let index = match phase {
            Phase::Login => &self.on_login,
            Phase::Continue => &self.on_continue,
        };
        let missing = || wasmtime::Error::msg(format!("the instance has no export `{}`", phase.as_str()));
        instance.get_func(&mut *store, index).ok_or_else(missing)?.typed(&*store)
    }
}
