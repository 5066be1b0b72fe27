//! The tables `[tenants.*]`: an IdP's name space with its URLs, API keys, plugins and pipeline.

use super::action::{self, ActionConfig};
use super::api_key::{self, ApiKey};
use super::context::Context;
use super::plugins::{self, PluginFile};
use super::problem::Place;
use super::publishers::{self, Publishers};
use super::read::{At, Section, shown};
use super::return_url::ReturnUrl;
use super::runs;
use super::tree::Node;
use super::units;
use super::values::amr_value;
use super::web::{self, CONTINUE_PATH};
use postlude_model::limits;
use postlude_model::names::{PluginName, TenantName};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;
use url::Url;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Where its table begins.
    pub at: Place,
    /// Its name.
    pub name: TenantName,
    /// Its issuer URL; see [`Self::issuer`] for the text.
    pub issuer_url: At<Url>,
    /// Where logins may send the browser back to.
    pub return_urls: Vec<ReturnUrl>,
    /// The amr values (RFC 8176) of the IdP's own methods, by `authentication.methods[].name`.
    pub amr: BTreeMap<String, Vec<String>>,
    /// The API keys.
    pub keys: Vec<ApiKey>,
    /// Whose plugins it runs.
    pub publishers: Publishers,
    /// The plugin files.
    pub plugins: BTreeMap<PluginName, PluginFile>,
    /// The actions of the trigger `post-login`, in order.
    pub pipeline: Vec<ActionConfig>,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// Its weight where tenants share the cores: 1 unless said otherwise.
    pub weight: u32,
    /// Suspended logins that it may have.
    pub max_suspended: usize,
    /// Bytes of the disk that it may take: half for its uploads with their code, half for its records.
    pub max_disk: u64,
}

impl Tenant {
    /// The issuer as tokens carry it: without a slash at its end.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.issuer_url.as_str().trim_end_matches('/')
    }

    /// The path below which this tenant's public routes are: empty, or with a slash in front and none at its end.
    #[must_use]
    pub fn issuer_path(&self) -> &str {
        self.issuer_url.path().trim_end_matches('/')
    }

    /// The one URL to which partners send the browser back.
    #[must_use]
    pub fn continue_url(&self) -> String {
        format!("{}{CONTINUE_PATH}", self.issuer())
    }

    /// Where partners find the public keys of request tokens.
    #[must_use]
    pub fn jwks_url(&self) -> String {
        format!("{}/.well-known/jwks.json", self.issuer())
    }

    /// Whether a login may return to this URL, as far as that can be told without parsing it.
    #[must_use]
    pub fn may_plainly_return_to(&self, text: &str) -> bool {
        self.return_urls.iter().any(|registered| registered.matches_plainly(text))
    }

    /// Whether a login may return to this URL.
    #[must_use]
    pub fn may_return_to(&self, url: &Url) -> bool {
        self.return_urls.iter().any(|registered| registered.matches(url))
    }
}

/// How long things of a tenant live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// A state: how long a prompt may take.
    pub state: Duration,
    /// A login, over all its suspensions.
    pub login: Duration,
    /// A login record, for repeated calls and the audit.
    pub record: Duration,
    /// A session after its last login.
    pub session: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            state: limits::STATE_LIFETIME,
            login: limits::LOGIN_LIFETIME,
            record: limits::RECORD_LIFETIME,
            session: limits::SESSION_LIFETIME,
        }
    }
}

/// Lifetimes at least: anything shorter is over before a browser came back.
pub const SHORTEST_LIFETIME: Duration = Duration::from_secs(1);
/// Lifetimes at most: longer is a slip of the keyboard.
pub const LONGEST_LIFETIME: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// A tenant's weight: beyond a hundred to one the other would hardly be served.
const WEIGHT: RangeInclusive<i64> = 1..=100;

/// Suspended logins of a tenant. A hundred million of them take 300 GB.
const MAX_SUSPENDED: RangeInclusive<i64> = 1..=100_000_000;

/// What a tenant may take of a disk: at least what some hundred logins take, at most what no disk has.
const LEAST_DISK: u64 = 1 << 20;
const MOST_DISK: u64 = 1 << 50;

