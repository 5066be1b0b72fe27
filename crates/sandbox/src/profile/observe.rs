//! Tells a run's recorder where the plugin is.

use crate::state::RunState;
use wasmtime::{StoreContextMut, WasmBacktrace};

/// Records the plugin's stack and its fuel; nothing in a run without a recorder.
pub fn observe(store: &mut StoreContextMut<'_, RunState>) -> wasmtime::Result<()> {
    if store.data().recorder.is_none() {
        return Ok(());
    }
    let (stack, left) = (WasmBacktrace::capture(&*store), store.get_fuel()?);
    if let Some(recorder) = &mut store.data_mut().recorder {
        recorder.on_stack(stack.frames(), left);
    }
    Ok(())
}
