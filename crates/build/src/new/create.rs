//! Makes a project's folder.

use super::error::NewError;
use super::template::{self, Template};
use super::{sdk, words};
use crate::javascript;
use crate::language::Language;
use crate::settings;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the SDK's copy in a project.
const SDK: &str = "postlude-sdk";

/// A project that is to be made.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// The folder, which does not exist yet or is empty.
    pub dir: PathBuf,
    /// The plugin's name.
    pub name: String,
    /// The publisher: a domain name.
    pub publisher: String,
    /// The language.
    pub language: Language,
    /// What the plugin begins as.
    pub template: Template,
}

/// A project that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The project's own files, without the SDK's.
    pub files: Vec<String>,
    /// How many files the copy of the SDK has.
    pub sdk_files: usize,
}

/// Makes a project: the template's files and a copy of the SDK. The folder appears with all of them, or not at all.
///
/// # Errors
/// When the name or publisher is not acceptable, the folder is there and not empty, or a file cannot be written.
pub fn create(project: &NewProject) -> Result<Created, NewError> {
    check_name(&project.name, project.language)?;
    check_publisher(&project.publisher)?;
    if fs::symlink_metadata(&project.dir).is_ok() && !is_empty_folder(&project.dir) {
        return Err(NewError::Exists(project.dir.clone()));
    }
    let words = words::words(&project.name, &project.publisher, project.language, project.template);
    let own = template::files(project.template, project.language)?;
    let mut own: Vec<_> = own.into_iter().map(|(path, text)| (path, template::fill(text, &words))).collect();
    let is_auth0 = project.template == Template::Auth0;
    own.extend((!is_auth0).then(|| settings_file(project.language, &own)).flatten());
    own.sort();
    let sdk = sdk::files(project.language, is_auth0)?;
    let created = Created { files: own.iter().map(|(path, _)| path.clone()).collect(), sdk_files: sdk.len() };
    let sdk = sdk.into_iter().map(|(path, bytes)| (format!("{SDK}/{path}"), bytes));
    appear(&project.dir, own.into_iter().chain(sdk))?;
    Ok(created)
}

/// The types of the settings, where the language has a file of them.
fn settings_file(language: Language, files: &[(String, Vec<u8>)]) -> Option<(String, Vec<u8>)> {
    let (_, manifest) = files.iter().find(|(path, _)| path == "manifest.json")?;
    let text = settings::text(language, &serde_json::from_slice(manifest).ok()?)?;
    Some((settings::file_name(language)?.to_owned(), text.into_bytes()))
}

/// Replaces the copy of the SDK in a project by that of this program; the number of its files.
///
/// # Errors
/// When the folder is no project with a copy of the SDK, or a file cannot be written.
pub fn update_sdk(dir: &Path) -> Result<usize, NewError> {
    let copy = dir.join(SDK);
    if !copy.is_dir() {
        return Err(NewError::NoSdk(dir.to_owned()));
    }
    let languages = Language::of(dir);
    let [language] = languages.as_slice() else { return Err(NewError::Language(dir.to_owned())) };
    let files = sdk::files(*language, matches!(javascript::auth0_action(dir), Ok(Some(_))))?;
    let count = files.len();
    let old = tempfile::tempdir_in(dir).map_err(NewError::file(dir))?;
    fs::rename(&copy, old.path().join(SDK)).map_err(NewError::file(&copy))?;
    let outcome = appear(&copy, files.into_iter());
    if outcome.is_err() {
        fs::rename(old.path().join(SDK), &copy).map_err(NewError::file(&copy))?;
    }
    outcome.map(|()| count)
}

fn check_name(name: &str, language: Language) -> Result<(), NewError> {
    let refuse = |why| Err(NewError::Name { name: name.to_owned(), why });
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || name.len() > 64 || !name.chars().all(allowed) {
        return refuse("1 to 64 characters `a-z 0-9 -`, a letter first");
    }
    if name.ends_with('-') || name.contains("--") {
        return refuse("each `-` stands between two words");
    }
    // Crates of these names cannot be made, or hide those of the language.
    let reserved = [
        "abstract",
        "as",
        "async",
        "await",
        "become",
        "box",
        "break",
        "const",
        "continue",
        "core",
        "crate",
        "do",
        "dyn",
        "else",
        "enum",
        "extern",
        "false",
        "final",
        "fn",
        "for",
        "gen",
        "if",
        "impl",
        "in",
        "let",
        "loop",
        "macro",
        "match",
        "mod",
        "move",
        "mut",
        "override",
        "postlude-sdk",
        "priv",
        "proc-macro",
        "pub",
        "ref",
        "return",
        "self",
        "static",
        "std",
        "struct",
        "super",
        "test",
        "trait",
        "true",
        "try",
        "type",
        "typeof",
        "unsafe",
        "unsized",
        "use",
        "virtual",
        "where",
        "while",
        "yield",
    ];
    if language == Language::Rust && reserved.contains(&name) {
        return refuse("a Rust crate cannot have that name");
    }
    Ok(())
}

