//! The IdP's calls of Postlude, each told to the journal as it was really sent and answered.

use super::book::Tenant;
use crate::config::IdpKeys;
use crate::journal::{Answered, Draft, Journal, Party, Visit};
use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one call of Postlude may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// Calls Postlude.
pub(crate) struct PostludeClient {
    /// The origin of its API.
    pub(crate) api: String,
    /// The IdP's keys there.
    pub(crate) keys: IdpKeys,
    pub(crate) http: reqwest::Client,
    /// Where the calls are told.
    pub(crate) messages: Arc<Journal>,
}

/// A call.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) tenant: Tenant,
    pub(super) path: &'a str,
    /// The idempotency key.
    pub(super) key: Option<&'a str>,
    pub(super) body: &'a Value,
    /// What it is about, for people.
    pub(super) what: &'a str,
}

impl PostludeClient {
    /// Calls Postlude, once more after a failure with the same key and bytes; whatever is no answer in the end is a denial.
    pub(super) async fn call(&self, visit: Option<&Visit>, call: Call<'_>) -> Answered {
        let answered = self.call_once(visit, call).await;
        if matches!(answered.status, 0 | 502..=504) { self.call_once(visit, call).await } else { answered }
    }

    async fn call_once(&self, visit: Option<&Visit>, call: Call<'_>) -> Answered {
        let bearer = match call.tenant {
            Tenant::Acme => &self.keys.acme,
            Tenant::Lab => &self.keys.lab,
        };
        let request = self.http.post(format!("{}{}", self.api, call.path)).bearer_auth(bearer).timeout(DEADLINE);
        let request = call.key.into_iter().fold(request, |request, key| request.header("Idempotency-Key", key));
        let answered = |status, body, took| Answered { call: call.what.to_owned(), status, body, took };
        let Ok(request) = request.json(call.body).build() else { return answered(0, Value::Null, Duration::ZERO) };
        self.tell(visit, || {
            let bytes = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
            Draft::request(Party::Idp, Party::Postlude, "POST", request.url().as_str(), request.headers(), bytes)
        });
        let began = Instant::now();
        let (status, headers, bytes) = match self.http.execute(request).await {
            Ok(response) => {
                let (status, headers) = (response.status().as_u16(), response.headers().clone());
                (status, headers, response.bytes().await.unwrap_or_default())
            }
            Err(_) => (0, HeaderMap::new(), Bytes::new()),
        };
        let took = began.elapsed();
        self.tell(visit, || Draft::answer(Party::Postlude, Party::Idp, status, &headers, &bytes, took));
        answered(status, serde_json::from_slice(&bytes).unwrap_or_default(), took)
    }

    fn tell(&self, visit: Option<&Visit>, draft: impl FnOnce() -> Draft) {
        if let Some(visit) = visit {
            self.messages.record(visit.flow, draft());
        }
    }
}
