//! `user`: changes of the user's profile, for the IdP to merge.

use super::bindings::types::ValueError;
use super::value;
use crate::state::RunState;
use postlude_model::decision::Command;
use postlude_model::json::Json;
use std::collections::BTreeMap;

/// `set-app-metadata`.
pub fn set_app_metadata(run: &mut RunState, (key, text): (String, Option<String>)) -> Result<(), ValueError> {
    let value = checked(
        run,
        &key,
        text.as_ref(),
        |run| &run.input.action.spec.grants.app_metadata,
        |command| match command {
            Command::SetAppMetadata { key, value } => Some((key, value.as_ref())),
            _ => None,
        },
    )?;
    run.commands.push(Command::SetAppMetadata { key, value });
    Ok(())
}

/// `set-user-metadata`.
pub fn set_user_metadata(run: &mut RunState, (key, text): (String, Option<String>)) -> Result<(), ValueError> {
    let value = checked(
        run,
        &key,
        text.as_ref(),
        |run| &run.input.action.spec.grants.user_metadata,
        |command| match command {
            Command::SetUserMetadata { key, value } => Some((key, value.as_ref())),
            _ => None,
        },
    )?;
    run.commands.push(Command::SetUserMetadata { key, value });
    Ok(())
}

/// A key and its new value.
type Change<'a> = (&'a str, Option<&'a Json>);

/// The value, once the key is granted and the run's changes together keep within the limits of metadata.
fn checked(
    run: &mut RunState,
    key: &str,
    text: Option<&String>,
    granted: fn(&RunState) -> &Vec<String>,
    of: fn(&Command) -> Option<Change<'_>>,
) -> Result<Option<Json>, ValueError> {
    if !granted(run).iter().any(|known| known == key) {
        return Err(ValueError::NotGranted);
    }
    let value = value::metadata(run, text)?;
    value::pay_for_scan(run);
    let current: BTreeMap<&str, &Json> = value::overlaid(std::iter::empty(), run.commands.iter().filter_map(of));
    value::fits(&current, key, value.as_ref())?;
    Ok(value)
}