fn check_publisher(publisher: &str) -> Result<(), NewError> {
    let label = |label: &str| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if publisher.contains('.') && publisher.len() <= 253 && publisher.split('.').all(label) {
        Ok(())
    } else {
        Err(NewError::Publisher(publisher.to_owned()))
    }
}

fn is_empty_folder(dir: &Path) -> bool {
    fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none())
}

/// Writes a folder beside its place and moves it there, so that it is never there in part.
fn appear(dir: &Path, files: impl Iterator<Item = (String, Vec<u8>)>) -> Result<(), NewError> {
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(NewError::file(parent))?;
    let scratch =
        tempfile::Builder::new().prefix(".postlude-new-").tempdir_in(parent).map_err(NewError::file(parent))?;
    let root = scratch.path().join("project");
    for (path, bytes) in files {
        let path = root.join(path);
        let folder = path.parent().unwrap_or(&root);
        fs::create_dir_all(folder).map_err(NewError::file(folder))?;
        fs::write(&path, bytes).map_err(NewError::file(&path))?;
    }
    if is_empty_folder(dir) {
        fs::remove_dir(dir).map_err(NewError::file(dir))?;
    }
    fs::rename(&root, dir).map_err(NewError::file(dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(dir: &Path, name: &str) -> NewProject {
        NewProject {
            dir: dir.join(name),
            name: name.to_owned(),
            publisher: "acme.example".to_owned(),
            language: Language::Rust,
            template: Template::Factor,
        }
    }

    fn refused(change: impl FnOnce(&mut NewProject)) -> String {
        let dir = tempfile::tempdir().unwrap();
        let mut project = project(dir.path(), "acme-face");
        change(&mut project);
        let why = create(&project).unwrap_err().to_string();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
        why
    }

    #[test]
    fn names_that_no_plugin_may_have_are_refused() {
        for (name, why) in [
            ("Acme", "a letter first"),
            ("2fa", "a letter first"),
            ("", "a letter first"),
            ("a_b", "a-z 0-9 -"),
            ("a--b", "between two words"),
            ("a-", "between two words"),
            ("test", "a Rust crate"),
            ("../x", "a-z 0-9 -"),
        ] {
            let said = refused(|project| project.name = name.to_owned());
            assert!(said.contains(why) && said.contains(&format!("`{name}`")), "{said}");
        }
        for publisher in ["acme", "Acme.example", "-a.example", "a..b", ""] {
            let said = refused(|project| project.publisher = publisher.to_owned());
            assert!(said.contains("is no publisher"), "{said}");
        }
    }

    #[test]
    fn a_project_appears_whole_and_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let project = project(dir.path(), "acme-face");
        fs::create_dir(&project.dir).unwrap();
        let created = create(&project).unwrap();
        for file in &created.files {
            let bytes = fs::read(project.dir.join(file)).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            assert!(!text.contains("{{"), "{file}: {text}");
        }
        assert!(project.dir.join("postlude-sdk/src/lib.rs").is_file());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left");
        let why = create(&project).unwrap_err().to_string();
        assert!(why.contains("is there already"), "{why}");
    }

    #[test]
    fn the_copy_of_the_sdk_can_be_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let project = project(dir.path(), "acme-face");
        assert!(update_sdk(dir.path()).unwrap_err().to_string().contains("postlude-sdk"));
        let created = create(&project).unwrap();
        fs::write(project.dir.join("postlude-sdk/old.rs"), "").unwrap();
        assert_eq!(update_sdk(&project.dir).unwrap(), created.sdk_files);
        assert!(!project.dir.join("postlude-sdk/old.rs").exists());
        assert!(project.dir.join("postlude-sdk/src/lib.rs").is_file());
    }

    #[test]
    fn the_manifest_of_every_template_is_acceptable() {
        for template in Template::ALL {
            let dir = tempfile::tempdir().unwrap();
            let language = template.language().unwrap_or(Language::Rust);
            let project = NewProject { template, language, ..project(dir.path(), "acme-face") };
            create(&project).unwrap();
            let text = fs::read(project.dir.join("manifest.json")).unwrap();
            let manifest = postlude_model::manifest::Manifest::parse(&text).unwrap();
            assert_eq!((manifest.name.as_str(), manifest.publisher.as_str()), ("acme-face", "acme.example"));
        }
    }
}
