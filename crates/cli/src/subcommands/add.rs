//! `postlude add`: a plugin comes from a registry into a host's configuration, pinned by its digest.

mod document;
mod install;
mod trial;

use crate::output;
use crate::registry::{self, Plugin, RegistryArgs, publisher_key, verify};
use anyhow::{Context as _, Result, anyhow, bail};
use document::{Action, Entry, NewPublisher};
use install::Installation;
use postlude_config::{Config, Environment, Problems, Tenant};
use postlude_model::names::{ActionName, Digest, PluginName, TenantName};
use postlude_registry::Location;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Add a plugin from an OCI registry to a host: pulls it, verifies its publisher's signature, writes the file and the lines of `postlude.toml`.
///
/// The signature is verified by the keys that the tenant's `publishers` have, or by `--publisher-key`, which adds the publisher. The configuration pins the
/// digest: what the tag names tomorrow changes nothing here, and `postlude add` says when it is another plugin. Comments and order of the file stay. Nothing
/// is written when the host would refuse the configuration, or the plugin is there in another version (`--replace`).
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude add registry.example/acme/face:1.2.0 --publisher-key acme.pem\n  \
    postlude add registry.example/acme/face:1.3.0 --replace     # by the keys that are known\n  \
    postlude add registry.example/acme/gate:1.0.0 --action gate --grant-all\n  \
    postlude add oci:dist:1.2.0 --tenant shop --print           # what would be written\n\n\
    Exit codes: 0 the plugin is in the configuration; 1 it is not, and nothing was written; 2 wrong usage.")]
pub(crate) struct Args {
    /// What: `REGISTRY/REPOSITORY:TAG`, `REGISTRY/REPOSITORY@sha256:..`, or `oci:FOLDER[:TAG]`
    #[arg(value_name = "REFERENCE")]
    from: Location,
    /// The configuration
    #[arg(long, short, default_value = "postlude.toml", env = "POSTLUDE_CONFIG")]
    config: PathBuf,
    /// The tenant; without this the only one
    #[arg(long, value_name = "NAME")]
    tenant: Option<TenantName>,
    /// The plugin's name in the configuration; without this the one of its manifest
    #[arg(long, value_name = "NAME")]
    name: Option<PluginName>,
    /// The public key of a publisher that the tenant does not know yet; get it over another way than the plugin
    #[arg(long, value_name = "FILE")]
    publisher_key: Option<PathBuf>,
    /// Add an action of this name that runs the plugin, at the end of the pipeline
    #[arg(long, value_name = "NAME")]
    action: Option<ActionName>,
    /// Grant the new action what the plugin's manifest asks for; `postlude inspect` shows it
    #[arg(long, requires = "action")]
    grant_all: bool,
    /// Put the plugin in the place of another version, or of another plugin of this name
    #[arg(long)]
    replace: bool,
    /// Print the lines that would be added, and write nothing
    #[arg(long)]
    print: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "print")]
    json: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let environment = Environment::process();
    let (config, _) = postlude_config::load(&args.config, &environment).map_err(unreadable)?;
    let tenant = tenant(args, &config)?;
    let (pulled, plugin) = registry::pull(&args.from, &args.registry.access(&args.from)?)?;
    let new_publisher = trust(args, tenant, pulled.artifact.signature.as_deref(), &plugin)?;
    let name = args.name.clone().unwrap_or_else(|| plugin.manifest.name.clone());
    let text =
        std::fs::read_to_string(&args.config).with_context(|| format!("cannot read `{}`", args.config.display()))?;
    let digest = plugin.inspection.digest;
    let reference = args.from.pinned(&pulled.manifest);
    let present = tenant.plugins.get(&name);
    let pinned = present.and_then(|present| present.digest.as_ref()).map(|digest| digest.value);
    let is_new = present.is_none_or(|present| present.missing || pinned != Some(digest));
    if is_new && present.is_some() && !args.replace {
        return Err(another(args, tenant, &name, pinned, &digest, &text));
    }
    let mut done = Told {
        reference: &reference,
        plugin: &plugin,
        name: &name,
        file: None,
        action: None,
        publisher: new_publisher.is_some(),
    };
    if !is_new && args.action.is_none() && new_publisher.is_none() {
        return told(args, &done);
    }
    let installation = Installation::plan(&args.config, tenant, &plugin)?;
    let action = match &args.action {
        Some(action) if tenant.pipeline.iter().any(|present| present.name == *action) => {
            bail!("tenant `{}` has an action `{action}` already: choose another name", tenant.name)
        }
        Some(action) => Some(Action::new(action, &name, &plugin.manifest, args.grant_all)),
        None => None,
    };
    let entry =
        is_new.then(|| Entry { name: &name, path: installation.path_in_config(), digest, reference: &reference });
    let changes = document::Changes {
        tenant: &tenant.name,
        publisher: new_publisher.as_ref(),
        entry: entry.as_ref(),
        action: action.as_ref(),
    };
    if args.print {
        output::write(changes.lines().as_bytes());
        return Ok(ExitCode::SUCCESS);
    }
    let changed = changes.apply(&text).with_context(|| format!("`{}`", args.config.display()))?;
    if is_new {
        installation.write_files(&pulled.artifact)?;
    }
    let written = trial::must_be_accepted(&args.config, &changed, &environment)
        .and_then(|()| install::exchange(&args.config, &text, &changed));
    if let Err(why) = written {
        installation.take_back();
        return Err(why);
    }
    done.file = is_new.then_some(installation.file());
    done.action = args.action.as_ref();
    told(args, &done)
}

