//! What the IdP remembers, all of it on its own side.

use crate::config::{ACME, LAB};
use crate::journal::{Answered, Sso};
use axum::http::StatusCode;
use serde::Deserialize;
use std::collections::HashMap;

/// Answers that are kept.
const ANSWERS: usize = 50;
/// Open logins, and shown results, that are kept: the demo's browsers have one each.
const OPEN: usize = 1000;

/// What the IdP remembers.
#[derive(Default)]
pub(crate) struct Book {
    pub(super) transactions: HashMap<String, Transaction>,
    pub(super) sessions: HashMap<String, Sso>,
    pub(super) results: HashMap<String, Shown>,
    pub(super) answers: Vec<Answered>,
}

/// The tenant that a login goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tenant {
    /// The factor.
    #[default]
    Acme,
    /// The endless loop.
    Lab,
}

impl Tenant {
    /// Its name in the demo's configuration.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Acme => ACME,
            Self::Lab => LAB,
        }
    }
}

/// A login that waits for its browser, found by a cookie.
#[derive(Clone, Default)]
pub(super) struct Transaction {
    pub(super) user: &'static str,
    pub(super) tenant: Tenant,
    pub(super) login_id: String,
    pub(super) resume_key: String,
    /// Postlude's session id of this login: at continue it is this one, not the browser's current one.
    pub(super) session_id: Option<String>,
    /// Where the browser was sent.
    pub(super) location: String,
}

/// A page that a browser was sent to.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) text: String,
    pub(super) answered: Answered,
}

impl Book {
    pub(super) fn answered(&mut self, answered: Answered) {
        self.answers.push(answered);
        let surplus = self.answers.len().saturating_sub(ANSWERS);
        self.answers.drain(..surplus);
    }

    pub(super) fn keep(&mut self, id: &str, transaction: Transaction) {
        if self.transactions.len() >= OPEN {
            self.transactions.clear();
        }
        self.transactions.insert(id.to_owned(), transaction);
    }

    pub(super) fn show(&mut self, id: &str, shown: Shown) {
        if self.results.len() >= OPEN {
            self.results.clear();
        }
        self.results.insert(id.to_owned(), shown);
    }
}
