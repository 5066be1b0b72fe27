//! The tables `[[tenants.*.pipeline]]`: a plugin bound into the pipeline, as the operator wrote it.

use super::context::Context;
use super::grants::{self, GrantsConfig};
use super::keys::{self, KeyConfig};
use super::plugins::PluginFile;
use super::policy::{self, RulesConfig};
use super::problem::{Complaint, Place};
use super::read::{At, Section, nearest, shown};
use super::secret::SecretRef;
use super::tree::{Kind, Node};
use super::units;
use super::values::{amr_value, one_of};
use postlude_model::action::{Mode, OnFailure};
use postlude_model::json::Json;
use postlude_model::limits;
use postlude_model::names::{ActionName, FactorName, PluginName};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Fuel of a run at least: less than this does not reach the first import.
pub const LEAST_FUEL: i64 = 10_000;
/// Fuel of a run at most: about a second of a tight loop, for key derivation that is meant to be slow.
pub const MOST_FUEL: i64 = 20_000_000_000;
/// Wall clock of a run at least.
pub const LEAST_WALL_CLOCK: Duration = Duration::from_millis(10);
/// Wall clock of a run at most: a browser waits, and a slot of the host is held.
pub const MOST_WALL_CLOCK: Duration = Duration::from_secs(30);
/// Memory of a run at least: one page of WebAssembly.
pub const LEAST_MEMORY: u64 = 64 << 10;
/// Memory of a run at most: twice the largest default, for toolchains that bring an interpreter.
pub const MOST_MEMORY: u64 = 256 << 20;
/// A factor's age at most: longer is a slip of the keyboard.
pub const LONGEST_MAX_AGE: Duration = limits::FACTOR_AGE;
/// A factor's idle age at least: shorter than a login takes, it would prompt every time.
pub const LEAST_MAX_IDLE: Duration = Duration::from_secs(60);
/// Uses of a record at most: beyond that it is no limit.
pub const MOST_USES: i64 = 1_000_000;
/// An action of a pipeline, as the operator wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionConfig {
    /// Where its table begins.
    pub at: Place,
    /// Its name.
    pub name: ActionName,
    /// The plugin, by its name under `plugins`.
    pub plugin: At<PluginName>,
    /// The modes in which it runs.
    pub applies_to: At<BTreeSet<Mode>>,
    /// What its failure means.
    pub on_failure: At<OnFailure>,
    /// When and how it takes part in a login.
    pub rules: RulesConfig,
    /// Its settings, an object.
    pub settings: At<Json>,
    /// Its secrets.
    pub secrets: BTreeMap<String, At<SecretRef>>,
    /// What it is granted.
    pub grants: GrantsConfig,
    /// Its keys.
    pub keys: BTreeMap<String, KeyConfig>,
    /// The policy for each factor.
    pub factors: Vec<FactorConfig>,
    /// Limits that the operator sets.
    pub limits: LimitsConfig,
}

/// The operator's policy for one factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorConfig {
    /// Where its table begins.
    pub at: Place,
    /// The factor.
    pub name: FactorName,
    /// How old a record may be; zero: prompt every time.
    pub max_age: At<Duration>,
    /// How long ago it may have been used last.
    pub max_idle: Option<At<Duration>>,
    /// How many later logins it may satisfy.
    pub max_uses: Option<At<u32>>,
    /// Whether it counts only for the client in whose login it was completed.
    pub per_client: bool,
    /// The amr values (RFC 8176) that it is worth.
    pub amr: Vec<At<String>>,
}

/// Limits that the operator sets; an absent one is the lower of the host's and the plugin's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitsConfig {
    /// Fuel of a run.
    pub fuel: Option<u64>,
    /// Wall clock of a run.
    pub wall_clock: Option<Duration>,
    /// Bytes of all linear memories of a run.
    pub memory_bytes: Option<u64>,
}

