//! A tenant as it runs: its URLs, handles, keys and the pipeline that new logins take.

use crate::error::HostError;
use crate::orders::LiveOrders;
use crate::pipeline::Pipeline;
use postlude_config as config;
use postlude_crypto::handles::TenantHandles;
use postlude_crypto::seal::Sealer;
use postlude_model::action::Mode;
use postlude_model::limits;
use postlude_model::names::TenantName;
use postlude_model::trigger::Trigger;
use postlude_sandbox::Share;
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

/// A running tenant. A reload makes a new one; requests under way keep theirs.
#[derive(Debug)]
pub struct Tenant {
    /// Its name.
    pub name: TenantName,
    pub(crate) issuer: String,
    pub(crate) continue_url: String,
    /// The public keys of request tokens, as a JWK set (RFC 7517).
    pub jwks: String,
    pub(crate) handles: TenantHandles,
    pub(crate) sealer: Sealer,
    /// Makes the keys of actions, for earlier revisions.
    pub(crate) signing: config::Signing,
    pub(crate) lifetimes: config::Lifetimes,
    pub(crate) method_amr: BTreeMap<String, Vec<String>>,
    /// What its operators ordered, over all reloads.
    pub orders: Arc<LiveOrders>,
    /// Its share of the cores.
    pub(crate) share: Share,
    settings: config::Tenant,
    pipeline: Arc<Pipeline>,
}

impl Tenant {
    pub(crate) fn new(
        settings: config::Tenant,
        signing: config::Signing,
        pipeline: Arc<Pipeline>,
        orders: Arc<LiveOrders>,
        share: Share,
    ) -> Self {
        let roots = signing.roots();
        Self {
            name: settings.name.clone(),
            issuer: settings.issuer().to_owned(),
            continue_url: settings.continue_url(),
            jwks: signing.signer(&settings.name).map(|signer| signer.jwks().to_string()).unwrap_or_default(),
            handles: TenantHandles::new(Arc::clone(roots), settings.name.clone()),
            sealer: Sealer::new(Arc::clone(roots), settings.name.clone()),
            lifetimes: settings.lifetimes,
            method_amr: settings.amr.clone(),
            signing,
            orders,
            share,
            settings,
            pipeline,
        }
    }

    /// Suspended logins that it may have.
    pub(crate) const fn max_suspended(&self) -> usize {
        self.settings.max_suspended
    }

    /// Bytes of the disk that its records may take, about.
    pub(crate) const fn disk_for_records(&self) -> u64 {
        self.settings.max_disk / 2
    }

    /// Bytes of the disk that its uploads may take with their code.
    pub(crate) const fn disk_for_uploads(&self) -> u64 {
        self.settings.max_disk / 2
    }

    /// The pipeline that new logins take.
    #[must_use]
    pub fn pipeline(&self) -> Arc<Pipeline> {
        Arc::clone(&self.pipeline)
    }

    /// The pipeline of a trigger that new logins take.
    #[must_use]
    pub fn pipeline_of(&self, trigger: Trigger) -> Arc<Pipeline> {
        match trigger {
            Trigger::PostLogin => self.pipeline(),
        }
    }

    /// The path of its issuer, below which its public routes are.
    #[must_use]
    pub fn issuer_path(&self) -> &str {
        self.settings.issuer_path()
    }

    /// A login of a browser must say where the browser goes after the prompt, and only to registered places.
    pub(crate) fn check_return_url(&self, mode: Mode, return_url: Option<&str>) -> Result<(), HostError> {
        let refuse = |detail: String| Err(HostError::InvalidReturnUrl(detail));
        let Some(text) = return_url else {
            return match mode {
                Mode::Interactive => refuse("mode `interactive` needs a `return_url`".to_owned()),
                Mode::Silent | Mode::Refresh | Mode::Password => Ok(()),
            };
        };
        if text.len() > limits::REDIRECT_URL_BYTES {
            return refuse(format!("`return_url` may have {} bytes", limits::REDIRECT_URL_BYTES));
        }
        // What reads URLs strips such characters, or takes them for the end of a header.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return refuse("`return_url` has a space or a control character; percent-encode it".to_owned());
        }
        if self.settings.may_plainly_return_to(text) {
            return Ok(());
        }
        let Ok(url) = Url::parse(text) else { return refuse("`return_url` is not an absolute URL".to_owned()) };
        if url.query_pairs().any(|(name, _)| name == "postlude") {
            return refuse("`return_url` has a query parameter `postlude`, which is Postlude's own".to_owned());
        }
        if self.settings.may_return_to(&url) {
            return Ok(());
        }
        refuse(
            "`return_url` is not below one of the tenant's `return_urls`; add its origin and path prefix there"
                .to_owned(),
        )
    }
}
