//! The browser is back from its prompt, at the continue URL: its reply is sealed for the IdP. Nothing is run, nothing is stored.

use super::parts::LoginParts;
use crate::log_context;
use crate::tenant::Tenant;
use postlude_config::REPLY_PARAMETER;
use postlude_crypto::handles::StateError;
use postlude_crypto::seal::{SealError, SealedReply};
use postlude_model::handle::StateClaims;
use postlude_model::login::Status;
use url::Url;

/// A browser that brought a state of an open login.
#[derive(Debug)]
pub struct ReturnedBrowser {
    /// The state as the browser brought it.
    pub state: String,
    claims: StateClaims,
}

/// Why a browser is not sent on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReturnRefused {
    /// The state is not one of this tenant.
    #[error("the state is not one of this tenant")]
    NotOurs,
    /// The login took too long, was finished, or was ended.
    #[error("the login of this state is over")]
    Over,
    /// The reply does not fit a URL.
    #[error("the reply is too large to be sealed")]
    TooLarge,
    /// The store does not answer; the login is still open. The cause is for the log alone.
    #[error("the store did not answer: {0}")]
    Unavailable(String),
    /// A defect. The cause is for the log alone.
    #[error("the reply was not sealed: {0}")]
    Internal(String),
}

impl ReturnedBrowser {
    /// The state first: a browser that has none does not get to send a body.
    pub(super) fn check(parts: &LoginParts, tenant: &Tenant, state: String) -> Result<Self, ReturnRefused> {
        match tenant.handles.verify_state(&state, parts.services.clock.now()) {
            Ok(claims) if claims.epoch == parts.services.store.epoch() => Ok(Self { state, claims }),
            Ok(_) | Err(StateError::Expired(_)) => Err(ReturnRefused::Over),
            Err(_) => Err(ReturnRefused::NotOurs),
        }
    }

    pub(super) async fn return_to(
        &self,
        parts: &LoginParts,
        tenant: &Tenant,
        reply: &SealedReply,
    ) -> Result<Url, ReturnRefused> {
        let record = match parts.services.store.login(&tenant.name, &self.claims.login_id).await {
            Ok(Some(record)) if !matches!(record.status, Status::Ended(_)) => record,
            Ok(_) => return Err(ReturnRefused::Over),
            Err(why) => return Err(ReturnRefused::Unavailable(why.to_string())),
        };
        let sealed = tenant.sealer.seal(reply).map_err(|why| match why {
            SealError::TooLarge { .. } => ReturnRefused::TooLarge,
            why => ReturnRefused::Internal(why.to_string()),
        })?;
        log_context::set_login_id(&record.id);
        log_context::set_tenant(&tenant.name);
        tracing::info!(step = self.claims.step, method = %reply.method, "browser is back from the prompt");
        let url = record.return_url.as_deref().and_then(|url| Url::parse(url).ok());
        let mut url = url.ok_or(ReturnRefused::Over)?;
        url.query_pairs_mut().append_pair(REPLY_PARAMETER, &sealed);
        Ok(url)
    }
}
