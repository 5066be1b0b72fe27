//! The table of tools.

use super::system::System;
use crate::language::Language;

/// A tool that building needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// The name, for people.
    pub name: &'static str,
    /// What the tool does, to follow "which": `compiles C`.
    pub does: &'static str,
    /// The languages whose projects need it.
    pub languages: &'static [Language],
    /// How it is found.
    pub how: How,
    /// How it is installed.
    pub install: Install,
}

/// How a tool is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A program in `PATH`, the first of these names that is there.
    Program {
        /// The names.
        names: &'static [&'static str],
        /// The environment variable that names another one.
        variable: Option<&'static str>,
        /// The arguments that print its version.
        version: &'static [&'static str],
    },
    /// A file, the first of these paths that is there.
    File(&'static [&'static str]),
    /// Rust's standard library for wasm32, or its source and a compiler that builds it.
    RustForWasm,
}

/// The commands that install a tool, as phrases with the command in backticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Install {
    /// On Debian and Ubuntu.
    pub debian: &'static str,
    /// On Fedora.
    pub fedora: &'static str,
    /// On macOS.
    pub macos: &'static str,
    /// Elsewhere: a command or an address.
    pub other: &'static str,
}

impl Install {
    /// The command for a system.
    #[must_use]
    pub const fn on(self, system: System) -> &'static str {
        match system {
            System::Debian => self.debian,
            System::Fedora => self.fedora,
            System::MacOs => self.macos,
            System::Other => self.other,
        }
    }

    const fn everywhere(command: &'static str) -> Self {
        Self { debian: command, fedora: command, macos: command, other: command }
    }
}

/// cargo.
pub const CARGO: Tool = Tool {
    name: "cargo",
    does: "compiles Rust",
    languages: &[Language::Rust],
    how: How::Program { names: &["cargo"], variable: Some("CARGO"), version: &["--version"] },
    install: Install::everywhere("`curl --proto '=https' -sSf https://sh.rustup.rs | sh`"),
};

/// Rust's standard library for wasm32.
pub const RUST_FOR_WASM: Tool = Tool {
    name: "Rust for wasm32-unknown-unknown",
    does: "compiles plugins written in Rust",
    languages: &[Language::Rust],
    how: How::RustForWasm,
    install: Install {
        debian: "`rustup target add wasm32-unknown-unknown` or, where rustup cannot download, `apt-get install --no-install-recommends rustc-web rust-web-src lld`",
        ..Install::everywhere("`rustup target add wasm32-unknown-unknown`")
    },
};

/// Go.
pub const GO: Tool = Tool {
    name: "go",
    does: "compiles Go",
    languages: &[Language::Go],
    how: How::Program { names: &["go"], variable: None, version: &["version"] },
    install: Install {
        debian: "`apt-get install --no-install-recommends golang-go` or, where that is older than 1.24, the archive of https://go.dev/dl",
        fedora: "`dnf install golang`",
        macos: "`brew install go`",
        other: "see https://go.dev/dl",
    },
};

/// clang.
pub const CLANG: Tool = Tool {
    name: "clang",
    does: "compiles C",
    languages: &[Language::C],
    how: How::Program { names: &["clang"], variable: Some("CC"), version: &["--version"] },
    install: Install {
        debian: "`apt-get install --no-install-recommends clang lld wasi-libc`",
        fedora: "`dnf install clang lld wasi-libc-devel`",
        macos: "`brew install llvm lld wasi-libc`",
        other: "see https://github.com/WebAssembly/wasi-sdk/releases",
    },
};

/// The linker for wasm32.
pub const CLANG_LINKER: Tool = Tool {
    name: "wasm-ld",
    does: "links C",
    how: How::Program { names: &["wasm-ld"], variable: None, version: &["--version"] },
    ..CLANG
};

/// A C library for wasm32.
pub const WASI_LIBC: Tool = Tool {
    name: "wasi-libc",
    does: "is the C library of plugins",
    how: How::File(&[
        "/usr/lib/wasm32-wasi/libc.a",
        "/usr/wasm32-wasi/lib/wasm32-wasi/libc.a",
        "/usr/share/wasi-sysroot/lib/wasm32-wasi/libc.a",
        "/opt/homebrew/opt/wasi-libc/share/wasi-sysroot/lib/wasm32-wasi/libc.a",
        "/usr/local/opt/wasi-libc/share/wasi-sysroot/lib/wasm32-wasi/libc.a",
    ]),
    ..CLANG
};

/// Node.
pub const NODE: Tool = Tool {
    name: "node",
    does: "runs the tools of JavaScript",
    languages: &[Language::JavaScript, Language::TypeScript],
    how: How::Program { names: &["node"], variable: None, version: &["--version"] },
    install: Install {
        debian: "`apt-get install --no-install-recommends nodejs npm` or, where that is older than 20, an archive of https://nodejs.org/download",
        fedora: "`dnf install nodejs npm`",
        macos: "`brew install node`",
        other: "see https://nodejs.org/download",
    },
};

/// npm.
pub const NPM: Tool = Tool {
    name: "npm",
    does: "installs the tools of JavaScript",
    how: How::Program { names: &["npm"], variable: None, version: &["--version"] },
    ..NODE
};

/// Python.
pub const PYTHON: Tool = Tool {
    name: "python3",
    does: "runs the tools of Python",
    languages: &[Language::Python],
    how: How::Program { names: &["python3", "python"], variable: None, version: &["--version"] },
    install: Install {
        debian: "`apt-get install --no-install-recommends python3 python3-venv`",
        fedora: "`dnf install python3`",
        macos: "`brew install python`",
        other: "see https://www.python.org/downloads",
    },
};

/// Every tool, in the order in which a person reads them.
pub const TOOLS: &[Tool] = &[CARGO, RUST_FOR_WASM, NODE, NPM, PYTHON, GO, CLANG, CLANG_LINKER, WASI_LIBC];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_a_tool_and_every_tool_a_command() {
        for language in Language::ALL {
            assert!(TOOLS.iter().any(|tool| tool.languages.contains(&language)), "{language}");
        }
        for tool in TOOLS {
            for system in [System::Debian, System::Fedora, System::MacOs, System::Other] {
                assert!(!tool.install.on(system).is_empty(), "{}", tool.name);
            }
        }
    }
}
