//! What tells one device and network from another.

use postlude_sdk::{Context, Failure, Value};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes of a part's hash: nobody gains by two user agents that share one, and the session's metadata is small.
const HASH_BYTES: usize = 12;

/// What the operator sets; the manifest's schema is the contract.
#[derive(Debug, Deserialize)]
pub(crate) struct Settings {
    pub(crate) prompt_url: String,
    pub(crate) factor: String,
    device: Option<String>,
    network: Option<String>,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default = "Settings::ipv4")]
    ipv4_prefix: u32,
    #[serde(default = "Settings::ipv6")]
    ipv6_prefix: u32,
    #[serde(default = "Settings::five")]
    pub(crate) remember: usize,
}

impl Settings {
    const fn ipv4() -> u32 {
        24
    }
    const fn ipv6() -> u32 {
        48
    }
    const fn five() -> usize {
        5
    }
}

/// Each part that the settings name, hashed: later actions may read the session's metadata, and need not learn addresses
/// that they were not granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Place(BTreeMap<String, String>);

impl Place {
    /// Where this login comes from. What the IdP did not send counts as empty, and so as a change from what it sent before.
    pub(crate) fn of(cx: &Context, settings: &Settings) -> Result<Self, Failure> {
        let mut parts = BTreeMap::new();
        let mut add = |name: &str, value: String| parts.insert(name.to_owned(), hash(name, &value));
        if let Some(pointer) = &settings.device {
            add("device", without_versions(&text(cx, pointer)?));
        }
        if let Some(pointer) = &settings.network {
            add("network", network(&text(cx, pointer)?, settings));
        }
        for pointer in &settings.also {
            add(pointer, text(cx, pointer)?);
        }
        Ok(Self(parts))
    }

    /// The parts in which this place differs from the most similar known one: all of them where none is known.
    pub(crate) fn changed(&self, known: &[Self]) -> Vec<String> {
        let differing = |other: Option<&Self>| -> Vec<String> {
            let same = |name: &String, value: &String| other.is_some_and(|other| other.0.get(name) == Some(value));
            self.0.iter().filter(|(name, value)| !same(name, value)).map(|(name, _)| name.clone()).collect()
        };
        known.iter().map(|known| differing(Some(known))).min_by_key(Vec::len).unwrap_or_else(|| differing(None))
    }
}

fn text(cx: &Context, pointer: &str) -> Result<String, Failure> {
    Ok(match cx.event().get::<Value>(pointer)? {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    })
}

/// A browser updates itself every few weeks, and is the same device after it.
fn without_versions(user_agent: &str) -> String {
    user_agent.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '.' | '_')).collect()
}

fn network(address: &str, settings: &Settings) -> String {
    let keep = |all: u32, prefix: u32| all.saturating_sub(prefix);
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(keep(32, settings.ipv4_prefix)).unwrap_or(0);
            Ipv4Addr::from(u32::from(address) & mask).to_string()
        }
        Ok(IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(keep(128, settings.ipv6_prefix)).unwrap_or(0);
            Ipv6Addr::from(u128::from(address) & mask).to_string()
        }
        Err(_) => address.to_owned(),
    }
}

fn hash(name: &str, value: &str) -> String {
    let digest = Sha256::digest(format!("{name}\0{value}"));
    digest.iter().take(HASH_BYTES).fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
