//! What the command line names: projects, plugin files, files of stories.

use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};

/// A plugin under test, and the files of its stories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// Where the plugin comes from.
    pub(super) plugin: Plugin,
    /// The files, sorted.
    pub(super) stories: Vec<PathBuf>,
}

/// Where a plugin comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plugin {
    /// A project's folder, which is built.
    Project(PathBuf),
    /// A plugin's file.
    File(PathBuf),
    /// Nowhere: the stories name their plugins themselves.
    Named,
}

/// The folder of stories in a project.
const FOLDER: &str = "stories";

/// Finds plugins and stories. Files of stories with the same project belong together.
pub(super) fn find(paths: &[PathBuf], stories: Option<&Path>) -> Result<Vec<Source>> {
    let mut sources: Vec<Source> = Vec::new();
    for path in paths {
        let source = one(path, stories)?;
        match sources.iter_mut().find(|other| other.plugin == source.plugin) {
            Some(other) => {
                other.stories.extend(source.stories);
                other.stories.sort();
                other.stories.dedup();
            }
            None => sources.push(source),
        }
    }
    Ok(sources)
}

fn one(path: &Path, stories: Option<&Path>) -> Result<Source> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    if path.is_dir() {
        let folder = stories.map_or_else(|| path.join(FOLDER), Path::to_owned);
        let plugin = if is_project(path) { Plugin::Project(path.to_owned()) } else { Plugin::Named };
        let files = files_of(&folder, stories.is_some())?;
        if plugin == Plugin::Named && files.is_empty() {
            bail!(
                "`{}` is no project, and has no stories in `{FOLDER}/`; name a project, a `.wasm` file or a file of stories",
                path.display()
            );
        }
        return Ok(Source { plugin, stories: files });
    }
    if !path.exists() {
        bail!("`{}` is neither a file nor a folder", path.display());
    }
    match extension {
        Some("wasm") => {
            let beside = path.parent().unwrap_or(Path::new("")).join(FOLDER);
            let folder = stories.map_or(beside, Path::to_owned);
            Ok(Source { plugin: Plugin::File(path.to_owned()), stories: files_of(&folder, stories.is_some())? })
        }
        Some("toml") => {
            let folder = path.parent().unwrap_or(Path::new(""));
            let project = folder.parent().filter(|_| folder.file_name().is_some_and(|name| name == FOLDER));
            // Relative paths such as `stories/face.toml` have an empty parent, which is this folder.
            let project = project.map(|project| if project.as_os_str().is_empty() { Path::new(".") } else { project });
            let plugin = project
                .filter(|project| is_project(project))
                .map_or(Plugin::Named, |project| Plugin::Project(project.to_owned()));
            Ok(Source { plugin, stories: vec![path.to_owned()] })
        }
        _ => bail!("`{}` is no project's folder, no `.wasm` file and no `.toml` file of stories", path.display()),
    }
}

/// A folder with a manifest is meant to be a project; what it lacks is said when it is built.
fn is_project(folder: &Path) -> bool {
    folder.join("manifest.json").is_file()
}

fn files_of(folder: &Path, must_be: bool) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        if must_be {
            bail!("`--stories {}` is not a folder", folder.display());
        }
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(folder).with_context(|| format!("`{}` cannot be read", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml") && file.is_file());
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stories_of_a_project_are_found_from_each_path() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("face");
        std::fs::create_dir_all(project.join("stories")).unwrap();
        for (file, text) in [
            ("manifest.json", "{}"),
            ("stories/b.toml", ""),
            ("stories/a.toml", ""),
            ("stories/c.txt", ""),
            ("face.wasm", ""),
        ] {
            std::fs::write(project.join(file), text).unwrap();
        }
        let stories = vec![project.join("stories/a.toml"), project.join("stories/b.toml")];
        let by_folder = find(std::slice::from_ref(&project), None).unwrap();
        assert_eq!(by_folder, [Source { plugin: Plugin::Project(project.clone()), stories: stories.clone() }]);
        assert_eq!(find(&stories, None).unwrap(), by_folder);
        let by_file = find(&[project.join("face.wasm")], None).unwrap();
        assert_eq!(by_file, [Source { plugin: Plugin::File(project.join("face.wasm")), stories }]);
        let why = find(&[project.join("stories/c.txt")], None).unwrap_err().to_string();
        assert!(why.contains("no `.toml` file of stories"), "{why}");
        assert!(find(&[project.join("none")], None).is_err());
    }
}
