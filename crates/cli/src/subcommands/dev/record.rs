//! `postlude dev --record`: a story for each login that ends.

use anyhow::{Context as _, Result, bail};
use postlude_demo::EndedLogin;
use postlude_stories::record::{RecordedStory, record_all};
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// What a file of recorded stories begins with, also one that the page of `postlude dev` offers.
const FIRST_LINE: &str = "# Recorded at `postlude dev`";
/// What the names of files in a folder begin with.
const PREFIX: &str = "recorded-";

/// Where stories are written.
#[derive(Debug)]
pub(super) enum Record {
    /// One file with all of them.
    File { path: PathBuf, stories: Vec<RecordedStory> },
    /// A file for each.
    Folder(PathBuf),
}

impl Record {
    /// A file ends in `.toml`; anything else is a folder, which is made. What a person wrote is never changed.
    pub(super) fn new(path: &Path) -> Result<Self> {
        if path.extension().is_some_and(|extension| extension == "toml") && !path.is_dir() {
            let made = OpenOptions::new().write(true).create_new(true).open(path);
            return match made {
                Ok(_) => Ok(Self::File { path: path.to_owned(), stories: Vec::new() }),
                Err(why) if why.kind() == ErrorKind::AlreadyExists => {
                    bail!("`{}` exists already: name another file, or a folder", path.display())
                }
                Err(why) => Err(why).with_context(|| format!("`{}` cannot be written", path.display())),
            };
        }
        std::fs::create_dir_all(path).with_context(|| format!("the folder `{}` cannot be made", path.display()))?;
        Ok(Self::Folder(path.to_owned()))
    }

    /// Whether a file is one that is written here; it is named without symbolic links.
    pub(super) fn writes(&self) -> impl Fn(&Path) -> bool + Send + use<> {
        let own = match self {
            Self::File { path, .. } => path.canonicalize().ok(),
            Self::Folder(_) => None,
        };
        move |path| own.as_deref() == Some(path) || (own.is_none() && is_numbered(path))
    }

    /// Writes a story; the file that has it.
    pub(super) fn write(&mut self, login: &EndedLogin, mut story: RecordedStory) -> Result<PathBuf> {
        match self {
            Self::Folder(folder) => {
                let (path, mut file) = new_file(folder, login)?;
                let text = text(std::slice::from_ref(&story));
                file.write_all(text.as_bytes()).with_context(|| format!("`{}` cannot be written", path.display()))?;
                Ok(path)
            }
            Self::File { path, stories } => {
                story.name = format!("{} ({})", story.name, stories.len().saturating_add(1));
                stories.push(story);
                std::fs::write(&path, text(stories))
                    .with_context(|| format!("`{}` cannot be written", path.display()))?;
                Ok(path.clone())
            }
        }
    }

    /// Takes away a file that got no story.
    pub(super) fn end(self) {
        if let Self::File { path, stories } = self
            && stories.is_empty()
        {
            // It is empty: what stays of it harms nobody.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn text(stories: &[RecordedStory]) -> String {
    format!("{FIRST_LINE}.\n\n{}", record_all(stories))
}

fn is_numbered(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with(PREFIX))
}

/// Whether a file was recorded: its settings are those of the day, and not the ones that the partner works with.
pub(super) fn is_recorded(path: &Path) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| text.is_empty() || text.starts_with(FIRST_LINE))
}

/// The first of `recorded-ana-continue-1.toml`, `recorded-ana-continue-2.toml` and so on that is not there yet.
fn new_file(folder: &Path, login: &EndedLogin) -> Result<(PathBuf, std::fs::File)> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let stem: String = format!("{PREFIX}{}-{}", login.user, login.outcome).chars().map(plain).collect();
    for number in 1_u32.. {
        let path = folder.join(format!("{stem}-{number}.toml"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(why) if why.kind() == ErrorKind::AlreadyExists => {}
            Err(why) => return Err(why).with_context(|| format!("`{}` cannot be written", path.display())),
        }
    }
    bail!("`{}` has no name left for a file", folder.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use postlude_stories::record::RecordedPipeline;

    fn story() -> RecordedStory {
        RecordedStory {
            name: "ana logs in: continue".to_owned(),
            pipeline: RecordedPipeline::default(),
            observed: Vec::new(),
        }
    }

    fn login() -> EndedLogin {
        EndedLogin { login: "lgn_1".to_owned(), user: "ana".to_owned(), outcome: "continue".to_owned() }
    }

    #[test]
    fn a_folder_gets_a_file_for_each_login_and_none_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stories");
        let mut record = Record::new(&path).unwrap();
        std::fs::write(path.join("recorded-ana-continue-1.toml"), "mine").unwrap();
        assert_eq!(record.write(&login(), story()).unwrap(), path.join("recorded-ana-continue-2.toml"));
        assert_eq!(record.write(&login(), story()).unwrap(), path.join("recorded-ana-continue-3.toml"));
        assert_eq!(std::fs::read_to_string(path.join("recorded-ana-continue-1.toml")).unwrap(), "mine");
    }

    #[test]
    fn a_file_gets_all_logins_under_names_of_their_own_and_has_to_be_new() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recorded.toml");
        let mut record = Record::new(&path).unwrap();
        record.write(&login(), story()).unwrap();
        record.write(&login(), story()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("continue (1)") && text.contains("continue (2)"), "{text}");
        let written = record.writes();
        assert!(written(&path.canonicalize().unwrap()) && !written(&folder.path().join("face.toml")));
        assert!(is_recorded(&path), "its settings are nobody's to work with");
        record.end();
        let why = Record::new(&path).unwrap_err().to_string();
        assert!(why.contains("exists already: name another file"), "{why}");
        let empty = folder.path().join("empty.toml");
        Record::new(&empty).unwrap().end();
        assert!(!empty.exists());
    }
}
