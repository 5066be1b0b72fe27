//! `cache`: the action's own small cache. Values come in with the run; changes go out with its commands.

use super::bindings::cache::CacheError;
use super::value;
use crate::state::RunState;
use postlude_model::cache::{CacheEntry, size};
use postlude_model::decision::Command;
use postlude_model::json::Json;
use postlude_model::limits::{CACHE_BYTES, CACHE_KEYS, CACHE_LIFETIME};
use std::collections::BTreeMap;
use std::time::Duration;

/// `get`.
pub fn get(run: &mut RunState, (key,): (String,)) -> Result<Option<String>, CacheError> {
    value::pay_for_scan(run);
    let changed = run.commands.iter().rev().find_map(|command| match command {
        Command::SetCache { key: known, entry } if *known == key => Some(entry.as_ref()),
        _ => None,
    });
    let entry = changed.unwrap_or_else(|| run.input.cache.get(&key));
    let fresh = entry.filter(|entry| entry.expires_at > run.input.now);
    Ok(fresh.map(|entry| entry.value.to_string()))
}

/// `set`.
pub fn set(run: &mut RunState, (key, text, ttl): (String, String, u32)) -> Result<(), CacheError> {
    let ttl = Duration::from_secs(u64::from(ttl));
    if ttl.is_zero() || ttl > CACHE_LIFETIME {
        return Err(CacheError::Other(format!("a value is kept for 1 to {} seconds", CACHE_LIFETIME.as_secs())));
    }
    let too_large = || CacheError::TooLarge(value::limit(CACHE_BYTES));
    if key.len().saturating_add(text.len()) > CACHE_BYTES {
        return Err(too_large());
    }
    let value = value::json(run, &text).map_err(CacheError::InvalidJson)?;
    value::pay_for_scan(run);
    let current = current(run);
    let others = current.iter().filter(|(known, _)| **known != key);
    let (count, bytes) = others.fold((1_usize, size(&key, &value)), |(count, bytes), (key, value)| {
        (count.saturating_add(1), bytes.saturating_add(size(key, value)))
    });
    if bytes > CACHE_BYTES {
        return Err(too_large());
    }
    if count > CACHE_KEYS {
        return Err(CacheError::Other(format!("more than {CACHE_KEYS} keys")));
    }
    let entry = Some(CacheEntry { value, expires_at: run.input.now.plus(ttl) });
    run.commands.push(Command::SetCache { key, entry });
    Ok(())
}

/// `delete`.
pub fn delete(run: &mut RunState, (key,): (String,)) -> Result<(), CacheError> {
    if key.len() > CACHE_BYTES {
        return Err(CacheError::TooLarge(value::limit(CACHE_BYTES)));
    }
    run.commands.push(Command::SetCache { key, entry: None });
    Ok(())
}

/// The cache with what this run changed, without what has expired.
fn current(run: &RunState) -> BTreeMap<&str, &Json> {
    let before = run.input.cache.iter().filter(|(_, entry)| entry.expires_at > run.input.now);
    let changes = run.commands.iter().filter_map(|command| match command {
        Command::SetCache { key, entry } => Some((key.as_str(), entry.as_ref().map(|entry| &entry.value))),
        _ => None,
    });
    value::overlaid(before.map(|(key, entry)| (key.as_str(), &entry.value)), changes)
}
