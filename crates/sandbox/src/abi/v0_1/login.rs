//! `login`: the login that the run belongs to.

use super::bindings::types::ValueError;
use super::value;
use crate::state::RunState;
use postlude_model::action::Mode;
use postlude_model::decision::Command;
use postlude_model::json::Json;
use std::collections::BTreeMap;

/// `id`.
pub fn id(run: &mut RunState, (): ()) -> String {
    run.input.login_id.to_string()
}

/// `run-id`.
pub fn run_id(run: &mut RunState, (): ()) -> String {
    run.input.run_id.to_string()
}

/// `mode`.
pub fn mode(run: &mut RunState, (): ()) -> String {
    run.input.mode.as_str().to_owned()
}

/// `can-redirect`.
pub fn can_redirect(run: &mut RunState, (): ()) -> bool {
    run.input.mode == Mode::Interactive
}

/// `settings`.
pub fn settings(run: &mut RunState, (): ()) -> String {
    run.input.action.spec.settings.to_string()
}

/// `get-metadata`.
pub fn get_metadata(run: &mut RunState, (key,): (String,)) -> Option<String> {
    value::pay_for_scan(run);
    current(run).get(key.as_str()).map(|value| value.to_string())
}

/// `set-metadata`.
pub fn set_metadata(run: &mut RunState, (key, text): (String, Option<String>)) -> Result<(), ValueError> {
    let value = value::metadata(run, text.as_ref())?;
    value::pay_for_scan(run);
    value::fits(&current(run), &key, value.as_ref())?;
    run.commands.push(Command::SetLoginMetadata { key, value });
    Ok(())
}

/// The login's metadata with what this run set.
fn current(run: &RunState) -> BTreeMap<&str, &Json> {
    let before = run.input.login_metadata.iter().map(|(key, value)| (key.as_str(), value));
    let changes = run.commands.iter().filter_map(|command| match command {
        Command::SetLoginMetadata { key, value } => Some((key.as_str(), value.as_ref())),
        _ => None,
    });
    value::overlaid(before, changes)
}
