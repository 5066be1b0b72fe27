//! `clock`: the host's clock, which stands still during a run.

use super::meter::Interface;

/// Links the interface.
pub fn link(to: &mut Interface<'_>) -> wasmtime::Result<()> {
    to.func("now", |run, ()| run.input.now.0)
}
