//! `login`: the login that the run belongs to.

use super::meter::Interface;
use super::value;
use crate::abi::types::ValueError;
use crate::state::Run;
use postlude_model::action::Mode;
use postlude_model::decision::Command;
use postlude_model::json::Json;
use std::collections::BTreeMap;

/// Links the interface.
pub fn link(to: &mut Interface<'_>) -> wasmtime::Result<()> {
    to.func("id", |run, ()| run.input.login_id.to_string())?;
    to.func("run-id", |run, ()| run.input.run_id.to_string())?;
    to.func("mode", |run, ()| run.input.mode.as_str().to_owned())?;
    to.func("can-redirect", |run, ()| run.input.mode == Mode::Interactive)?;
    to.func("settings", |run, ()| run.input.action.spec.settings.to_string())?;
    to.func("get-metadata", get_metadata)?;
    to.func("set-metadata", set_metadata)
}

fn get_metadata(run: &mut Run, (key,): (String,)) -> Option<String> {
    value::pay_for_scan(run);
    standing(run).get(key.as_str()).map(|value| value.to_string())
}

fn set_metadata(run: &mut Run, (key, text): (String, Option<String>)) -> Result<(), ValueError> {
    let value = value::metadata(run, text.as_ref())?;
    value::pay_for_scan(run);
    value::fits(&standing(run), &key, value.as_ref())?;
    run.commands.push(Command::SetLoginMetadata { key, value });
    Ok(())
}

/// The login's metadata with what this run set.
fn standing(run: &Run) -> BTreeMap<&str, &Json> {
    let before = run.input.login_metadata.iter().map(|(key, value)| (key.as_str(), value));
    let changes = run.commands.iter().filter_map(|command| match command {
        Command::SetLoginMetadata { key, value } => Some((key.as_str(), value.as_ref())),
        _ => None,
    });
    value::overlaid(before, changes)
}
