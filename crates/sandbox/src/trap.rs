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
/// With source lines there are more: each function that was inlined has its own, and a panic brings a dozen of the runtime's.
const FRAMES_WITH_LINES: usize = 64;

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
        (None, None) => match run.wasi.as_ref().and_then(|wasi| wasi.last_words.line()) {
            // A runtime that knows nothing of the contract.
            Some(said) => format!("{} ({})", escaped(said), root(error)),
            None => root(error),
        },
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

/// `module!function` per frame, or the function alone with ` at file:line:column` where the engine knows source lines; innermost
/// first, names demangled and control characters escaped.
fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    error.downcast_ref::<WasmBacktrace>().map(|backtrace| frames(&backtrace.to_string())).unwrap_or_default()
}

/// The frames of wasmtime's text.
fn frames(text: &str) -> Vec<String> {
    let mut frames: Vec<String> = Vec::new();
    let mut most = FRAMES;
    for line in text.lines().map(str::trim_start) {
        let numbered = line.split_once(": ").filter(|(number, _)| number.parse::<u32>().is_ok());
        // Functions that were inlined into the one before follow it without a number.
        let inlined = line.strip_prefix("- ").filter(|_| !frames.is_empty());
        if let Some(place) = line.strip_prefix("at ") {
            most = FRAMES_WITH_LINES;
            if let Some(frame) = frames.last_mut() {
                frame.push_str(&escaped(&format!(" at {place}")));
            }
        } else if let Some(name) =
            numbered.map(|(_, rest)| rest.split_once(" - ").map_or(rest, |(_, name)| name)).or(inlined)
        {
            if frames.len() >= most {
                break;
            }
            frames.push(escaped(&without_hashes(name.trim())));
        }
    }
    frames
}

/// A function's name without the hashes that Rust's compiler puts into it: `::h` and 16 digits at its end, and 16 digits in brackets
/// behind a crate.
fn without_hashes(name: &str) -> String {
    const DIGITS: usize = 16;
    let is_hash = |text: &str| text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = name.rsplit_once("::h").filter(|(_, hash)| is_hash(hash)).map_or(name, |(name, _)| name);
    let (mut plain, mut rest) = (String::with_capacity(name.len()), name);
    while let Some((before, after)) = rest.split_once('[') {
        plain.push_str(before);
        match after
            .split_once(']')
            .filter(|(hash, _)| (8..=DIGITS).contains(&hash.len()) && hash.bytes().all(|b| b.is_ascii_hexdigit()))
        {
            Some((_, behind)) => rest = behind,
            None => {
                plain.push('[');
                rest = after;
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_their_source_lines_and_inlined_functions() {
        let text = "error while executing at wasm backtrace:\n    0:    0x1a2 - rust_panic\n                    at std/src/panic.rs:3:1\n                - \
                    inner\n                    at src/lib.rs:7:9\n    1:    0x2b3 - plugin!outer\nnote: using x";
        assert_eq!(frames(text), ["rust_panic at std/src/panic.rs:3:1", "inner at src/lib.rs:7:9", "plugin!outer"]);
    }

    #[test]
    fn hashes_are_taken_out_of_names() {
        let names = [
            ("core::option::Option<T>::expect::h386eb4638cc80656", "core::option::Option<T>::expect"),
            (
                "<alloc[3ca501edff3f0c7c]::boxed::Box<T> as core[c5930c85a12de822]::ops::Fn>::call",
                "<alloc::boxed::Box<T> as core::ops::Fn>::call",
            ),
            ("face::check::<[u8; 4]>", "face::check::<[u8; 4]>"),
            ("face::h", "face::h"),
        ];
        for (name, plain) in names {
            assert_eq!(without_hashes(name), plain);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 50_000_000].map(grouped), ["0", "999", "1,000", "50,000,000"]);
    }
}
