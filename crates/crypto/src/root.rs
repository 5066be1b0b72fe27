//! Root keys: 32 bytes outside the data directory, from which every other key derives.

use crate::labels;
use crate::prim::{self, RandomError};
use std::fmt;
use zeroize::Zeroizing;

/// What a root key's text begins with.
pub const ROOT_KEY_PREFIX: &str = "postlude-root-1.";

/// One root key. Its text is a secret and is neither `Debug` nor `Display`: see [`RootKey::to_text`].
#[derive(Clone)]
pub struct RootKey {
    bytes: Zeroizing<[u8; 32]>,
    kid: String,
}

/// Why a text is not a root key. No variant carries the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RootKeyError {
    /// The text is empty.
    #[error("the root key is empty; `postlude keys new root` makes one")]
    Empty,
    /// The text begins otherwise.
    #[error("the root key does not begin with `postlude-root-1.`; `postlude keys new root` makes one")]
    Prefix,
    /// What follows the prefix is not base64url.
    #[error("the root key is not base64url (RFC 4648, section 5) without padding after `postlude-root-1.`")]
    Encoding,
    /// The text does not hold 32 bytes.
    #[error("the root key has {0} bytes, not 32; part of it may be missing")]
    Length(usize),
}

impl RootKey {
    /// A root key of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let bytes = Zeroizing::new(bytes);
        let id = derive(&bytes, labels::KID, &[]);
        let kid = prim::encode(id.get(..6).unwrap_or_default());
        Self { bytes, kid }
    }

    /// A new root key from the operating system's random numbers.
    ///
    /// # Errors
    /// When the operating system has none.
    pub fn generate() -> Result<Self, RandomError> {
        prim::random().map(Self::from_bytes)
    }

    /// Reads the text form, with white space around it (a file ends with a line feed).
    ///
    /// # Errors
    /// When the text is not `postlude-root-1.` and 32 bytes in base64url.
    pub fn parse(text: &str) -> Result<Self, RootKeyError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(RootKeyError::Empty);
        }
        let body = text.strip_prefix(ROOT_KEY_PREFIX).ok_or(RootKeyError::Prefix)?;
        let bytes = Zeroizing::new(prim::decode(body).ok_or(RootKeyError::Encoding)?);
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| RootKeyError::Length(bytes.len()))?;
        Ok(Self::from_bytes(bytes))
    }

    /// The text form: for the file or secret store that keeps the key, and for nothing else.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{ROOT_KEY_PREFIX}{}", prim::encode(self.bytes.as_slice()))
    }

    /// The key's public name: 8 characters of base64url, derived from the key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key for one purpose: HKDF-SHA256 (RFC 5869) over the label and the context, each with its length.
    #[must_use]
    pub fn derive(&self, label: &str, context: &[&[u8]]) -> [u8; 32] {
        derive(&self.bytes, label, context)
    }
}

fn derive(root: &[u8; 32], label: &str, context: &[&[u8]]) -> [u8; 32] {
    let parts: Vec<&[u8]> =
        [b"postlude".as_slice(), label.as_bytes()].into_iter().chain(context.iter().copied()).collect();
    prim::hkdf(root, &prim::frame(&parts))
}

impl std::str::FromStr for RootKey {
    type Err = RootKeyError;
    fn from_str(text: &str) -> Result<Self, RootKeyError> {
        Self::parse(text)
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootKey({})", self.kid)
    }
}

/// The root key in use, and those before it that are still honoured.
#[derive(Debug, Clone)]
pub struct RootKeys {
    /// Makes everything new.
    pub current: RootKey,
    /// Only check what they made.
    pub previous: Vec<RootKey>,
}

/// Two root keys of a host are the same one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the root key with kid `{0}` occurs twice; remove it from `previous_root_keys`")]
pub struct RepeatedRootKey(String);

impl RootKeys {
    /// One root key and its predecessors.
    ///
    /// # Errors
    /// When two have the same `kid`, since a state could not say which one made it.
    pub fn new(current: RootKey, previous: Vec<RootKey>) -> Result<Self, RepeatedRootKey> {
        let keys = Self { current, previous };
        let mut seen = std::collections::BTreeSet::new();
        let twice = keys.all().find(|key| !seen.insert(key.kid())).map(|key| RepeatedRootKey(key.kid().to_owned()));
        twice.map_or(Ok(keys), Err)
    }

