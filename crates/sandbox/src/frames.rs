//! Which frames of a guest's stack are its author's, and which are its language's runtime.

/// What the functions of runtimes begin with, by the toolchain that brings them.
const RUNTIME: [&str; 37] = [
    // A function without a name, such as the glue between modules of a component; in a stripped plugin every function has none.
    "wasm function ",
    // Rust: the standard library, its allocator, the bindings and the SDK.
    "std::",
    "core::",
    "alloc::",
    "rust_",
    "_rust_",
    "__rust",
    "__rdl_",
    "__rg_",
    "wit_bindgen::",
    "dlmalloc::",
    "compiler_builtins::",
    "postlude_sdk::",
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

/// The frames of a backtrace that the plugin's author wrote, as far as their names tell. Where no frame is, all are returned: a
/// stack of nothing but a runtime tells more than none.
#[must_use]
pub fn own_frames(backtrace: &[String]) -> Vec<&str> {
    let all = backtrace.iter().map(String::as_str);
    let own: Vec<&str> = all.clone().filter(|frame| !is_runtime(frame)).collect();
    let shown: Vec<&str> = if own.is_empty() { all.collect() } else { own };
    // The module of a component often has no name.
    shown.into_iter().map(|frame| frame.strip_prefix("<unknown>!").unwrap_or(frame)).collect()
}

/// Whether a frame, `module!function`, `function at file:line` or a line of the guest's own traceback, is of a runtime.
fn is_runtime(frame: &str) -> bool {
    // A line of a traceback has neither a module nor a function before ` at `.
    let located = frame
        .split_once(" at ")
        .filter(|(function, _)| !function.trim_start().starts_with("at ") && !function.is_empty());
    let named = frame.split_once('!').map(|(_, function)| function);
    let Some(function) = named.or_else(|| located.map(|(function, _)| function)) else { return false };
    if function.contains(" as postlude_sdk::bindings::") {
        return true;
    }
    // `<alloc::vec::Vec<T> as core::ops::Index>::index`, `<&T as core::fmt::Debug>::fmt`.
    let function = function.trim_start_matches(['<', '&']);
    RUNTIME.iter().any(|start| function.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(frames: &[&str]) -> Vec<String> {
        let frames: Vec<String> = frames.iter().map(|frame| (*frame).to_owned()).collect();
        own_frames(&frames).into_iter().map(str::to_owned).collect()
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
    fn frames_with_source_lines_are_told_apart_as_well() {
        let stack = [
            "core::option::Option<T>::expect at /rustc/library/core/src/option.rs:971:21",
            "<face::Face as postlude_sdk::action::Action>::on_login at /src/face/src/lib.rs:36:13",
            "<face::_::PostludeGuest as postlude_sdk::bindings::Guest>::on_login at /src/face/src/lib.rs:9:1",
            "postlude_sdk::exports::run_on_login at /src/sdk/exports.rs:46:12",
            "on-login at /src/face/src/lib.rs:43:1",
        ];
        assert_eq!(
            own(&stack),
            ["<face::Face as postlude_sdk::action::Action>::on_login at /src/face/src/lib.rs:36:13"]
        );
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
}
