//! The tools that building needs: what each is for, how it is found, and the command that installs it on this system.

mod find;
mod missing;
mod program;
pub(crate) mod rust_for_wasm;
mod system;
mod table;

pub use find::{Found, find, require};
pub use missing::MissingTool;
pub use program::program;
pub use system::System;
pub use table::{CARGO, CLANG, CLANG_LINKER, GO, NODE, NPM, PYTHON, RUST_FOR_WASM, WASI_LIBC};
pub use table::{How, Install, TOOLS, Tool};
