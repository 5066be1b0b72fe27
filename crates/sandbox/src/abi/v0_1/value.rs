//! JSON values that guests hand over, and sets of them with a common limit.

use super::bindings::types::ValueError;
use crate::price::Work;
use crate::state::RunState;
use postlude_model::json::Json;
use postlude_model::limits;
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads a guest's JSON, which costs by its bytes.
pub fn json(run: &mut RunState, text: &str) -> Result<Json, String> {
    run.owe(Work::Json(text.len()));
    Json::parse(text).map_err(|e| e.to_string())
}

/// Makes a look through the run's commands cost by their number: each change is kept, so a guest can make it long.
pub fn pay_for_scan(run: &mut RunState) {
    run.owe(Work::Commands(run.commands.len()));
}

/// A limit as the contract's errors carry it.
pub fn limit(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Reads a value of metadata: it nests less deep than other JSON.
pub fn metadata(run: &mut RunState, text: Option<&String>) -> Result<Option<Json>, ValueError> {
    let Some(text) = text else { return Ok(None) };
    if text.len() > limits::METADATA_BYTES {
        return Err(ValueError::TooLarge(limit(limits::METADATA_BYTES)));
    }
    let value = json(run, text).map_err(ValueError::InvalidJson)?;
    if depth(&value.to_value()) > limits::METADATA_DEPTH {
        return Err(ValueError::InvalidJson(format!("nested deeper than {} levels", limits::METADATA_DEPTH)));
    }
    Ok(Some(value))
}

/// Levels of arrays and objects.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(depth).max().unwrap_or(0).saturating_add(1),
        Value::Object(members) => members.values().map(depth).max().unwrap_or(0).saturating_add(1),
        _ => 0,
    }
}

/// Checks that a set of values with one more change keeps within the limits of metadata.
pub fn fits(present: &BTreeMap<&str, &Json>, key: &str, value: Option<&Json>) -> Result<(), ValueError> {
    let Some(value) = value else { return Ok(()) };
    let others = present.iter().filter(|(known, _)| **known != key);
    let (count, bytes) = others.fold((1, size(key, value)), |(count, bytes): (usize, usize), (key, value)| {
        (count.saturating_add(1), bytes.saturating_add(size(key, value)))
    });
    if bytes > limits::METADATA_BYTES {
        return Err(ValueError::TooLarge(limit(limits::METADATA_BYTES)));
    }
    if count > limits::METADATA_KEYS {
        return Err(ValueError::Other(format!("more than {} keys", limits::METADATA_KEYS)));
    }
    Ok(())
}

fn size(key: &str, value: &Json) -> usize {
    key.len().saturating_add(value.as_str().len())
}

/// The values as they are once the run's own changes are made.
pub fn overlaid<'a>(
    before: impl Iterator<Item = (&'a str, &'a Json)>,
    changes: impl Iterator<Item = (&'a str, Option<&'a Json>)>,
) -> BTreeMap<&'a str, &'a Json> {
    let mut current: BTreeMap<&str, &Json> = before.collect();
    for (key, value) in changes {
        match value {
            Some(value) => current.insert(key, value),
            None => current.remove(key),
        };
    }
    current
}
