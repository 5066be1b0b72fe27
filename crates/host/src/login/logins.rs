//! The calls about logins.

use super::answer::LoginAnswer;
use super::parts::{LoginParts, is_over};
use super::prompt_return::{ReturnRefused, ReturnedBrowser};
use super::request::{ContinueRequest, IdempotencyKey, LoginRequest};
use super::resume::Resume;
use super::single_flight::SingleFlight;
use super::start::Start;
use crate::error::HostError;
use crate::log_context;
use crate::revision::Revisions;
use crate::services::Services;
use crate::sessions::Sessions;
use crate::tenant::Tenant;
use postlude_crypto::seal::SealedReply;
use postlude_model::names::{LoginId, TenantName};
use std::sync::Arc;
use url::Url;

/// Starts, resumes and shows the logins of all tenants.
#[derive(Debug)]
pub struct Logins {
    parts: Arc<LoginParts>,
    single_flight: SingleFlight<CallKey, Result<LoginAnswer, HostError>>,
}

/// What makes calls about a login equal.
type CallKey = (TenantName, LoginId, Call);

/// A call about a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Call {
    /// The login begins, with a body of this SHA-256: another body is answered on its own.
    Start([u8; 32]),
    /// The login goes on from this step.
    Resume(u32),
}

impl Logins {
    pub(crate) fn new(services: Arc<Services>, revisions: Arc<Revisions>, sessions: Sessions) -> Self {
        let single_flight = SingleFlight::new(services.tasks.clone());
        Self { parts: Arc::new(LoginParts { services, revisions, sessions }), single_flight }
    }

    /// Starts a login: may it go on? The same key and bytes join a call that runs, and later get the login's present answer. It runs
    /// to its end even when its caller goes away.
    ///
    /// # Errors
    /// [`HostError::InvalidReturnUrl`], [`HostError::IdempotencyMismatch`], [`HostError::SessionRotated`],
    /// [`HostError::LoginEnded`] and [`HostError::StateExpired`] of a repeated call, [`HostError::Unavailable`].
    pub async fn start(
        &self,
        tenant: Arc<Tenant>,
        idempotency: IdempotencyKey,
        request: LoginRequest,
    ) -> Result<LoginAnswer, HostError> {
        tenant.check_return_url(request.mode, request.return_url.as_deref())?;
        let id = tenant.handles.login_id(&idempotency.key, &idempotency.body_hash);
        log_context::set_login_id(&id);
        let key = (tenant.name.clone(), id.clone(), Call::Start(idempotency.body_hash));
        let parts = Arc::clone(&self.parts);
        let call = || Start { parts, tenant, idempotency, id, request }.run();
        self.single_flight.run(key, call).await.map_err(HostError::internal)?
    }

    /// Resumes a login: its browser is back. Repeating the call, with whatever reply, gives the login's present answer and runs
    /// nothing.
    ///
    /// # Errors
    /// [`HostError::InvalidReply`], [`HostError::InvalidState`], [`HostError::LoginMismatch`], [`HostError::LoginGone`],
    /// [`HostError::StateExpired`], [`HostError::LoginEnded`], [`HostError::Unavailable`].
    pub async fn resume(
        &self,
        tenant: Arc<Tenant>,
        id: LoginId,
        request: ContinueRequest,
    ) -> Result<LoginAnswer, HostError> {
        let name = tenant.name.clone();
        let resume = Resume::read(Arc::clone(&self.parts), tenant, id.clone(), request)?;
        if let Some(answer) = resume.without_a_run().await? {
            return Ok(answer);
        }
        let key = (name, id, Call::Resume(resume.step()));
        self.single_flight.run(key, || resume.run()).await.map_err(HostError::internal)?
    }

    /// Shows the outcome of a login again, without the prompt's location and the resume key.
    ///
    /// # Errors
    /// [`HostError::LoginUnknown`] where no record is stored, [`HostError::LoginUncertain`] where a crash may have forgotten it,
    /// [`HostError::Unavailable`].
    pub async fn show(&self, tenant: &Tenant, id: &LoginId) -> Result<LoginAnswer, HostError> {
        let record = self.parts.services.login(&tenant.name, id).await?;
        let session = self.parts.session(tenant, &record).await?;
        if is_over(tenant, &record, session.as_deref()) {
            return Ok(LoginAnswer::session_ended(record));
        }
        Ok(LoginAnswer::for_looking(record))
    }

    /// Checks the state that a browser brought to the continue URL, without the store.
    ///
    /// # Errors
    /// [`ReturnRefused::NotOurs`] and [`ReturnRefused::Over`].
    pub fn check_state(&self, tenant: &Tenant, state: String) -> Result<ReturnedBrowser, ReturnRefused> {
        ReturnedBrowser::check(&self.parts, tenant, state)
    }

    /// Finds the login's return URL with one read, and seals the reply into it. Runs nothing and stores nothing.
    ///
    /// # Errors
    /// [`ReturnRefused::Over`], [`ReturnRefused::TooLarge`], [`ReturnRefused::Unavailable`], [`ReturnRefused::Internal`].
    pub async fn return_to(
        &self,
        tenant: &Tenant,
        browser: &ReturnedBrowser,
        reply: &SealedReply,
    ) -> Result<Url, ReturnRefused> {
        browser.return_to(&self.parts, tenant, reply).await
    }
}
