//! Tests without a host: [`FakeHost`] runs an action natively, by the rules of the real one.
//!
//! ```
//! # use postlude_sdk::{Action, Context, Decision, Failure, Redirect};
//! # struct Face;
//! # impl Action for Face {
//! #     fn on_login(_: &mut Context) -> Result<Decision, Failure> { Ok(Redirect::to("https://face.example/").into()) }
//! #     fn on_continue(cx: &mut Context) -> Result<Decision, Failure> {
//! #         cx.session().record_factor("https://face.example/face", None)?;
//! #         Ok(Decision::Continue)
//! #     }
//! # }
//! use postlude_sdk::testing::FakeHost;
//!
//! let run = FakeHost::new().asked_for("https://face.example/face").verdict("ok").on_continue::<Face>();
//! assert_eq!(run.decision, Ok(Decision::Continue));
//! assert!(run.recorded("https://face.example/face"));
//!
//! // A reply that proves nothing records nothing.
//! let run = FakeHost::new().asked_for("https://face.example/face").verdict("refused").on_continue::<Face>();
//! assert!(run.decision.is_err());
//! ```

mod answers;
mod exchange;
mod fake;
mod grants;
mod keys;
mod run;
mod setup;

pub use exchange::{Exchange, form_pairs};
pub use keys::{claims_of, header_of, signed};
pub use run::{Cached, Command, LogLine, Run};

use crate::action::{Action, Context};
use crate::decision::{Decision, Failure};
use crate::error::{HttpError, TokenError};
use crate::records::Response;
use crate::session::Factor;
use fake::{Fake, Phase};
use grants::Grants;
use serde_json::{Value, json};
use setup::Setup;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Builds the surroundings of one run, and runs it. Without [`FakeHost::manifest`] everything is declared and granted.
#[derive(Debug, Clone)]
pub struct FakeHost {
    setup: Setup,
    manifest: Option<Value>,
}

impl Default for FakeHost {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeHost {
    /// An interactive login with an empty event, empty settings, no factors and an empty reply, on 2026-01-01.
    #[must_use]
    pub fn new() -> Self {
        Self { setup: Setup::default(), manifest: None }
    }

    fn with(mut self, set: impl FnOnce(&mut Setup)) -> Self {
        set(&mut self.setup);
        self
    }

    /// Grants what this manifest asks for, and nothing else: `include_str!("../manifest.json")`.
    ///
    /// # Panics
    /// When the text is not JSON: a test cannot go on.
    #[must_use]
    #[expect(clippy::panic, reason = "a test helper: a broken manifest is the test's failure")]
    pub fn manifest(mut self, text: &str) -> Self {
        match serde_json::from_str(text) {
            Ok(manifest) => self.manifest = Some(manifest),
            Err(why) => panic!("the manifest is not JSON: {why}"),
        }
        self
    }

    /// What the IdP told about the login, in the shape of Auth0's event.
    #[must_use]
    pub fn event(self, event: Value) -> Self {
        self.with(|setup| setup.event = event)
    }

    /// The action's settings.
    #[must_use]
    pub fn settings(self, settings: Value) -> Self {
        self.with(|setup| setup.settings = settings)
    }

    /// `interactive`, `silent`, `refresh` or `password`.
    #[must_use]
    pub fn mode(self, mode: &str) -> Self {
        self.with(|setup| setup.mode = mode.to_owned())
    }

    /// The factor that the redirect was for, whose reply this is.
    #[must_use]
    pub fn asked_for(self, factor: &str) -> Self {
        self.with(|setup| setup.asked_for = Some(factor.to_owned()))
    }

    /// A result token that the host verified, with these claims.
    #[must_use]
    pub fn result(self, claims: Value) -> Self {
        self.with(|setup| setup.result = Ok(claims))
    }

    /// A result token that the host verified, with this verdict (`ok`, `refused`, `error`) and the `jti` `result-1`.
    #[must_use]
    pub fn verdict(self, verdict: &str) -> Self {
        self.result(json!({ "verdict": verdict, "jti": "result-1" }))
    }

    /// A result token that did not verify. Without a result the reply has none.
    #[must_use]
    pub fn result_error(self, why: TokenError) -> Self {
        self.with(|setup| setup.result = Err(why))
    }

