//! The contract `wit/0.1`: a file for each of its interfaces, and the table of all functions.
//!
//! The host functions read the run's input and push commands and log lines. `http` alone asks the world, and `keys` where public
//! keys are kept somewhere else.

mod bindings;
mod cache;
mod claims;
mod clock;
mod contract;
mod decisions;
mod event;
mod http;
mod keys;
mod log;
mod login;
mod random;
mod redirect;
mod reply;
mod secrets;
mod session;
mod types;
mod user;
mod value;
mod weight;

pub use bindings::PostLoginPre;
pub use contract::{FUNCTIONS, TYPE_INTERFACES, link};
pub use decisions::EXPORT_RESULT;

use crate::state::RunState;
use postlude_model::decision::{Decision, Failure};
use postlude_model::run::Phase;
use wasmtime::Store;

/// Makes an instance and calls the export of this phase.
pub async fn call(
    component: &PostLoginPre<RunState>,
    phase: Phase,
    store: &mut Store<RunState>,
) -> wasmtime::Result<Result<Decision, Failure>> {
    let instance = component.instantiate_async(&mut *store).await?;
    let left = store.get_fuel()?;
    if let Some(recorder) = &mut store.data_mut().recorder {
        recorder.instantiated(left);
    }
    let result = match phase {
        Phase::Login => instance.call_on_login(&mut *store).await,
        Phase::Continue => instance.call_on_continue(&mut *store).await,
    };
    Ok(result?.map(decisions::decision).map_err(decisions::failure))
}