fn unreadable(problems: Problems) -> anyhow::Error {
    let all: Vec<_> = problems.errors().map(ToString::to_string).collect();
    anyhow!("the configuration has mistakes, and nothing is added to it before they are gone:\n{}", all.join("\n"))
}

fn tenant<'c>(args: &Args, config: &'c Config) -> Result<&'c Tenant> {
    let names = || config.tenants.iter().map(|tenant| format!("`{}`", tenant.name)).collect::<Vec<_>>().join(", ");
    match (&args.tenant, config.tenants.as_slice()) {
        (Some(name), tenants) => tenants
            .iter()
            .find(|tenant| tenant.name == *name)
            .ok_or_else(|| anyhow!("`{}` has no tenant `{name}`: its tenants are {}", args.config.display(), names())),
        (None, [only]) => Ok(only),
        (None, _) => bail!("`{}` has several tenants: name one of {} with `--tenant`", args.config.display(), names()),
    }
}

/// The signature must be of a key that the tenant trusts; the publisher to be added, where it is a new one.
fn trust(args: &Args, tenant: &Tenant, signature: Option<&str>, plugin: &Plugin) -> Result<Option<NewPublisher>> {
    let (from, publisher) = (args.from.to_string(), &plugin.manifest.publisher);
    let shown = output::plain(publisher);
    match (tenant.publishers.get(publisher), &args.publisher_key) {
        (Some(known), None) => verify(&known.keys, signature, plugin, &from).map(|()| None),
        (Some(known), Some(path)) => {
            let key = publisher_key(path)?;
            if !known.keys.contains(&key) {
                bail!(
                    "tenant `{}` knows the publisher `{shown}` by other keys than `{}`: if it has a new one, add it to `keys` of [tenants.{}.publishers.\"{shown}\"] by hand",
                    tenant.name,
                    path.display(),
                    tenant.name
                );
            }
            verify(&known.keys, signature, plugin, &from).map(|()| None)
        }
        (None, Some(path)) => {
            verify(&[publisher_key(path)?], signature, plugin, &from)?;
            Ok(Some(NewPublisher { name: publisher.clone(), key: install::relative(path, &args.config)? }))
        }
        (None, None) => bail!(
            "`{from}` is of the publisher `{shown}`, whom tenant `{}` does not know: get its public key over another way than the plugin, and add it with `--publisher-key FILE`",
            tenant.name
        ),
    }
}

/// The configuration has something else under this name.
fn another(
    args: &Args,
    tenant: &Tenant,
    name: &PluginName,
    pinned: Option<Digest>,
    digest: &Digest,
    text: &str,
) -> anyhow::Error {
    let subject = format!("tenant `{}`, plugin `{name}`", tenant.name);
    match pinned {
        Some(pinned) if document::came_from(text, &tenant.name, name, &args.from) => anyhow!(
            "{subject}: the tag has moved: `{}` was {pinned} when it was added, and is {digest} now; ask its publisher why, then take it with `--replace`",
            args.from
        ),
        Some(pinned) => anyhow!(
            "{subject}: the configuration pins {pinned}, and `{}` is {digest}: take it with `--replace`, or add it under another `--name`",
            args.from
        ),
        None => anyhow!(
            "{subject} is there already, and not pinned: put {digest} in its place with `--replace`, or add it under another `--name`"
        ),
    }
}

/// What was done.
struct Told<'a> {
    reference: &'a str,
    plugin: &'a Plugin,
    name: &'a PluginName,
    /// The file that was written; none where the same plugin was there.
    file: Option<&'a Path>,
    action: Option<&'a ActionName>,
    /// The tenant did not know the publisher before.
    publisher: bool,
}

fn told(args: &Args, told: &Told<'_>) -> Result<ExitCode> {
    let Told { reference, plugin, name, file, action, publisher: is_new_publisher } = *told;
    let (manifest, digest) = (&plugin.manifest, plugin.inspection.digest);
    if args.json {
        output::json(&json!({
            "reference": reference, "digest": digest, "plugin": name, "file": file, "action": action,
            "changed": file.is_some() || action.is_some() || is_new_publisher,
            "version": manifest.version, "publisher": manifest.publisher,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (publisher, version) = (output::plain(&manifest.publisher), output::plain(&manifest.version));
    if is_new_publisher {
        output::line(format!("the publisher `{publisher}` is known from now on"));
    }
    match file {
        Some(file) => {
            output::line(format!("added `{name}` {version}, signed by `{publisher}`: {}", file.display()));
            output::line(format!("pinned to {digest} in {}", args.config.display()));
        }
        None if action.is_none() => output::line(format!("`{name}` is there already: {digest}")),
        None => {}
    }
    match action {
        Some(action) => output::line(format!("action `{action}` runs it, at the end of the pipeline")),
        None if file.is_some() => output::note(
            "an action of the pipeline runs it with `plugin = \"..\"`; `--action NAME` adds one, and `postlude inspect` shows what it asks for",
        ),
        None => {}
    }
    Ok(ExitCode::SUCCESS)
}
