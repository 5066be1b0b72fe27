//! `postlude new`: a project that builds and whose stories pass at once.

use crate::output;
use crate::subcommands::build::language;
use anyhow::{Context as _, Result};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use postlude_build::tools::{self, MissingTool, System, TOOLS};
use postlude_build::{Created, Language, NewProject, Template, create, update_sdk};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Start a plugin: a project that builds and whose stories pass at once.
///
/// The folder gets the source, the manifest, stories, a README, editor settings, a CI workflow, and a copy of the SDK: nothing but
/// this program and the language's own tools is needed. The folder's name becomes the plugin's.
///
/// Templates: `factor` sends the user to a prompt site and records a factor, `gate` denies users by the domain of their email
/// address, `claims` sets a claim of the ID token, `auth0` is an action as Auth0 knows them, in JavaScript.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  postlude new acme-face --lang rust\n  postlude new acme-gate --lang go --template gate\n  \
    postlude new acme-login --template auth0\n  postlude new plugins/acme-claims --lang c --template claims --publisher acme.example\n  \
    postlude new acme-face --update-sdk"
)]
pub(crate) struct Args {
    /// The folder to make; its name is the plugin's
    #[arg(value_name = "NAME")]
    dir: PathBuf,
    /// The language; the template `auth0` has JavaScript alone
    #[arg(long, value_name = "LANGUAGE", value_parser = language())]
    lang: Option<Language>,
    /// What the plugin begins as
    #[arg(long, value_name = "TEMPLATE", value_parser = template(), default_value = "factor")]
    template: Template,
    /// Who publishes the plugin: a domain of yours
    #[arg(long, value_name = "DOMAIN", default_value = "example.com")]
    publisher: String,
    /// Replace the copy of the SDK in a project by that of this program, and change nothing else
    #[arg(long, conflicts_with_all = ["lang", "publisher"])]
    update_sdk: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A template by its name, for clap.
fn template() -> impl TypedValueParser<Value = Template> {
    PossibleValuesParser::new(Template::ALL.map(Template::id))
        .try_map(|id| Template::from_id(&id).ok_or("no such template"))
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let dir = &args.dir;
    if args.update_sdk {
        return updated(args);
    }
    let Some(language) = args.lang.or(args.template.language()) else {
        let what = "the following required arguments were not provided:\n  --lang <LANGUAGE>";
        let command = <Args as clap::Args>::augment_args(clap::Command::new("postlude new"));
        command.bin_name("postlude new").error(ErrorKind::MissingRequiredArgument, what).exit();
    };
    let name = dir.file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("`{}` has no name that a plugin could have", dir.display()))?;
    let project = NewProject {
        dir: dir.clone(),
        name: name.to_owned(),
        publisher: args.publisher.clone(),
        language,
        template: args.template,
    };
    let created = create(&project)?;
    let missing = missing(language);
    if args.json {
        let missing: Vec<_> =
            missing.iter().map(|tool| json!({ "name": tool.name, "install": tool.install })).collect();
        output::json(&json!({ "name": name, "path": dir, "files": created.files, "missing_tools": missing }))?;
    } else {
        show(dir, language, args.template == Template::Auth0, &created, &missing);
    }
    Ok(ExitCode::SUCCESS)
}

fn updated(args: &Args) -> Result<ExitCode> {
    let files = update_sdk(&args.dir)?;
    if args.json {
        output::json(&json!({ "path": args.dir, "sdk_files": files }))?;
    } else {
        output::line(format!("replaced the {files} files of {}", args.dir.join("postlude-sdk").display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn show(dir: &Path, language: Language, is_auth0: bool, created: &Created, missing: &[MissingTool]) {
    let dir = dir.display();
    let Created { files, sdk_files } = created;
    output::line(format!("created {} files, and the SDK's {sdk_files}, in {dir}", files.len()));
    for file in files {
        output::line(format!("  {file}"));
    }
    for tool in missing {
        output::note(tool);
    }
    let install = language.install().filter(|_| !is_auth0).map(|install| format!("{install} && ")).unwrap_or_default();
    output::line(format!("next: cd {dir} && {install}postlude dev"));
}

/// The tools of the language that are not installed.
fn missing(language: Language) -> Vec<MissingTool> {
    let of_language = TOOLS.iter().filter(|tool| tool.languages.contains(&language));
    let missing = of_language.filter(|tool| tools::find(tool).is_none());
    missing.map(|tool| MissingTool::new(tool, System::current())).collect()
}
