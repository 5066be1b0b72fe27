//! Validated names and identifiers: a value of these types cannot be malformed.

use serde::{Deserialize, Deserializer, Serialize};
use smol_str::SmolStr;
use std::fmt;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not {kind}: {rule}")]
pub struct NameError {
    kind: &'static str,
    value: String,
    rule: &'static str,
}

impl NameError {
    fn new(kind: &'static str, value: &str, rule: &'static str) -> Self {
        // A hostile name must not fill a log line.
        let value = value.chars().take(64).flat_map(char::escape_default).collect();
        Self { kind, value, rule }
    }
}

fn is_slug(text: &str, max: usize) -> bool {
    !text.is_empty()
        && text.len() <= max
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
}

fn is_visible_ascii(text: &str, max: usize) -> bool {
    !text.is_empty() && text.len() <= max && text.bytes().all(|b| b.is_ascii_graphic())
}

fn is_printable(text: &str, max: usize) -> bool {
    !text.is_empty() && text.len() <= max && !text.chars().any(char::is_control)
}

// A login copies its names a few dozen times, into keys, views and records: a copy of one allocates nothing.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(SmolStr);

        impl $name {
            /// Checks the text and takes it.
            ///
            /// # Errors
            /// When the text breaks the rule that the error names.
            pub fn new(text: impl Into<SmolStr>) -> Result<Self, NameError> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err(NameError::new($kind, &text, $rule)) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Self::new(SmolStr::deserialize(from)?).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

names! {
    /// A tenant: one IdP's name space.
    TenantName, "a tenant name", "1 to 32 characters a-z, 0-9 and -, not beginning with -", |t| is_slug(t, 32);
    /// An action's name within its pipeline.
    ActionName, "an action name", "1 to 64 characters a-z, 0-9 and -, not beginning with -", |t| is_slug(t, 64);
    /// A plugin's name, as its manifest and the configuration give it.
    PluginName, "a plugin name", "1 to 64 characters a-z, 0-9 and -, not beginning with -", |t| is_slug(t, 64);
    /// A group's name: actions of which one suffices.
    GroupName, "a group name", "1 to 64 characters a-z, 0-9 and -, not beginning with -", |t| is_slug(t, 64);
    /// A factor's name, URL-shaped and compared byte for byte.
    FactorName, "a factor name", "1 to 256 visible ASCII characters", |t| is_visible_ascii(t, 256);
    /// A login's identifier.
    LoginId, "a login id", "1 to 64 characters a-z, A-Z, 0-9, _ and -",
        |t| is_visible_ascii(t, 64) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    /// A session's identifier, the IdP's own or one that Postlude minted.
    SessionId, "a session id", "1 to 256 bytes without control characters", |t| is_printable(t, 256);
    /// A user's identifier at the IdP (`sub`).
    UserId, "a user id", "1 to 256 bytes without control characters", |t| is_printable(t, 256);
    /// An OAuth client's identifier.
    ClientId, "a client id", "1 to 256 bytes without control characters", |t| is_printable(t, 256);
    /// A bypass's identifier.
    BypassId, "a bypass id", "1 to 64 visible ASCII characters", |t| is_visible_ascii(t, 64);
    /// The identifier of one step of a login; a retry of the step has the same one.
    RunId, "a run id", "1 to 64 visible ASCII characters", |t| is_visible_ascii(t, 64);
}

macro_rules! derived {
    ($($name:ident)*) => {$(
        impl $name {
            /// An identifier of a prefix and the base64url text of some derived bytes (RFC 4648, section 5). Other
            /// characters are left out, so it is always well formed.
            #[must_use]
            pub fn derived(prefix: &'static str, text: &str) -> Self {
                let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
                Self(prefix.chars().chain(text.chars()).filter(plain).take(64).collect())
            }
        }
    )*};
}

derived! { LoginId SessionId RunId BypassId }

impl LoginId {
    /// Characters of an identifier's place: `lgn_` and 160 bits.
    const PLACE: usize = 31;
    /// Characters of what tells the bodies of one idempotency key apart: 48 bits.
    const BODY: usize = 8;

    /// The part of the identifier that follows from the idempotency key alone. There is one login in a place: whoever repeats a key with
    /// another body meets the first one's. What follows the place says which body began the login, so that another login in the same
    /// place, after a crash that forgot the first, is not taken for it.
    #[must_use]
    pub fn place(&self) -> &str {
        let is_whole = self.0.starts_with("lgn_") && self.0.len() == Self::PLACE + Self::BODY;
        self.0.get(..Self::PLACE).filter(|_| is_whole).unwrap_or(&self.0)
    }
}

/// The SHA-256 digest of a plugin file: its identity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// A digest of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hexadecimal digits, without the prefix.
    #[must_use]
    pub fn hex(&self) -> String {
        self.with_digits(str::to_owned)
    }

    /// Without an allocation: every login's record, answer and log name their plugins.
    fn with_digits<T>(&self, take: impl FnOnce(&str) -> T) -> T {
        let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
        let mut digits = [0; 64];
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        take(std::str::from_utf8(&digits).unwrap_or_default())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.with_digits(|digits| f.write_str(digits))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Digest {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let bad = || NameError::new("a digest", text, "`sha256:` and 64 hexadecimal digits");
        let hex = text
            .strip_prefix("sha256:")
            .filter(|h| h.len() == 64 && h.bytes().all(|b| b.is_ascii_hexdigit()))
            .ok_or_else(bad)?;
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let pair = hex.get(2 * at..2 * at + 2).ok_or_else(bad)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z, by the host's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// This time and a duration later, saturating.
    #[must_use]
    pub fn plus(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long ago `earlier` was; zero when it is in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Whole seconds since 1970, as a NumericDate (RFC 7519, section 2).
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0 / 1000
    }
}
