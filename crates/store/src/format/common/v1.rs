//! Version 1 of what several kinds of records contain. Frozen: it is never changed, only followed by another version.

use crate::format::stored::DecodeError;
use postlude_model::cache::CacheEntry;
use postlude_model::json::Json;
use postlude_model::names;
use postlude_model::names::{NameError, Timestamp};
use postlude_model::policy::bypass;
use postlude_model::run::Metadata;
use postlude_model::session::{FactorRecord, RecordKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::str::FromStr;

/// A map of texts, as pairs in the order of their keys.
pub(crate) type Pairs<'a> = Vec<(&'a str, &'a str)>;

/// A map of JSON texts as pairs.
pub(crate) fn pairs(map: &BTreeMap<String, Json>) -> Pairs<'_> {
    map.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

/// Metadata, or any map of JSON values, from its pairs.
pub(crate) fn metadata(pairs: Pairs<'_>) -> Result<Metadata, DecodeError> {
    pairs.into_iter().map(|(key, value)| Ok((key.to_owned(), Json::parse(value)?))).collect()
}

/// An optional JSON value from its text.
pub(crate) fn json(text: Option<&str>) -> Result<Option<Json>, DecodeError> {
    Ok(text.map(Json::parse).transpose()?)
}

/// An optional name from its text.
pub(crate) fn name<T: FromStr<Err = NameError>>(text: Option<&str>) -> Result<Option<T>, DecodeError> {
    Ok(text.map(str::parse).transpose()?)
}

/// A plugin's digest: the text `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digest(pub(crate) names::Digest);

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&str>::deserialize(from)?.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// A recorded factor.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Factor<'a> {
    name: &'a str,
    completed_at: u64,
    digest: Digest,
    action: &'a str,
    login_id: &'a str,
    client_id: &'a str,
    uses: u32,
    last_used_at: u64,
    epoch: u64,
    evidence: Option<&'a str>,
}

impl<'a> From<&'a FactorRecord> for Factor<'a> {
    fn from(record: &'a FactorRecord) -> Self {
        Self {
            name: record.name.as_str(),
            completed_at: record.completed_at.0,
            digest: Digest(record.digest),
            action: record.action.as_str(),
            login_id: record.login_id.as_str(),
            client_id: record.client_id.as_str(),
            uses: record.uses,
            last_used_at: record.last_used_at.0,
            epoch: record.epoch,
            evidence: record.evidence.as_ref().map(Json::as_str),
        }
    }
}

impl TryFrom<Factor<'_>> for FactorRecord {
    type Error = DecodeError;
    fn try_from(stored: Factor<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: stored.name.parse()?,
            completed_at: Timestamp(stored.completed_at),
            digest: stored.digest.0,
            action: stored.action.parse()?,
            login_id: stored.login_id.parse()?,
            client_id: stored.client_id.parse()?,
            uses: stored.uses,
            last_used_at: Timestamp(stored.last_used_at),
            epoch: stored.epoch,
            orders_seen: None,
            evidence: json(stored.evidence)?,
        })
    }
}

/// The key of a recorded factor within its session.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FactorKey<'a> {
    name: &'a str,
    login_id: &'a str,
    completed_at: u64,
}

impl<'a> From<&'a RecordKey> for FactorKey<'a> {
    fn from(key: &'a RecordKey) -> Self {
        Self { name: key.name.as_str(), login_id: key.login_id.as_str(), completed_at: key.completed_at.0 }
    }
}

impl TryFrom<FactorKey<'_>> for RecordKey {
    type Error = DecodeError;
    fn try_from(stored: FactorKey<'_>) -> Result<Self, DecodeError> {
        let (name, login_id) = (stored.name.parse()?, stored.login_id.parse()?);
        Ok(Self { name, login_id, completed_at: Timestamp(stored.completed_at) })
    }
}

/// A one-time bypass.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Bypass<'a> {
    id: &'a str,
    user_id: &'a str,
    #[serde(borrow)]
    target: Target<'a>,
    reason: &'a str,
    issued_by: &'a str,
    issued_at: u64,
    expires_at: u64,
    epoch: u64,
    #[serde(borrow)]
    used: Option<BypassUse<'a>>,
}

/// What a bypass is for.
#[derive(Debug, Serialize, Deserialize)]
enum Target<'a> {
    Action(&'a str),
    Factor(&'a str),
}

/// The login that used a bypass up.
#[derive(Debug, Serialize, Deserialize)]
struct BypassUse<'a> {
    login_id: &'a str,
    at: u64,
}

impl<'a> From<&'a bypass::Bypass> for Bypass<'a> {
    fn from(bypass: &'a bypass::Bypass) -> Self {
        Self {
            id: bypass.id.as_str(),
            user_id: bypass.user_id.as_str(),
            target: match &bypass.target {
                bypass::Target::Action(name) => Target::Action(name.as_str()),
                bypass::Target::Factor(name) => Target::Factor(name.as_str()),
            },
            reason: &bypass.reason,
            issued_by: &bypass.issued_by,
            issued_at: bypass.issued_at.0,
            expires_at: bypass.expires_at.0,
            epoch: bypass.epoch,
            used: bypass.used.as_ref().map(|used| BypassUse { login_id: used.login_id.as_str(), at: used.at.0 }),
        }
    }
}

impl TryFrom<Bypass<'_>> for bypass::Bypass {
    type Error = DecodeError;
    fn try_from(stored: Bypass<'_>) -> Result<Self, DecodeError> {
        let used = |used: BypassUse<'_>| {
            Ok::<_, DecodeError>(bypass::BypassUse { login_id: used.login_id.parse()?, at: Timestamp(used.at) })
        };
        Ok(Self {
            id: stored.id.parse()?,
            user_id: stored.user_id.parse()?,
            target: match stored.target {
                Target::Action(name) => bypass::Target::Action(name.parse()?),
                Target::Factor(name) => bypass::Target::Factor(name.parse()?),
            },
            reason: stored.reason.to_owned(),
            issued_by: stored.issued_by.to_owned(),
            issued_at: Timestamp(stored.issued_at),
            expires_at: Timestamp(stored.expires_at),
            epoch: stored.epoch,
            used: stored.used.map(used).transpose()?,
        })
    }
}

/// A value of an action's cache.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CacheValue<'a> {
    value: &'a str,
    expires_at: u64,
}

impl<'a> From<&'a CacheEntry> for CacheValue<'a> {
    fn from(entry: &'a CacheEntry) -> Self {
        Self { value: entry.value.as_str(), expires_at: entry.expires_at.0 }
    }
}

impl TryFrom<CacheValue<'_>> for CacheEntry {
    type Error = DecodeError;
    fn try_from(stored: CacheValue<'_>) -> Result<Self, DecodeError> {
        Ok(Self { value: Json::parse(stored.value)?, expires_at: Timestamp(stored.expires_at) })
    }
}