/// Reads the pipeline of a tenant. An action with an error is left out; the error is in the log.
pub(super) fn read_pipeline(
    tenant: &mut Section<'_>,
    context: &Context<'_>,
    plugins: &BTreeMap<PluginName, PluginFile>,
) -> Vec<ActionConfig> {
    let nodes = tenant.array("pipeline").unwrap_or_default();
    if nodes.len() > limits::ACTIONS {
        let message =
            format!("{}: {} actions are more than {}", tenant.label("pipeline"), nodes.len(), limits::ACTIONS);
        tenant.log.error(tenant.place("pipeline"), message);
    }
    let mut names = BTreeMap::new();
    let mut actions = Vec::new();
    for node in nodes {
        let errors = tenant.log.errors();
        let Some(mut section) = Section::of(tenant.log, tenant.subject_of("an action of the pipeline"), node.at, node)
        else {
            continue;
        };
        let name = name(&mut section, tenant, &mut names);
        let plugin = plugin(&mut section, tenant, plugins);
        let action = action(&mut section, context, name, plugin);
        section.finish();
        actions.extend(action.filter(|_| tenant.log.errors() == errors));
    }
    actions
}

fn name(
    section: &mut Section<'_>,
    tenant: &Section<'_>,
    names: &mut BTreeMap<ActionName, usize>,
) -> Option<ActionName> {
    let name = section.parsed("name", |text| ActionName::new(text).map_err(|why| Complaint::new(why.to_string())));
    if !section.has("name") {
        section.missing("name", "every action has a name of its own in the pipeline");
    }
    let name = name?;
    section.rename(&tenant.subject_of(&format!("action `{}`", name.value)));
    if let Some(line) = names.insert(name.value.clone(), name.at.line) {
        let message =
            format!("{}: `{}` is the name of the action in line {line} too", section.label("name"), name.value);
        section.log.error_hint(name.at, message, "names are unique within a pipeline");
    }
    Some(name.value)
}

fn plugin(
    section: &mut Section<'_>,
    tenant: &Section<'_>,
    plugins: &BTreeMap<PluginName, PluginFile>,
) -> Option<At<PluginName>> {
    let name = section.parsed("plugin", |text| PluginName::new(text).map_err(|why| Complaint::new(why.to_string())));
    if !section.has("plugin") {
        section.missing("plugin", "name a plugin of `plugins`");
    }
    let name = name?;
    // A plugin whose own table is broken has been complained about there.
    if !plugins.contains_key(&name.value) && !tenant.has_in("plugins", name.as_str()) {
        let hint = nearest(name.as_str(), plugins.keys().map(PluginName::as_str)).map_or_else(
            || format!("add a table `plugins.{}` with its `path` to the tenant", *name),
            |near| format!("did you mean `{near}`?"),
        );
        section.log.error_hint(name.at, format!("{}: no plugin is called `{}`", section.label("plugin"), *name), hint);
    }
    Some(name)
}

fn action(
    section: &mut Section<'_>,
    context: &Context<'_>,
    name: Option<ActionName>,
    plugin: Option<At<PluginName>>,
) -> Option<ActionConfig> {
    let applies_to = applies_to(section);
    let on_failure = policy::on_failure(section);
    let rules = policy::rules(section);
    let settings = settings(section);
    let secrets = secrets(section, context);
    let grants = grants::read(section, context);
    let keys = keys::read(section, context);
    let factors = factors(section);
    let limits = limits(section);
    let (name, plugin, at) = (name?, plugin?, section.at);
    Some(ActionConfig {
        at,
        name,
        plugin,
        applies_to,
        on_failure,
        rules,
        settings,
        secrets,
        grants,
        keys,
        factors,
        limits,
    })
}

fn applies_to(section: &mut Section<'_>) -> At<BTreeSet<Mode>> {
    let at = section.place("applies_to");
    let given = section.has("applies_to");
    let modes: BTreeSet<Mode> = section.list("applies_to", mode).into_iter().map(|mode| mode.value).collect();
    if !given {
        return At::new(Mode::ALL.into_iter().collect(), at);
    }
    if section.array("applies_to").is_some_and(<[Node]>::is_empty) {
        let message = format!("{} is empty: the action would never run", section.label("applies_to"));
        section.log.error_hint(at, message, "remove the action, or the line to run it always");
    }
    At::new(modes, at)
}

fn mode(text: &str) -> Result<Mode, Complaint> {
    one_of(text, "a mode", &Mode::ALL.map(|mode| (mode.as_str(), mode)))
}

