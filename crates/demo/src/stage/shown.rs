//! What the page shows, and what it may load.

use super::editor::Editor;
use crate::journal::Journal;
use crate::names::Names;
use crate::time::DemoTime;
use axum::http::{HeaderMap, header};
use std::sync::{Arc, Mutex, PoisonError};

/// The page, and what it shows.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) names: Names,
    pub(crate) journal: Arc<Journal>,
    pub(crate) time: DemoTime,
    pub(crate) theme: Theme,
}

/// What the page is about.
#[derive(Clone)]
pub(crate) enum Theme {
    /// The story of the demo, with a plugin to change.
    Demo(Arc<Editor>),
    /// A partner's plugin.
    Plugin(Arc<Mutex<PluginStatus>>),
}

/// How it stands with a plugin that a partner works on.
#[derive(Debug, Clone, Default)]
pub(crate) struct PluginStatus {
    /// Its name.
    pub(crate) name: String,
    /// What is in force.
    pub(crate) about: String,
    /// Why the newest version is not.
    pub(crate) failure: Option<String>,
}

impl Theme {
    /// The plugin to change, where there is one.
    pub(super) fn editor(&self) -> Option<&Arc<Editor>> {
        match self {
            Self::Demo(editor) => Some(editor),
            Self::Plugin(_) => None,
        }
    }

    /// How it stands with the plugin, where the page is about one.
    pub(super) fn status(&self) -> Option<PluginStatus> {
        match self {
            Self::Demo(_) => None,
            Self::Plugin(status) => Some(status.lock().unwrap_or_else(PoisonError::into_inner).clone()),
        }
    }
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
