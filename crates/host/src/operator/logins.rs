//! The logins of a tenant: lists, page by page, and one record with the session as it is now.

use crate::error::HostError;
use crate::services::Services;
use crate::sessions::Sessions;
use crate::tenants::Caller;
use postlude_model::login::LoginRecord;
use postlude_model::names::{LoginId, Timestamp, UserId};
use postlude_model::recording::Recording;
use postlude_model::session::Session;
use postlude_store::Page;
use std::sync::Arc;

/// The logins of a tenant, for its operators.
#[derive(Debug)]
pub struct LoginLists {
    services: Arc<Services>,
    sessions: Sessions,
}

/// The login after which a page begins: when it began, and its id.
pub type AfterLogin = (Timestamp, LoginId);

/// A login's record, so that the login explains itself across suspend and resume.
#[derive(Debug, Clone)]
pub struct LoginDetail {
    /// The record.
    pub record: LoginRecord,
    /// The session as it is now, with the factors that count; none where nothing is stored of it.
    pub session: Option<Session>,
    /// The host's clock, to which the record's times compare.
    pub now: Timestamp,
}

impl LoginLists {
    pub(super) const fn new(services: Arc<Services>, sessions: Sessions) -> Self {
        Self { services, sessions }
    }

    /// A page of login records: a user's, the newest first, or all of the tenant's in an order that says nothing about time.
    ///
    /// # Errors
    /// [`HostError::Unavailable`].
    pub async fn page(
        &self,
        caller: &Caller,
        user: Option<&UserId>,
        after: Option<&AfterLogin>,
        most: usize,
    ) -> Result<Page<LoginRecord>, HostError> {
        let (store, tenant) = (&self.services.store, &caller.tenant.name);
        let page = match user {
            Some(user) => store.logins_of(tenant, user, after, most).await,
            None => store.logins(tenant, after.map(|(_, id)| id), most).await,
        };
        page.map_err(HostError::unavailable)
    }

    /// One record.
    ///
    /// # Errors
    /// [`HostError::LoginUnknown`], [`HostError::LoginUncertain`], [`HostError::Unavailable`].
    pub async fn detail(&self, caller: &Caller, id: &LoginId) -> Result<LoginDetail, HostError> {
        let record = self.services.login(&caller.tenant.name, id).await?;
        let session = match &record.subject.session_id {
            Some(id) => self.sessions.current(&caller.tenant, id).await?.stored,
            None => None,
        };
        let counting = |session| self.sessions.with_counting_factors(&caller.tenant, Arc::unwrap_or_clone(session));
        Ok(LoginDetail { record, session: session.map(counting), now: self.services.clock.now() })
    }

    /// The runs of a login with what they could observe, to be replayed. No secret, no key and no live handle is in it.
    ///
    /// # Errors
    /// [`HostError::RecordingUnknown`] where they are not kept.
    pub fn recording(&self, caller: &Caller, id: &LoginId) -> Result<Recording, HostError> {
        let recording = self.services.recordings.of(&caller.tenant.name, id);
        recording.map_err(|why| HostError::RecordingUnknown(why.to_string()))
    }
}