/// Reads one tenant. None when it is no table or has no usable name.
pub(super) fn read(key: &str, at: Place, node: &Node, root: &Section<'_>, context: &Context<'_>) -> Option<Tenant> {
    let mut section = Section::of(root.log, format!("tenant `{}`", shown(key)), at, node)?;
    let name = match TenantName::new(key) {
        Ok(name) => Some(name),
        Err(why) => {
            section.log.error(at, format!("`tenants`: {why}"));
            None
        }
    };
    let issuer_url = issuer(&mut section, context.development);
    let return_urls = return_urls(&mut section, context.development);
    let amr = amr(&mut section);
    let keys = api_key::read(&mut section, context);
    let publishers = publishers::read(&mut section, context);
    let plugins = plugins::read(&mut section, context);
    let pipeline = action::read_pipeline(&mut section, context, &plugins);
    let lifetimes = lifetimes(&mut section);
    let weight = runs::count(&mut section, "weight", WEIGHT).unwrap_or(1);
    let max_suspended = runs::count(&mut section, "max_suspended", MAX_SUSPENDED).unwrap_or(limits::TENANT_OPEN_LOGINS);
    let max_disk = section.parsed("max_disk", |text| units::size_within(text, LEAST_DISK, MOST_DISK));
    let max_disk = max_disk.map_or(limits::TENANT_DISK, |size| size.value);
    section.finish();
    let (name, issuer_url) = (name?, issuer_url?);
    Some(Tenant {
        at,
        name,
        issuer_url,
        return_urls,
        amr,
        keys,
        publishers,
        plugins,
        pipeline,
        lifetimes,
        weight,
        max_suspended,
        max_disk,
    })
}

/// Stands for an issuer that could not be read, so that the rest of its tenant is checked too. It never leaves: the
/// problem is in the log.
pub(super) const UNREAD_ISSUER: &str = "https://unread.invalid/";

fn issuer(section: &mut Section<'_>, development: bool) -> Option<At<Url>> {
    let found = section.parsed("issuer", |text| web::issuer(text, development));
    if !section.has("issuer") {
        section.missing("issuer", "write the URL below which Postlude is public, such as `https://login.example/acme`");
    }
    found.or_else(|| Some(At::new(Url::parse(UNREAD_ISSUER).ok()?, section.place("issuer"))))
}

fn return_urls(section: &mut Section<'_>, development: bool) -> Vec<ReturnUrl> {
    let found = section.list("return_urls", |text| ReturnUrl::parse(text, development));
    if !section.has("return_urls") || section.array("return_urls").is_some_and(<[Node]>::is_empty) {
        let message = format!("{} is empty: no login can be redirected", section.label("return_urls"));
        let hint =
            "list the origin and path to which the browser may return, such as `https://idp.example/interaction/`";
        section.log.warn(section.place("return_urls"), message, hint);
    }
    found.into_iter().map(|url| url.value).collect()
}

fn amr(section: &mut Section<'_>) -> BTreeMap<String, Vec<String>> {
    if !section.has("amr") {
        section.entry("amr");
        return BTreeMap::from([("pwd".to_owned(), vec!["pwd".to_owned()])]);
    }
    let Some(table) = section.table("amr") else { return BTreeMap::new() };
    table.entries().map(|(method, _, node)| (method.to_owned(), table.strings(method, node, amr_value))).collect()
}

fn lifetimes(section: &mut Section<'_>) -> Lifetimes {
    let mut lifetimes = Lifetimes::default();
    let Some(mut table) = section.table("lifetimes") else { return lifetimes };
    for (key, field) in [
        ("state", &mut lifetimes.state),
        ("login", &mut lifetimes.login),
        ("record", &mut lifetimes.record),
        ("session", &mut lifetimes.session),
    ] {
        let found = table.parsed(key, |text| units::duration_within(text, SHORTEST_LIFETIME, LONGEST_LIFETIME));
        *field = found.map_or(*field, |found| found.value);
    }
    let order = [("state", lifetimes.state), ("login", lifetimes.login), ("record", lifetimes.record)];
    for ((shorter, less), (longer, more)) in order.into_iter().zip(order.into_iter().skip(1)) {
        if less > more {
            let (less, more) = (units::show_duration(less), units::show_duration(more));
            let message = format!("{}: {less} is longer than `{longer}`, {more}", table.label(shorter));
            let at = if table.has(shorter) { table.place(shorter) } else { table.place(longer) };
            table.log.error_hint(at, message, "a state lives within its login, and a login within its record");
        }
    }
    table.finish();
    lifetimes
}