    /// One root key without predecessors.
    #[must_use]
    pub const fn only(current: RootKey) -> Self {
        Self { current, previous: Vec::new() }
    }

    /// All of them, the current one first.
    pub fn all(&self) -> impl Iterator<Item = &RootKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

/// A key derived from each root key, the current one's first, in the form in which it is used.
#[derive(Clone)]
pub(crate) struct Derived<K> {
    current: (String, K),
    previous: Vec<(String, K)>,
}

impl<K> Derived<K> {
    /// Derives the keys, and makes each ready.
    pub(crate) fn new(roots: &RootKeys, label: &str, context: &[&[u8]], ready: impl Fn(&[u8; 32]) -> K) -> Self {
        let one = |root: &RootKey| (root.kid().to_owned(), ready(&Zeroizing::new(root.derive(label, context))));
        Self { current: one(&roots.current), previous: roots.previous.iter().map(one).collect() }
    }

    pub(crate) const fn current(&self) -> &K {
        &self.current.1
    }

    pub(crate) fn previous(&self) -> impl Iterator<Item = &K> {
        self.previous.iter().map(|(_, key)| key)
    }

    pub(crate) fn kid(&self) -> &str {
        &self.current.0
    }

    pub(crate) fn by_kid(&self, kid: &str) -> Option<&K> {
        std::iter::once(&self.current).chain(&self.previous).find(|(of, _)| of == kid).map(|(_, key)| key)
    }

    /// Whether a MAC by any of the keys is `presented`; the time depends on the number of keys only.
    pub(crate) fn any(&self, mac: impl Fn(&K) -> Vec<u8>, presented: &[u8]) -> bool {
        self.which(mac, presented).is_some()
    }

    /// By which of the keys `presented` is the MAC: 0 is the current one. The time depends on the number of keys only.
    pub(crate) fn which(&self, mac: impl Fn(&K) -> Vec<u8>, presented: &[u8]) -> Option<usize> {
        let keys = std::iter::once(&self.current).chain(&self.previous).enumerate();
        keys.fold(None, |found, (at, (_, key))| found.or(prim::same(&mac(key), presented).then_some(at)))
    }

    /// The public names of the root keys, the current one's first.
    pub(crate) fn kids(&self) -> Vec<String> {
        std::iter::once(&self.current).chain(&self.previous).map(|(kid, _)| kid.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_reads_back_with_its_line_feed() {
        let key = RootKey::generate().unwrap();
        let again = RootKey::parse(&format!("{}\n", key.to_text())).unwrap();
        assert_eq!((key.kid(), key.derive("x", &[])), (again.kid(), again.derive("x", &[])));
        assert_eq!(key.kid().len(), 8);
        assert_ne!(key.kid(), RootKey::generate().unwrap().kid());
    }

    #[test]
    fn each_mistake_has_its_error() {
        let text = RootKey::from_bytes([7; 32]).to_text();
        let cases = [
            (" \n".to_owned(), RootKeyError::Empty),
            (text.replace("root-1", "root-2"), RootKeyError::Prefix),
            (format!("{text}="), RootKeyError::Encoding),
            (text.chars().take(text.len() - 3).collect(), RootKeyError::Length(30)),
            (format!("{ROOT_KEY_PREFIX}{}", prim::encode([7; 33])), RootKeyError::Length(33)),
        ];
        for (bad, error) in cases {
            assert_eq!(RootKey::parse(&bad).unwrap_err(), error);
        }
    }

    #[test]
    fn debug_shows_the_kid_only() {
        let key = RootKey::from_bytes([7; 32]);
        assert_eq!(format!("{key:?}"), format!("RootKey({})", key.kid()));
    }

    #[test]
    fn label_and_context_are_never_confused() {
        let key = RootKey::from_bytes([7; 32]);
        let all = [
            key.derive("a", &[b"bc"]),
            key.derive("ab", &[b"c"]),
            key.derive("a", &[b"b", b"c"]),
            key.derive("abc", &[]),
            key.derive("abc", &[b""]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(one));
        }
    }

    #[test]
    fn a_root_key_twice_is_refused() {
        let key = |n| RootKey::from_bytes([n; 32]);
        assert!(RootKeys::new(key(1), vec![key(2), key(3)]).is_ok());
        assert!(RootKeys::new(key(1), vec![key(1)]).is_err());
        let error = RootKeys::new(key(1), vec![key(2), key(2)]).unwrap_err();
        assert!(error.to_string().contains(key(2).kid()));
    }
}
