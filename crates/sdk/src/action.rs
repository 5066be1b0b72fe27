//! The trait that a plugin implements, and the context it is given.

use crate::backend::Backend;
use crate::decision::{Decision, Failure};
use crate::{cache, claims, clock, event, http, keys, log, login, random, redirect, reply, secrets, session, user};
use serde::de::DeserializeOwned;
#[cfg(not(target_arch = "wasm32"))]
use std::rc::Rc;

/// A plugin of the trigger `post-login`.
///
/// Each run is a fresh instance: nothing that a run leaves in memory is there in the next one. What must survive the
/// redirect goes into [`redirect::RedirectContext::stash`] or the login's metadata.
pub trait Action {
    /// Asked at each login.
    ///
    /// # Errors
    /// When the action cannot decide; the operator's policy `on_failure` decides then.
    fn on_login(cx: &mut Context) -> Result<Decision, Failure>;

    /// Asked when the browser is back from this action's own redirect. An action that redirects writes its own.
    ///
    /// # Errors
    /// When the action cannot decide: the login is denied. The default always fails.
    fn on_continue(cx: &mut Context) -> Result<Decision, Failure> {
        let _ = cx;
        Err(Failure::Other("this action has no on-continue: it does not redirect".to_owned()))
    }
}

/// Everything that an action can know or do, one method for each interface of the contract.
pub struct Context {
    #[cfg(target_arch = "wasm32")]
    host: crate::imports::Imports,
    #[cfg(not(target_arch = "wasm32"))]
    host: Rc<dyn crate::host::Host>,
}

impl Context {
    /// The context of a component's run.
    #[cfg(target_arch = "wasm32")]
    pub(crate) const fn new() -> Self {
        Self { host: crate::imports::Imports }
    }

    /// A context over any host; [`crate::testing::FakeHost`] is one.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn new(host: Rc<dyn crate::host::Host>) -> Self {
        Self { host }
    }

    #[cfg(target_arch = "wasm32")]
    const fn host(&self) -> &Backend {
        &self.host
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn host(&self) -> &Backend {
        &*self.host
    }

    /// The action's settings, as the operator wrote them.
    ///
    /// # Errors
    /// When the settings do not have the shape of `T`. The host checks them against the manifest's schema, so this means that
    /// schema and type disagree.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        self.login().settings()
    }

    /// The login that this run belongs to.
    #[must_use]
    pub fn login(&self) -> login::Login<'_> {
        login::Login { host: self.host() }
    }

    /// What the IdP told about this login.
    #[must_use]
    pub fn event(&self) -> event::Event<'_> {
        event::Event { host: self.host() }
    }

    /// What the browser brought back; empty in `on_login`.
    #[must_use]
    pub fn reply(&self) -> reply::Reply<'_> {
        reply::Reply { host: self.host() }
    }

    /// The user's session, and the factors completed in it.
    #[must_use]
    pub fn session(&self) -> session::Session<'_> {
        session::Session { host: self.host() }
    }

    /// State, continue URL, tokens and stash of a redirect.
    #[must_use]
    pub fn redirect(&self) -> redirect::RedirectContext<'_> {
        redirect::RedirectContext { host: self.host() }
    }

    /// Claims and scopes of the tokens that the IdP issues.
    #[must_use]
    pub fn claims(&self) -> claims::Claims<'_> {
        claims::Claims { host: self.host() }
    }

    /// The user's metadata at the IdP.
    #[must_use]
    pub fn user(&self) -> user::User<'_> {
        user::User { host: self.host() }
    }

    /// A small cache of the action's own.
    #[must_use]
    pub fn cache(&self) -> cache::Cache<'_> {
        cache::Cache { host: self.host() }
    }

    /// Secrets by name.
    #[must_use]
    pub fn secrets(&self) -> secrets::Secrets<'_> {
        secrets::Secrets { host: self.host() }
    }

    /// Cryptography by named keys that stay in the host.
    #[must_use]
    pub fn keys(&self) -> keys::Keys<'_> {
        keys::Keys { host: self.host() }
    }

    /// Outbound requests.
    #[must_use]
    pub fn http(&self) -> http::Http<'_> {
        http::Http { host: self.host() }
    }

    /// The host's clock.
    #[must_use]
    pub fn clock(&self) -> clock::Clock<'_> {
        clock::Clock { host: self.host() }
    }

    /// Random bytes.
    #[must_use]
    pub fn random(&self) -> random::Random<'_> {
        random::Random { host: self.host() }
    }

    /// The action's log.
    #[must_use]
    pub fn log(&self) -> log::Log<'_> {
        log::Log { host: self.host() }
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}
