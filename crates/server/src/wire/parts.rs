//! Parts of answers that are written without being copied first.

use postlude_host::Rfc3339;
use postlude_model::json::Json;
use postlude_model::names::Timestamp;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// A time as RFC 3339 has it, in UTC with milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time(pub(crate) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&Rfc3339(self.0))
    }
}

/// The members of an object whose values are JSON texts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Members<'a> {
    Values(&'a BTreeMap<String, Json>),
    /// A merge patch (RFC 7396): null removes a member.
    Patch(&'a BTreeMap<String, Option<Json>>),
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Values(values) => to.collect_map(values.iter().map(|(name, value)| (name, value.to_value()))),
            Self::Patch(patch) => {
                let value = |value: &Option<Json>| value.as_ref().map(Json::to_value);
                to.collect_map(patch.iter().map(|(name, to)| (name, value(to))))
            }
        }
    }
}
