//! A partner's project: its folder, its language and its manifest.

use crate::error::BuildError;
use crate::language::Language;
use crate::manifest;
use postlude_model::manifest::Manifest;
use std::path::{Path, PathBuf};

/// A partner's project.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// The folder, absolute and without symbolic links.
    pub dir: PathBuf,
    /// The language.
    pub language: Language,
    /// The plugin's manifest.
    pub manifest: Manifest,
    /// The manifest as it goes into the plugin: JSON without insignificant white space.
    pub manifest_json: Vec<u8>,
}

impl Project {
    /// Reads the project in a folder. The language is known by the folder's files, unless `language` names it.
    ///
    /// # Errors
    /// When there is no such folder, no project or several in it, or its manifest.json is absent or malformed.
    pub fn open(dir: &Path, language: Option<Language>) -> Result<Self, BuildError> {
        let found = dir.canonicalize().map_err(BuildError::file("find the folder", dir))?;
        if !found.is_dir() {
            return Err(not_a_folder(dir));
        }
        let language = match language {
            Some(language) => language,
            None => the_language(dir, &Language::of(&found))?,
        };
        let (manifest, manifest_json) = manifest::read(&found)?;
        Ok(Self { dir: found, language, manifest, manifest_json })
    }
}

fn not_a_folder(path: &Path) -> BuildError {
    let is_plugin = path.extension().is_some_and(|extension| extension == "wasm");
    let path = path.display();
    let help = if is_plugin {
        format!("; a plugin that is built already is tried with `postlude run {path}` and `postlude test {path}`")
    } else {
        String::new()
    };
    BuildError::Project(format!("`{path}` is a file: name the folder of a project{help}"))
}

fn the_language(dir: &Path, languages: &[Language]) -> Result<Language, BuildError> {
    let dir = dir.display();
    match languages {
        [language] => Ok(*language),
        [] => {
            let typescript = |one: &&Language| **one != Language::TypeScript;
            let known = Language::ALL.iter().filter(typescript).map(|one| format!("{} ({one})", one.marker()));
            let known = known.collect::<Vec<_>>().join(", ").replace("JavaScript", "JavaScript or TypeScript");
            Err(BuildError::Project(format!(
                "`{dir}` holds no project: none of {known} is there; start one with `postlude new NAME --lang LANGUAGE`"
            )))
        }
        several => {
            let kinds: Vec<_> = several.iter().map(|one| format!("{} ({one})", one.marker())).collect();
            let ids: Vec<_> = several.iter().map(|one| format!("`--lang {}`", one.id())).collect();
            Err(BuildError::Project(format!(
                "`{dir}` holds several projects: {}; say which one is the plugin: {}",
                kinds.join(", "),
                ids.join(" or ")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"{"name": "x", "version": "1.0.0", "publisher": "example.com", "abi": "0.1.0"}"#;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(dir.path().join(file), MANIFEST).unwrap();
        }
        dir
    }

    fn refused(files: &[&str]) -> String {
        let dir = folder(files);
        let why = Project::open(dir.path(), None).unwrap_err().to_string();
        why.replace(dir.path().to_str().unwrap(), "[dir]")
    }

    #[test]
    fn the_folder_tells_the_language() {
        let dir = folder(&["go.mod", "manifest.json"]);
        let project = Project::open(dir.path(), None).unwrap();
        assert_eq!((project.language, project.manifest.name.as_str()), (Language::Go, "x"));
    }

    #[test]
    fn a_folder_without_a_project_says_what_makes_one() {
        insta::assert_snapshot!(refused(&["manifest.json"]), @"`[dir]` holds no project: none of Cargo.toml (Rust), package.json (JavaScript or TypeScript), pyproject.toml (Python), go.mod (Go), compile_flags.txt (C) is there; start one with `postlude new NAME --lang LANGUAGE`");
    }

    #[test]
    fn a_file_is_no_project() {
        let dir = folder(&["plugin.wasm", "go.mod"]);
        let refused = |file: &str| {
            let why = Project::open(&dir.path().join(file), Some(Language::Go)).unwrap_err().to_string();
            why.replace(dir.path().to_str().unwrap(), "[dir]")
        };
        insta::assert_snapshot!(refused("plugin.wasm"), @"`[dir]/plugin.wasm` is a file: name the folder of a project; a plugin that is built already is tried with `postlude run [dir]/plugin.wasm` and `postlude test [dir]/plugin.wasm`");
        insta::assert_snapshot!(refused("go.mod"), @"`[dir]/go.mod` is a file: name the folder of a project");
    }

    #[test]
    fn several_projects_in_a_folder_are_named_with_the_way_out() {
        insta::assert_snapshot!(refused(&["go.mod", "Cargo.toml", "manifest.json"]), @"`[dir]` holds several projects: Cargo.toml (Rust), go.mod (Go); say which one is the plugin: `--lang rust` or `--lang go`");
        let dir = folder(&["go.mod", "Cargo.toml", "manifest.json"]);
        assert_eq!(Project::open(dir.path(), Some(Language::Rust)).unwrap().language, Language::Rust);
    }
}
