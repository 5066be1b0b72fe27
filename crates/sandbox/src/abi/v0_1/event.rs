//! `event`: what the IdP told about the login, as far as the operator granted it.

use super::bindings::event::EventError;
use crate::price::Work;
use crate::state::RunState;
use crate::state::event_view::{EventView, tokens};

/// `get`.
pub fn get(run: &mut RunState, (pointer,): (String,)) -> Result<Option<String>, EventError> {
    let asked = tokens(&pointer).ok_or(EventError::InvalidPointer)?;
    if run.event.is_none() {
        // The event is read once in a run, and paid for once.
        run.owe(Work::Json(run.input.event.as_str().len()));
        run.event = Some(EventView::new(&run.input.event, &run.input.action.spec.grants.event));
    }
    let Some(view) = run.event.as_ref().filter(|view| view.shows(&asked)) else { return Err(EventError::NotGranted) };
    let part = view.part(&pointer).map(|part| part.to_string());
    if let Some(part) = &part {
        run.owe(Work::Json(part.len()));
    }
    Ok(part)
}
