//! Where an artifact lies: in a repository of a registry, or in a folder that is an OCI image layout.

use super::error::RegistryError;
use oci_client::Reference;
use postlude_model::names::Digest;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Characters of a tag at most (OCI distribution specification 1.1, "Pulling manifests").
const TAG_CHARACTERS: usize = 128;

/// Where an artifact lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In a registry: `registry.example/acme/face:1.2.0`, or with `@sha256:..`.
    Registry(Reference),
    /// In a folder: `oci:FOLDER`, `oci:FOLDER:TAG` or `oci:FOLDER@sha256:..`.
    Layout(LayoutReference),
}

/// Which of the artifacts at a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// The only one.
    Only,
    /// The one that a tag names today.
    Tag(String),
    /// The one with this manifest.
    Manifest(Digest),
}

/// One of the artifacts in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutReference {
    /// The folder.
    pub folder: PathBuf,
    /// Which one.
    pub version: Version,
}

impl fmt::Display for LayoutReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = self.folder.display();
        match &self.version {
            Version::Only => write!(f, "oci:{folder}"),
            Version::Tag(tag) => write!(f, "oci:{folder}:{tag}"),
            Version::Manifest(digest) => write!(f, "oci:{folder}@{digest}"),
        }
    }
}

impl Location {
    /// The registry, where it is one.
    #[must_use]
    pub fn registry(&self) -> Option<&str> {
        match self {
            Self::Registry(reference) => Some(reference.registry()),
            Self::Layout(_) => None,
        }
    }

    /// The location with the manifest that lies there: what it will always be.
    #[must_use]
    pub fn pinned(&self, manifest: &Digest) -> String {
        match self {
            Self::Registry(reference) if reference.digest().is_some() => reference.to_string(),
            Self::Layout(LayoutReference { version: Version::Manifest(_), .. }) => self.to_string(),
            _ => format!("{self}@{manifest}"),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(reference) => reference.fmt(f),
            Self::Layout(reference) => reference.fmt(f),
        }
    }
}

impl FromStr for Location {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        match text.strip_prefix("oci:") {
            Some(rest) => layout(text, rest).map(Self::Layout),
            None => registry(text).map(Self::Registry),
        }
    }
}

fn refuse<T>(text: &str, why: impl Into<String>) -> Result<T, RegistryError> {
    Err(RegistryError::Location { text: text.to_owned(), why: why.into() })
}

fn layout(text: &str, rest: &str) -> Result<LayoutReference, RegistryError> {
    let (folder, version) = if let Some((folder, digest)) = rest.rsplit_once('@') {
        let digest = digest.parse::<Digest>();
        let Ok(digest) = digest else {
            return refuse(text, "has no digest behind `@`: `sha256:` and 64 hexadecimal digits");
        };
        (folder, Version::Manifest(digest))
    } else {
        match rest.rsplit_once(':') {
            Some((folder, tag)) if !tag.contains('/') => {
                if !is_tag(tag) {
                    return refuse(
                        text,
                        "has no tag behind its last `:`: letters, digits, `_`, `.` and `-`, at most 128",
                    );
                }
                (folder, Version::Tag(tag.to_owned()))
            }
            _ => (rest, Version::Only),
        }
    };
    if folder.is_empty() {
        return refuse(text, "names no folder: write `oci:FOLDER` or `oci:FOLDER:TAG`");
    }
    Ok(LayoutReference { folder: PathBuf::from(folder), version })
}

/// Nothing is guessed: neither Docker's registry nor the tag `latest`.
fn registry(text: &str) -> Result<Reference, RegistryError> {
    if text.contains("://") {
        return refuse(text, "is a URL: leave the scheme out, as in `registry.example/acme/face:1.2.0`");
    }
    let (first, rest) = text.split_once('/').unwrap_or(("", text));
    if !(first == "localhost" || first.contains(['.', ':'])) {
        return refuse(
            text,
            "names no registry: write it in front, as in `registry.example/acme/face:1.2.0`; a folder is `oci:FOLDER`",
        );
    }
    if !rest.contains([':', '@']) {
        return refuse(text, "names no version: write a tag or a digest behind it, as in `:1.2.0`");
    }
    let reference: Reference = match text.parse() {
        Ok(reference) => reference,
        Err(why) => return refuse(text, format!("is no reference to an artifact: {why}")),
    };
    match reference.digest() {
        Some(digest) if digest.parse::<Digest>().is_err() => refuse(text, "has another digest than one of SHA-256"),
        _ => Ok(reference),
    }
}

fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= TAG_CHARACTERS && text.starts_with(word) && text.chars().all(|c| word(c) || matches!(c, '.' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn locations_read_as_they_are_written() {
        let texts = [
            "registry.example/acme/face:1.2.0".to_owned(),
            "localhost:5000/face:1.2.0".to_owned(),
            format!("registry.example/acme/face@{DIGEST}"),
            format!("registry.example/acme/face:1.2.0@{DIGEST}"),
            "oci:dist".to_owned(),
            "oci:dist:1.2.0".to_owned(),
            "oci:/tmp/a:b/dist".to_owned(),
            format!("oci:dist@{DIGEST}"),
        ];
        for text in texts {
            assert_eq!(text.parse::<Location>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn nothing_is_guessed() {
        let why = |text: &str| text.parse::<Location>().unwrap_err().to_string();
        assert!(why("acme/face:1").contains("names no registry"));
        assert!(why("face").contains("names no registry"));
        assert!(why("registry.example/acme/face").contains("names no version"));
        assert!(why("https://registry.example/acme/face:1").contains("is a URL"));
        assert!(why("registry.example/Acme/face:1").contains("is no reference"));
        assert!(why("registry.example/acme/../face:1").contains("is no reference"));
        assert!(why("registry.example/acme/face:a b").contains("is no reference"));
        assert!(why(&format!("registry.example/face@sha512:{}", "0".repeat(128))).contains("SHA-256"));
        assert!(why("oci:").contains("names no folder") && why("oci::1").contains("names no folder"));
        assert!(why("oci:dist:a b").contains("has no tag") && why("oci:dist@sha256:0").contains("has no digest"));
    }
}