fn settings(section: &mut Section<'_>) -> At<Json> {
    let Some((_, node)) = section.entry("settings") else { return At::new(Json::object(), section.at) };
    if !matches!(node.kind, Kind::Table(_)) {
        section.mistyped::<()>("settings", node, "a table");
        return At::new(Json::object(), node.at);
    }
    // Through the strict reader, so that settings obey the same depth as any JSON here.
    let read = node.kind.to_json().ok_or_else(|| Complaint::new("infinities and NaN have no JSON"));
    let json = read.and_then(|value| Json::parse(&value.to_string()).map_err(|why| Complaint::new(why.to_string())));
    section.value_or_report("settings", node.at, json).unwrap_or_else(|| At::new(Json::object(), node.at))
}

fn secrets(section: &mut Section<'_>, context: &Context<'_>) -> BTreeMap<String, At<SecretRef>> {
    let Some(table) = section.table("secrets") else { return BTreeMap::new() };
    let read = |(name, _, node): (&str, Place, &Node)| {
        let (reference, _) = context.origin.secret_at(&table, &shown(name), node)?;
        Some((name.to_owned(), reference))
    };
    table.entries().filter_map(read).collect()
}

fn factors(section: &mut Section<'_>) -> Vec<FactorConfig> {
    let mut factors: Vec<FactorConfig> = Vec::new();
    for node in section.array("factors").unwrap_or_default() {
        let subject = section.subject_of("a factor");
        let Some(found) = Section::of(section.log, subject, node.at, node).and_then(factor) else { continue };
        if factors.iter().any(|earlier| earlier.name == found.name) {
            let message = format!("{}: `{}` stands twice", section.label("factors"), found.name);
            section.log.error_hint(found.at, message, "keep one policy for each factor");
        } else {
            factors.push(found);
        }
    }
    factors
}

fn factor(mut section: Section<'_>) -> Option<FactorConfig> {
    let name = section.parsed("name", |text| FactorName::new(text).map_err(|why| Complaint::new(why.to_string())));
    if !section.has("name") {
        section.missing("name", "write the factor's name as the manifest declares it");
    }
    let max_age = section.parsed("max_age", |text| units::duration_within(text, Duration::ZERO, LONGEST_MAX_AGE));
    if !section.has("max_age") {
        section.missing("max_age", "write `max_age = \"24h\"`, or `\"0s\"` to prompt every time");
    }
    let max_idle = section.parsed("max_idle", |text| units::duration_within(text, LEAST_MAX_IDLE, LONGEST_MAX_AGE));
    let max_uses = max_uses(&mut section);
    let per_client = section.boolean("per_client").unwrap_or_default();
    let amr = section.list("amr", amr_value);
    let at = section.at;
    section.finish();
    Some(FactorConfig { at, name: name?.value, max_age: max_age?, max_idle, max_uses, per_client, amr })
}

fn max_uses(section: &mut Section<'_>) -> Option<At<u32>> {
    let uses = section.integer("max_uses")?;
    let within = (1..=MOST_USES).contains(&uses).then_some(uses.value).and_then(|uses| u32::try_from(uses).ok());
    let hint = format!("it must be from 1 to {MOST_USES}; `max_age = \"0s\"` prompts every time");
    let complaint = Complaint::new(format!("`{}` is out of range", *uses)).hint(hint);
    section.value_or_report("max_uses", uses.at, within.ok_or(complaint))
}

fn limits(section: &mut Section<'_>) -> LimitsConfig {
    let Some(mut table) = section.table("limits") else { return LimitsConfig::default() };
    let fuel = table.integer("fuel").and_then(|fuel| {
        let within = (LEAST_FUEL..=MOST_FUEL).contains(&fuel).then_some(fuel.value);
        let complaint = Complaint::new(format!("`{}` is out of range", *fuel));
        let result = within.ok_or_else(|| complaint.hint(format!("it must be from {LEAST_FUEL} to {MOST_FUEL}")));
        u64::try_from(table.value_or_report("fuel", fuel.at, result)?.value).ok()
    });
    let wall_clock = table.parsed("wall_clock", |text| units::duration_within(text, LEAST_WALL_CLOCK, MOST_WALL_CLOCK));
    let memory = table.parsed("memory", |text| units::size_within(text, LEAST_MEMORY, MOST_MEMORY));
    table.finish();
    LimitsConfig { fuel, wall_clock: wall_clock.map(|at| at.value), memory_bytes: memory.map(|at| at.value) }
}
