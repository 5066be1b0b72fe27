//! Which frames of a guest's stack are its author's, and which are its language's runtime.

/// What the functions of Rust's libraries begin with: the standard library, its allocator, the bindings and the SDK. They may
/// be inlined into another module's function, and have no module then.
const RUST: [&str; 12] = [
    "std::",
    "core::",
    "alloc::",
    "__rustc::",
    "rust_",
    "_rust_",
    "__rust",
    "wit_bindgen::",
    "dlmalloc::",
    "compiler_builtins::",
    "hashbrown::",
    "postlude_sdk::",
];

/// What the functions of other runtimes begin with, by the toolchain that brings them.
const OTHERS: [&str; 26] = [
    // A function without a name, such as the glue between modules of a component; in a stripped plugin every function has none.
    "wasm function ",
    // C and its library.
    "dlmalloc",
    "abort",
    "__wasm_call_ctors",
    "__wasilibc",
    "cabi_",
    "__wasm_export_",
    "wit-component:",
    // What makes an export of a function.
    "on-login",
    "on-continue",
    "_export_on_",
    // Go.
    "runtime.",
    "runtime_",
    "_rt0_",
    "wasm_export_",
    // The glue through which a component calls an import, named like it: `adapter panic`.
    "adapter ",
    // QuickJS and SpiderMonkey.
    "JS_",
    "__JS_",
    "js_",
    "js::",
    "JS::",
    "quickjs",
    "rquickjs",
    // Python.
    "_Py",
    "Py",
    "pyo3",
];

/// The frames of a backtrace that the plugin's author wrote, as far as their names tell, as people read them. Where no frame is, all
/// are returned: a stack of nothing but a runtime tells more than none.
#[must_use]
pub fn own_frames(backtrace: &[String]) -> Vec<String> {
    let own: Vec<String> = backtrace.iter().filter(|frame| !is_runtime_frame(frame)).map(|one| readable(one)).collect();
    if own.is_empty() { backtrace.iter().map(|frame| readable(frame)).collect() } else { own }
}

/// Whether a frame (`module!function`, a function that was inlined, or a line of the guest's own traceback) is of a runtime.
#[must_use]
pub fn is_runtime_frame(frame: &str) -> bool {
    let (module, function) = frame.split_once('!').map_or((None, frame), |(module, rest)| (Some(module), rest));
    // The glue that the SDK's macro makes around an action.
    if function.contains(" as postlude_sdk::bindings::") {
        return true;
    }
    // `<alloc::vec::Vec<T> as core::ops::Index>::index`, `<&T as core::fmt::Debug>::fmt`.
    let function = without_disambiguators(function.trim_start_matches(['<', '&']));
    let begins = |all: &[&str]| all.iter().any(|start| function.starts_with(start));
    begins(&RUST) || (module.is_some() && begins(&OTHERS))
}

/// A frame without what compilers add to names: Rust's hashes of crates and functions, and a module that has no name.
fn readable(frame: &str) -> String {
    let frame = without_disambiguators(frame.strip_prefix("<unknown>!").unwrap_or(frame));
    let (function, place) = frame.split_once(" at ").map_or((frame.as_str(), None), |(name, at)| (name, Some(at)));
    let is_hash = |tail: &str| tail.len() == 16 && tail.bytes().all(|byte| byte.is_ascii_hexdigit());
    let function = match function.rsplit_once("::h") {
        Some((name, tail)) if is_hash(tail) => name,
        _ => function,
    };
    place.map_or_else(|| function.to_owned(), |place| format!("{function} at {place}"))
}

/// `std::panicking` for `std[a543996e6e7dbf1e]::panicking`, as Rust's newer name mangling writes crates.
fn without_disambiguators(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut parts = name.split('[');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        match part.split_once(']') {
            Some((hash, rest)) if hash.len() >= 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                out.push_str(rest)
            }
            _ => {
                out.push('[');
                out.push_str(part);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(frames: &[&str]) -> Vec<String> {
        let frames: Vec<String> = frames.iter().map(|frame| (*frame).to_owned()).collect();
        own_frames(&frames)
    }

    #[test]
    fn frames_of_the_language_are_left_out() {
        let stack = [
            "face.wasm!std::panicking::panic_with_hook",
            "face.wasm!core::panicking::panic_bounds_check",
            "face.wasm!<alloc::vec::Vec<T,A> as core::ops::index::Index<I>>::index",
            "face.wasm!<face::Face as core::fmt::Display>::fmt",
            "face.wasm!face::check",
            "face.wasm!postlude_sdk::exports::run_on_login",
            "face.wasm!on-login",
        ];
        assert_eq!(own(&stack), ["face.wasm!<face::Face as core::fmt::Display>::fmt", "face.wasm!face::check"]);
    }

    #[test]
    fn lines_of_a_traceback_stay() {
        assert_eq!(own(&["at onLogin (index.js:3)", "qjs.wasm!JS_CallInternal"]), ["at onLogin (index.js:3)"]);
    }

    #[test]
    fn a_stack_without_any_other_frame_is_shown_whole() {
        assert_eq!(own(&["a!core::panicking::panic"]), ["a!core::panicking::panic"]);
        let stripped = ["<unknown>!<wasm function 3>", "<unknown>!<wasm function 22>"];
        assert_eq!(own(&stripped), ["<wasm function 3>", "<wasm function 22>"]);
    }

    #[test]
    fn hashes_of_compilers_are_left_out() {
        let stack = [
            "face.wasm!std[a543996e6e7dbf1e]::panicking::panic_with_hook",
            "face.wasm!__rustc[b7974e8690430dd9]::rust_begin_unwind",
            "core::option::unwrap at /rustc/1/library/core/src/option.rs:1:1",
            "face.wasm!face::check::h257735cab6ef3b6a",
            "face[a543996e6e7dbf1e]::first<[u8; 4]> at src/lib.rs:3:5",
        ];
        assert_eq!(own(&stack), ["face.wasm!face::check", "face::first<[u8; 4]> at src/lib.rs:3:5"]);
    }
}
