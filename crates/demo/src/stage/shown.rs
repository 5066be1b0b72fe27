//! What the page shows, and what it may load.

use crate::journal::Journal;
use crate::names::Names;
use crate::time::DemoTime;
use axum::http::{HeaderMap, header};
use std::sync::Arc;

/// The page, and what it shows.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) names: Names,
    pub(crate) journal: Arc<Journal>,
    pub(crate) time: DemoTime,
}

impl Stage {
    /// Scripts, styles and connections are the page's own; frames and forms lead to the demo's sites.
    pub(super) fn policy(&self) -> String {
        let sites = self.names.all_sites();
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self' {sites}; \
             form-action 'self' {sites}; base-uri 'none'; frame-ancestors 'none'"
        )
    }

    /// Whether a form was sent by this page and not by one that another site shows.
    pub(super) fn is_own(&self, headers: &HeaderMap) -> bool {
        let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
        origin.is_none_or(|origin| origin == self.names.stage())
    }
}