    /// A parameter of the reply's query.
    #[must_use]
    pub fn query(self, name: &str, value: &str) -> Self {
        self.with(|setup| setup.query.push((name.to_owned(), value.to_owned())))
    }

    /// A parameter of the reply's form; makes it a POST.
    #[must_use]
    pub fn form(self, name: &str, value: &str) -> Self {
        self.with(|setup| {
            setup.method = "POST".to_owned();
            setup.form.push((name.to_owned(), value.to_owned()));
        })
    }

    /// What the action put aside when it redirected.
    #[must_use]
    pub fn stash(self, value: Value) -> Self {
        self.with(|setup| setup.stash = Some(value))
    }

    /// A factor that the session has a record of.
    #[must_use]
    pub fn factor(self, name: &str, completed_at: u64, fresh: bool) -> Self {
        self.with(|setup| setup.factors.push(Factor { name: name.to_owned(), completed_at, fresh }))
    }

    /// The operator's grant to record this factor in `on_login`.
    #[must_use]
    pub fn grant_silent(self, factor: &str) -> Self {
        self.with(|setup| setup.silent.push(factor.to_owned()))
    }

    /// The operator's grant to record this factor on the plugin's own word, for a manifest with `"result": "external"`.
    #[must_use]
    pub fn grant_external(self, factor: &str) -> Self {
        self.with(|setup| setup.external.push(factor.to_owned()))
    }

    /// A secret.
    #[must_use]
    pub fn secret(self, name: &str, value: &str) -> Self {
        self.with(|setup| {
            setup.secrets.insert(name.to_owned(), value.to_owned());
        })
    }

    /// A value of the login's metadata.
    #[must_use]
    pub fn login_metadata(self, key: &str, value: Value) -> Self {
        self.with(|setup| {
            setup.login_metadata.insert(key.to_owned(), value);
        })
    }

    /// A value of the session's metadata.
    #[must_use]
    pub fn session_metadata(self, key: &str, value: Value) -> Self {
        self.with(|setup| {
            setup.session_metadata.insert(key.to_owned(), value);
        })
    }

    /// A value in the action's cache, which does not expire.
    #[must_use]
    pub fn cached(self, key: &str, value: Value) -> Self {
        self.with(|setup| {
            setup.cache.insert(key.to_owned(), Cached { value, expires_at: u64::MAX });
        })
    }

    /// The action's cache as an earlier run left it. What has expired by this host's clock is absent.
    #[must_use]
    pub fn cache(self, cache: &BTreeMap<String, Cached>) -> Self {
        self.with(|setup| setup.cache.clone_from(cache))
    }

    /// The next request, in order, and its answer. Another request is the test's failure; one that no exchange is left
    /// for times out. What was sent is in [`Run::requests`].
    #[must_use]
    pub fn exchange(self, exchange: Exchange) -> Self {
        self.with(|setup| setup.exchanges.push(exchange))
    }

    /// The answer to the next request, in order, whatever that is. A request without one times out.
    #[must_use]
    pub fn response(self, response: Result<Response, HttpError>) -> Self {
        self.exchange(Exchange::any(response))
    }

    /// The host's clock, in milliseconds since 1970.
    #[must_use]
    pub fn now(self, now: u64) -> Self {
        self.with(|setup| setup.now = now)
    }

    /// The seed of the run's random bytes, which are predictable here.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.with(|setup| setup.seed = seed)
    }

    /// Runs `on_login`.
    #[must_use]
    pub fn on_login<A: Action>(&self) -> Run {
        self.run(Phase::Login, A::on_login)
    }

    /// Runs `on_continue`.
    #[must_use]
    pub fn on_continue<A: Action>(&self) -> Run {
        self.run(Phase::Continue, A::on_continue)
    }

    fn run(&self, phase: Phase, action: fn(&mut Context) -> Result<Decision, Failure>) -> Run {
        let grants = Grants::new(self.manifest.as_ref(), &self.setup.settings);
        let fake = Rc::new(Fake::new(phase, self.setup.clone(), grants));
        let decision = action(&mut Context::new(Rc::clone(&fake) as Rc<dyn crate::host::Host>));
        fake.finish(decision)
    }
}
