//! The description of a store: which versions of records may be in it, and which root keys it has had.

mod v1;

use super::kind::RecordKind;
use super::stored::{DecodeError, Stored, append, parse};
use postlude_model::names::Timestamp;

/// What a program must know of a store before it reads a record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Description {
    /// The newest version that a program wrote of each kind of record, by the first byte of the kind's keys.
    pub(crate) versions: Vec<(u8, u8)>,
    /// The root keys that were in use, oldest first, each by its public name and when it came into use.
    pub(crate) root_keys: Vec<(String, Timestamp)>,
}

/// Changes of root keys that are remembered; the oldest are forgotten.
const ROOT_KEYS: usize = 32;

impl Description {
    /// The description after a program that writes these versions used a root key.
    pub(crate) fn with(&self, versions: &[(u8, u8)], kid: &str, now: Timestamp) -> Self {
        let mut next = self.clone();
        for (kind, version) in versions {
            match next.versions.iter_mut().find(|(known, _)| known == kind) {
                Some((_, known)) => *known = (*known).max(*version),
                None => next.versions.push((*kind, *version)),
            }
        }
        if next.root_keys.last().is_none_or(|(last, _)| last != kid) {
            next.root_keys.push((kid.to_owned(), now));
            let surplus = next.root_keys.len().saturating_sub(ROOT_KEYS);
            next.root_keys.drain(..surplus);
        }
        next
    }

    /// When a root key was replaced by another one for the last time; none while it is in use, or was never.
    pub(crate) fn replaced_at(&self, kid: &str) -> Option<Timestamp> {
        let last = self.root_keys.iter().rposition(|(known, _)| known == kid)?;
        self.root_keys.get(last.saturating_add(1)).map(|(_, at)| *at)
    }
}

impl Stored for Description {
    const KIND: RecordKind = RecordKind::Description;
    const VERSION: u8 = 1;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        let root_keys = self.root_keys.iter().map(|(kid, at)| (kid.as_str(), at.0)).collect();
        append(&v1::Description { versions: self.versions.clone(), root_keys }, to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => {
                let v1::Description { versions, root_keys } = parse(body)?;
                let root_keys = root_keys.into_iter().map(|(kid, at)| (kid.to_owned(), Timestamp(at))).collect();
                Ok(Self { versions, root_keys })
            }
            other => Err(DecodeError::Version(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_replaced_when_the_next_comes_into_use() {
        let described = |keys: &[&str]| {
            let mut description = Description::default();
            for (at, kid) in (1..).zip(keys) {
                description = description.with(&[(1, 2)], kid, Timestamp(at));
            }
            description
        };
        let twice = described(&["a", "a", "b", "b"]);
        assert_eq!(twice.root_keys.len(), 2);
        assert_eq!((twice.replaced_at("a"), twice.replaced_at("b")), (Some(Timestamp(3)), None));
        assert_eq!(twice.replaced_at("never"), None);
        let back = described(&["a", "b", "a"]);
        assert_eq!((back.replaced_at("a"), back.replaced_at("b")), (None, Some(Timestamp(3))));
    }

    #[test]
    fn versions_never_fall() {
        let description = Description::default().with(&[(1, 2), (3, 1)], "a", Timestamp(1));
        let older = description.with(&[(1, 1)], "a", Timestamp(2));
        assert_eq!(older, description);
    }
}
