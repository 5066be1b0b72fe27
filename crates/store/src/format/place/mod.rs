//! Where a store was written, so that a copy of its folder is told from the folder.

mod v1;

use super::kind::RecordKind;
use super::stored::{DecodeError, Stored, append, parse};

/// What tells a folder from its copies: the lock file in it, which is made once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file's inode.
    pub(crate) inode: u64,
    /// When the file was made, in ns since 1970; none where the file system does not say.
    pub(crate) born: Option<u64>,
}

impl Place {
    /// Whether a store that was written there cannot have been written here. Some file systems give a file another inode after a
    /// restart, so the inode counts only where nothing else is known.
    pub(crate) fn is_elsewhere(&self, here: &Self) -> bool {
        match (self.born, here.born) {
            (Some(one), Some(other)) => one != other,
            _ => self.inode != here.inode,
        }
    }
}

impl Stored for Place {
    const KIND: RecordKind = RecordKind::Place;
    const VERSION: u8 = 1;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        append(&v1::Place { inode: self.inode, born: self.born }, to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => {
                let v1::Place { inode, born } = parse(body)?;
                Ok(Self { inode, born })
            }
            other => Err(DecodeError::Version(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_born_later() {
        let place = |inode, born| Place { inode, born };
        assert!(place(1, Some(5)).is_elsewhere(&place(1, Some(6))));
        assert!(!place(1, Some(5)).is_elsewhere(&place(2, Some(5))), "inodes may change");
        assert!(place(1, None).is_elsewhere(&place(2, Some(5))));
        assert!(!place(1, None).is_elsewhere(&place(1, Some(5))));
        assert_eq!(Place::read(1, &place(1, Some(5)).write(Vec::new()).unwrap()), Ok(place(1, Some(5))));
        assert_eq!(place(300, Some(1)).write(Vec::new()).unwrap(), [172, 2, 1, 1], "the bytes of version 1");
    }
}
