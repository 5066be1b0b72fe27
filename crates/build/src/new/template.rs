//! The templates, and how their files become those of a project.

use super::error::NewError;
use crate::embedded::TEMPLATES;
use crate::language::Language;

/// What a new plugin begins as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// Redirects to a prompt site and records a factor.
    Factor,
    /// Denies users whose email address is not of a listed domain.
    Gate,
    /// Sets a claim of the ID token.
    Claims,
    /// An action of Auth0's: redirects to a prompt site and records a factor.
    Auth0,
}

impl Template {
    /// Every template.
    pub const ALL: [Self; 4] = [Self::Factor, Self::Gate, Self::Claims, Self::Auth0];

    /// The name on the command line, which is that of its folders.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Factor => "factor",
            Self::Gate => "gate",
            Self::Claims => "claims",
            Self::Auth0 => "auth0",
        }
    }

    /// The one language that the template has; none where it has every one.
    #[must_use]
    pub const fn language(self) -> Option<Language> {
        match self {
            Self::Factor | Self::Gate | Self::Claims => None,
            Self::Auth0 => Some(Language::JavaScript),
        }
    }

    /// The template of a name on the command line.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.id() == id)
    }
}

/// The template's files for a language, with their paths in the project. Later folders add to earlier ones, and replace what they
/// have too.
pub(super) fn files(template: Template, language: Language) -> Result<Vec<(String, &'static [u8])>, NewError> {
    let (template, language) = (template.id(), language.id());
    let own = format!("{language}/{template}/");
    let mut files: Vec<(String, &'static [u8])> = Vec::new();
    for folder in ["all/".to_owned(), format!("{template}/"), format!("{language}/all/"), own.clone()] {
        for (path, bytes) in TEMPLATES.iter().filter_map(|(path, bytes)| Some((path.strip_prefix(&folder)?, bytes))) {
            let path = real_path(path);
            files.retain(|(other, _)| *other != path);
            files.push((path, bytes));
        }
    }
    if TEMPLATES.iter().any(|(path, _)| path.starts_with(&own)) {
        files.sort();
        Ok(files)
    } else {
        Err(NewError::NoTemplate { template, language })
    }
}

/// Files whose names begin with a dot would do here what they are meant to do in the project, so they have another name here.
fn real_path(path: &str) -> String {
    path.split('/')
        .map(|part| part.strip_prefix("dot-").map_or_else(|| part.to_owned(), |name| format!(".{name}")))
        .collect::<Vec<_>>()
        .join("/")
}

/// A text with its `{{words}}` replaced.
pub(super) fn fill(text: &[u8], words: &[(&str, String)]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(text) else { return text.to_vec() };
    let mut text = text.to_owned();
    for (word, value) in words {
        text = text.replace(&format!("{{{{{word}}}}}"), value);
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_has_its_files_and_those_of_its_language() {
        let files = files(Template::Factor, Language::Rust).unwrap();
        let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        for path in [".github/workflows/ci.yml", ".gitignore", "Cargo.toml", "README.md", "manifest.json", "src/lib.rs"]
        {
            assert!(paths.contains(&path), "{path} is not in {paths:?}");
        }
        assert!(paths.iter().any(|path| path.starts_with("stories/")), "{paths:?}");
    }

    #[test]
    fn words_are_replaced_and_other_bytes_stay() {
        assert_eq!(fill(b"a {{name}} {b}", &[("name", "x".to_owned())]), b"a x {b}");
        assert_eq!(fill(b"\xff{{name}}", &[("name", "x".to_owned())]), b"\xff{{name}}");
    }
}
