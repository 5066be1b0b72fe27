//! What a run of the fake host can observe.

use super::exchange::Exchange;
use super::run::Cached;
use crate::error::TokenError;
use crate::records::Pairs;
use crate::session::Factor;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What a run can observe.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    pub(super) event: Value,
    pub(super) settings: Value,
    pub(super) mode: String,
    pub(super) asked_for: Option<String>,
    pub(super) method: String,
    pub(super) query: Pairs,
    pub(super) form: Pairs,
    pub(super) result: Result<Value, TokenError>,
    pub(super) stash: Option<Value>,
    pub(super) factors: Vec<Factor>,
    pub(super) silent: Vec<String>,
    pub(super) external: Vec<String>,
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) login_metadata: Map<String, Value>,
    pub(super) session_metadata: Map<String, Value>,
    pub(super) cache: BTreeMap<String, Cached>,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) now: u64,
    pub(super) seed: u64,
}

impl Default for Setup {
    /// An interactive login with an empty event, empty settings, no factors and an empty reply, on 2026-01-01.
    fn default() -> Self {
        Self {
            event: json!({}),
            settings: json!({}),
            mode: "interactive".to_owned(),
            asked_for: None,
            method: "GET".to_owned(),
            query: Vec::new(),
            form: Vec::new(),
            result: Err(TokenError::Missing),
            stash: None,
            factors: Vec::new(),
            silent: Vec::new(),
            external: Vec::new(),
            secrets: BTreeMap::new(),
            login_metadata: Map::new(),
            session_metadata: Map::new(),
            cache: BTreeMap::new(),
            exchanges: Vec::new(),
            now: 1_767_225_600_000,
            seed: 1,
        }
    }
}
