//! What package.json says of a plugin.

use crate::error::BuildError;
use serde::Deserialize;
use std::path::Path;

/// What package.json says of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    /// The plugin's module, relative to the project.
    pub(super) entry: String,
    /// The engine that runs it.
    pub(super) engine: Engine,
    /// Whose `api` the module is written for.
    pub(super) api: Api,
}

/// Whose interface a plugin's module is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Api {
    /// That of the SDK.
    #[default]
    Postlude,
    /// `event` and `api` of Auth0's actions.
    Auth0,
}

/// The JavaScript engine inside a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Engine {
    /// QuickJS: fast to start, without a just-in-time compiler or `Intl`.
    #[default]
    Small,
    /// SpiderMonkey: all of the web's globals, many times larger.
    Full,
}

impl Engine {
    /// The name in package.json and for the SDK's build program.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Full => "full",
        }
    }
}

/// The parts of package.json that are read.
#[derive(Debug, Deserialize)]
struct File {
    main: Option<String>,
    #[serde(default)]
    postlude: Own,
}

/// Postlude's own field.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Own {
    engine: Engine,
    api: Api,
}

impl Package {
    /// Reads a project's package.json.
    pub(super) fn read(dir: &Path) -> Result<Self, BuildError> {
        let path = dir.join("package.json");
        let text = std::fs::read(&path).map_err(BuildError::file("read", &path))?;
        let wrong = |what: String| BuildError::Project(format!("`{}`: {what}", path.display()));
        let file: File = serde_json::from_slice(&text).map_err(|why| wrong(why.to_string()))?;
        let entry = file.main.ok_or_else(|| {
            wrong("there is no field `main`: name the module whose default export is the plugin, such as `\"main\": \"src/plugin.js\"`".to_owned())
        })?;
        if !dir.join(&entry).is_file() {
            return Err(wrong(format!("the field `main` names `{entry}`, which is no file of the project")));
        }
        let Own { engine, api } = file.postlude;
        if (engine, api) == (Engine::Full, Api::Auth0) {
            return Err(wrong("actions of Auth0's have the small engine: take out `\"engine\": \"full\"`".to_owned()));
        }
        Ok(Self { entry, engine, api })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Package, String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("package.json"), text).unwrap();
        std::fs::write(dir.path().join("plugin.js"), "").unwrap();
        Package::read(dir.path()).map_err(|why| why.to_string().replace(dir.path().to_str().unwrap(), "[dir]"))
    }

    #[test]
    fn the_small_engine_is_the_default() {
        let small = Package { entry: "plugin.js".to_owned(), engine: Engine::Small, api: Api::Postlude };
        assert_eq!(read(r#"{"main": "plugin.js"}"#), Ok(small.clone()));
        assert_eq!(
            read(r#"{"main": "plugin.js", "postlude": {"engine": "full"}}"#),
            Ok(Package { engine: Engine::Full, ..small })
        );
    }

    #[test]
    fn mistakes_name_the_file_and_the_field() {
        let texts = [
            r"{}",
            r#"{"main": "src/plugin.ts"}"#,
            r#"{"main": "plugin.js", "postlude": {"engine": "v8"}}"#,
            r#"{"main": "plugin.js", "postlude": {"motor": "small"}}"#,
        ];
        let errors: Vec<_> = texts.iter().map(|text| read(text).unwrap_err()).collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
        `[dir]/package.json`: there is no field `main`: name the module whose default export is the plugin, such as `"main": "src/plugin.js"`
        `[dir]/package.json`: the field `main` names `src/plugin.ts`, which is no file of the project
        `[dir]/package.json`: unknown variant `v8`, expected `small` or `full` at line 1 column 49
        `[dir]/package.json`: unknown field `motor`, expected `engine` or `api` at line 1 column 42
        "#);
    }
}
