//! Typed code, tried with one login of a tenant of its own before it decides about anybody.

use crate::journal::USERS;
use crate::names::{Names, Site};
use crate::site::idp::text;
use anyhow::{Context as _, Result, anyhow, bail};
use postlude_crypto::api_key::{generate_api_key, sha256_hex};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

/// Tries code.
pub(crate) struct Trial {
    /// The origin of Postlude's API.
    api: String,
    names: Names,
    http: reqwest::Client,
    key: String,
    /// Trials so far: each login has an idempotency key of its own.
    count: AtomicU64,
}

impl Trial {
    /// Trials with a new key, which is written nowhere.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub(crate) fn new(api: String, names: Names, http: reqwest::Client) -> Result<Self> {
        Ok(Self { api, names, http, key: generate_api_key()?, count: AtomicU64::default() })
    }

    /// What the configuration says of code that is tried.
    pub(super) fn tried<'a>(&'a self, source: &'a str) -> (&'a str, &'a str) {
        (source, &self.key)
    }

    /// Runs the code that the tenant has now, as at a login of ana's.
    ///
    /// # Errors
    /// When the code did not come to a decision: why.
    pub(super) async fn run(&self) -> Result<()> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let [(user, email), ..] = USERS;
        let body = json!({
            "trigger": "post-login", "mode": "interactive",
            "return_url": format!("{}/interaction/return", self.names.site(Site::Idp)),
            "event": {
                "user": { "user_id": user, "email": email, "email_verified": true },
                "client": { "client_id": "demo-app" },
            },
        });
        let request = self.http.post(format!("{}/v1/logins", self.api)).bearer_auth(&self.key);
        // The next start of a demo whose data are kept begins to count again, with another key.
        let once = format!("{number}-{}", sha256_hex(&self.key));
        let request = request.header("Idempotency-Key", once).json(&body);
        let answer = request.send().await.context("the trial's login got no answer")?;
        let answer: Value = answer.json().await.context("the trial's login got no answer")?;
        let actions = answer.get("actions").and_then(Value::as_array).context("the trial's login was refused")?;
        let action = actions.first().ok_or_else(|| anyhow!("the trial's login ran nothing"))?;
        if text(action, "decision") == "failed" {
            bail!("{}", text(action, "why"));
        }
        Ok(())
    }
}
