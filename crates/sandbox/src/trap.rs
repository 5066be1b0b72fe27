//! Names the limit behind a trap, from wasmtime's error and from what the run's own counters say.

use crate::engine::WASM_STACK_BYTES;
use crate::escape::escaped;
use crate::guest_panic::GuestPanic;
use crate::limit_exceeded::LimitExceeded;
use crate::state::RunState;
use postlude_model::limits;
use postlude_model::run::{Limit, Trap};
use wasmtime::{Trap as Code, WasmBacktrace};

/// Frames of a backtrace that are kept; the innermost ones tell what happened.
const FRAMES: usize = 20;

/// What stopped the plugin.
pub fn trap(error: &wasmtime::Error, run: &RunState) -> Trap {
    let limit = limit(error, run);
    let action = &run.input.action.spec.name;
    let panic = error.downcast_ref::<GuestPanic>();
    let spent = limit.map(|limit| format!("{} spent ({})", limit.as_str(), amount(limit, run)));
    let what = match (spent, panic) {
        // The guest panics because it was refused memory, and does not know of the limit.
        (Some(spent), Some(panic)) => format!("{spent}: {}", panic.what),
        (Some(spent), None) => spent,
        (None, Some(panic)) => panic.what.clone(),
        (None, None) if error.downcast_ref() == Some(&Code::AsyncDeadlock) => {
            "the plugin awaits what never happens".to_owned()
        }
        (None, None) => root(error),
    };
    let lines = panic.map(|panic| panic.lines.clone()).unwrap_or_default();
    let backtrace = lines.into_iter().chain(backtrace(error)).collect();
    Trap { limit, message: format!("action `{action}`: {what}"), backtrace }
}

fn limit(error: &wasmtime::Error, run: &RunState) -> Option<Limit> {
    if let Some(LimitExceeded(limit)) = error.downcast_ref::<LimitExceeded>() {
        return Some(*limit);
    }
    match error.downcast_ref::<Code>() {
        Some(Code::OutOfFuel) => return Some(Limit::Fuel),
        Some(Code::StackOverflow) => return Some(Limit::Stack),
        _ => {}
    }
    // wasmtime has no types for these three.
    let text = format!("{error:#}");
    if text.contains("hostcalls has been exhausted") {
        return Some(Limit::HostCallBytes);
    }
    if text.contains("resource limit exceeded") {
        return Some(Limit::Instances);
    }
    if text.contains("handle limit exceeded") {
        return Some(Limit::Handles);
    }
    // A guest that is refused memory or elements ends in its own `unreachable`, or touches what it did not get.
    run.limiter.refused()
}

fn amount(limit: Limit, run: &RunState) -> String {
    let budget = &run.input.action.spec.budget;
    let bytes = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    grouped(match limit {
        Limit::Fuel => budget.fuel,
        Limit::Memory => budget.memory_bytes,
        Limit::TableElements => bytes(run.tier.table_elements),
        Limit::Instances => bytes(run.tier.instances),
        Limit::Stack => bytes(WASM_STACK_BYTES),
        Limit::HostCallBytes => bytes(limits::HOST_CALL_BYTES),
        Limit::RandomBytes => bytes(limits::RANDOM_BYTES),
        Limit::Handles => bytes(run.tier.handles),
    })
}

/// A number with a comma between groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The innermost cause in one line.
fn root(error: &wasmtime::Error) -> String {
    let text = error.root_cause().to_string();
    let line = text.lines().next().unwrap_or_default();
    escaped(line.strip_prefix("wasm trap: ").unwrap_or(line))
}

/// `module!function` per frame, innermost first, names demangled and control characters escaped.
fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return Vec::new() };
    let text = backtrace.to_string();
    let frames = text.lines().filter_map(|line| {
        let (number, rest) = line.trim_start().split_once(": ")?;
        number.parse::<u32>().ok()?;
        Some(escaped(rest.split_once(" - ").map_or(rest, |(_, name)| name).trim()))
    });
    frames.take(FRAMES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 50_000_000].map(grouped), ["0", "999", "1,000", "50,000,000"]);
    }
}
