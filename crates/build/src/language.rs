//! The languages that plugins are written in, and the files by which a project's language is known.

use std::fmt;
use std::path::Path;

/// A language with an SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// Rust: a crate.
    Rust,
    /// JavaScript: an npm package.
    JavaScript,
    /// TypeScript: an npm package with a tsconfig.json.
    TypeScript,
    /// Python: a project with a pyproject.toml.
    Python,
    /// Go: a module.
    Go,
    /// C: a folder with .c files.
    C,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 6] = [Self::Rust, Self::JavaScript, Self::TypeScript, Self::Python, Self::Go, Self::C];

    /// The name on the command line.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::JavaScript => "js",
            Self::TypeScript => "ts",
            Self::Python => "python",
            Self::Go => "go",
            Self::C => "c",
        }
    }

    /// The name in sentences.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
            Self::Python => "Python",
            Self::Go => "Go",
            Self::C => "C",
        }
    }

    /// The language of a name on the command line.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.id() == id)
    }

    /// The command that installs the packages of a new project, once, in its folder; none where building it fetches them.
    #[must_use]
    pub const fn install(self) -> Option<&'static str> {
        match self {
            Self::JavaScript | Self::TypeScript => Some("npm install"),
            Self::Python => Some("python3 -m venv .venv && .venv/bin/pip install ./postlude-sdk"),
            Self::Rust | Self::Go | Self::C => None,
        }
    }

    /// The file that tells that a folder is a project of this language.
    #[must_use]
    pub const fn marker(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::JavaScript | Self::TypeScript => "package.json",
            Self::Python => "pyproject.toml",
            Self::Go => "go.mod",
            Self::C => "compile_flags.txt",
        }
    }

    /// The languages whose project the folder may be; one of JavaScript and TypeScript at most.
    pub(crate) fn of(dir: &Path) -> Vec<Self> {
        let has = |file: &str| dir.join(file).is_file();
        let marked = |language: &Self| match language {
            Self::JavaScript => has("package.json") && !has("tsconfig.json"),
            Self::TypeScript => has("package.json") && has("tsconfig.json"),
            other => has(other.marker()),
        };
        Self::ALL.into_iter().filter(marked).collect()
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_language() {
        for language in Language::ALL {
            assert_eq!(Language::from_id(language.id()), Some(language));
        }
        assert_eq!(Language::from_id("cobol"), None);
    }

    #[test]
    fn a_tsconfig_makes_a_package_typescript() {
        let dir = tempfile::tempdir().unwrap();
        let add = |file: &str| std::fs::write(dir.path().join(file), "").unwrap();
        assert_eq!(Language::of(dir.path()), []);
        add("package.json");
        assert_eq!(Language::of(dir.path()), [Language::JavaScript]);
        add("tsconfig.json");
        assert_eq!(Language::of(dir.path()), [Language::TypeScript]);
        add("go.mod");
        assert_eq!(Language::of(dir.path()), [Language::TypeScript, Language::Go]);
    }
}
