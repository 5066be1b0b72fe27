//! Segments: files of frames, of logins that live about equally long.
//!
//! `<number>.log` begins with 32 bytes: magic, version, the segment's lifetime class, its number, CRC-32. Frames follow.
//! `<number>.index` is there once the segment is sealed.

use super::entries::Entries;
use super::frame::{self, Entry, Place};
use super::index::{Index, Summary};
use crate::api::StoreError;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes before the first frame.
pub(crate) const HEAD_BYTES: u64 = 32;

const MAGIC: [u8; 8] = *b"PLLOGINS";
const VERSION: u8 = 1;

/// The lifetime class of a segment: records of one class live equally long, but for a quarter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class(u8);

impl Class {
    /// The class of a login: four for each doubling of the time from its writing to its expiry.
    pub(crate) fn of(entry: &Entry) -> Self {
        let lifetime = entry.expires_at.saturating_sub(entry.changed_at).max(4);
        let octave = lifetime.ilog2();
        let quarter = (lifetime >> (octave - 2)) & 3;
        Self(u8::try_from(u64::from(octave) * 4 + quarter).unwrap_or(u8::MAX))
    }

    /// Within how many ms the logins of one segment are written: a sixteenth of their lifetime, which is how long the disk may
    /// keep them beyond it; at least an hour.
    pub(crate) fn span(self) -> u64 {
        let (octave, quarter) = (self.0 / 4, u64::from(self.0 % 4));
        let lifetime = (4 + quarter).checked_shl(u32::from(octave).saturating_sub(2)).unwrap_or(u64::MAX);
        (lifetime / 16).max(60 * 60 * 1000)
    }
}

/// A segment that is written to.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) number: u64,
    pub(crate) file: Arc<File>,
    pub(crate) entries: Entries,
    /// What it holds; its length is that of the whole frames.
    pub(crate) summary: Summary,
    /// The class of the first login, and the host's clock when it was written.
    pub(crate) began: Option<(Class, u64)>,
}

impl Active {
    pub(crate) fn new(number: u64, file: Arc<File>) -> Self {
        let summary = Summary { length: HEAD_BYTES, ..Summary::default() };
        Self { number, file, entries: Entries::default(), summary, began: None }
    }

    /// Notes a login that was written.
    pub(crate) fn push(&mut self, entry: &Entry) {
        let Summary { logins, length, expires_at, changed_at } = self.summary;
        self.summary = Summary {
            logins: logins.saturating_add(1),
            length: length.max(entry.place.end()),
            expires_at: expires_at.max(entry.expires_at),
            changed_at: changed_at.max(entry.changed_at),
        };
        self.began.get_or_insert_with(|| (Class::of(entry), entry.changed_at));
        self.entries.push(entry);
    }
}

/// A segment that is written to no more.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) number: u64,
    pub(crate) file: Arc<File>,
    pub(crate) index: Index,
    /// A page of the index is damaged: it is made anew by the next sweep.
    index_damaged: AtomicBool,
}

impl Sealed {
    pub(crate) const fn new(number: u64, file: Arc<File>, index: Index) -> Self {
        Self { number, file, index, index_damaged: AtomicBool::new(false) }
    }

    pub(crate) fn is_damaged(&self) -> bool {
        self.index_damaged.load(Ordering::Relaxed)
    }

    /// An error of the index, for the caller.
    pub(crate) fn failed(&self, why: &io::Error) -> StoreError {
        if why.kind() != ErrorKind::InvalidData {
            return StoreError::Failed(why.to_string());
        }
        self.index_damaged.store(true, Ordering::Relaxed);
        StoreError::Unreadable(
            "index of logins",
            format!("{why} damaged in segment {:x}; it will be made anew", self.number),
        )
    }
}

/// All segments, as readers see them.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    pub(crate) active: std::collections::BTreeMap<Class, Active>,
    /// In the order of their numbers.
    pub(crate) sealed: Vec<Arc<Sealed>>,
}

/// The files of a segment.
#[derive(Debug)]
pub(crate) struct Paths {
    pub(crate) log: PathBuf,
    pub(crate) index: PathBuf,
}

impl Paths {
    pub(crate) fn new(folder: &Path, number: u64) -> Self {
        let file = |ending: &str| folder.join(format!("{number:016x}.{ending}"));
        Self { log: file("log"), index: file("index") }
    }

    /// The number of a segment, from its file's name.
    pub(crate) fn number(name: &str) -> Option<u64> {
        let digits = name.strip_suffix(".log")?;
        (digits.len() == 16).then(|| u64::from_str_radix(digits, 16).ok()).flatten()
    }

    /// Makes a new segment's file.
    pub(crate) fn create(&self, number: u64, class: Class) -> io::Result<File> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).mode(0o600).open(&self.log)?;
        if let Err(why) = file.write_all_at(&head(number, class), 0) {
            let _ = std::fs::remove_file(&self.log);
            return Err(why);
        }
        Ok(file)
    }
}

/// What the head of a segment's file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    Whole(Class),
    Damaged,
    /// A newer version of this program wrote it.
    Newer,
}

pub(crate) fn read_head(file: &File) -> io::Result<Head> {
    let mut bytes = [0; HEAD_BYTES as usize];
    match file.read_exact_at(&mut bytes, 0) {
        Err(why) if why.kind() == ErrorKind::UnexpectedEof => return Ok(Head::Damaged),
        read => read?,
    }
    let Some((checked, crc)) = bytes.split_last_chunk::<4>() else { return Ok(Head::Damaged) };
    Ok(match checked.strip_prefix(&MAGIC) {
        Some([version, class, ..]) if crc32fast::hash(checked) == u32::from_le_bytes(*crc) => {
            if *version > VERSION {
                Head::Newer
            } else {
                Head::Whole(Class(*class))
            }
        }
        _ => Head::Damaged,
    })
}

fn head(number: u64, class: Class) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&[VERSION, class.0, 0, 0, 0, 0, 0, 0]);
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.resize(HEAD_BYTES as usize - 4, 0);
    let crc = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// Reads a frame; its record stands behind [`frame::HEAD_BYTES`] bytes of what is returned. None where it is damaged.
pub(crate) fn read_frame(file: &File, place: Place) -> io::Result<Option<Vec<u8>>> {
    if place.frame_bytes() > frame::HEAD_BYTES + frame::RECORD_BYTES {
        return Ok(None);
    }
    let mut bytes = vec![0; place.frame_bytes()];
    match file.read_exact_at(&mut bytes, place.offset) {
        Err(why) if why.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    Ok(frame::parse(&bytes, place.offset).is_some().then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_of_one_class_differ_by_a_quarter() {
        let class =
            |lifetime: u64| Class::of(&Entry { changed_at: 1000, expires_at: 1000 + lifetime, ..Entry::default() });
        let day = 24 * 3600 * 1000;
        assert_eq!(class(day), class(day - day / 100));
        assert_ne!(class(day), class(day + day / 4));
        assert_ne!(class(day), class(day * 2));
        assert_eq!((class(0), class(1)), (class(4), class(4)));
        let classes: std::collections::BTreeSet<_> = (0..35_000).map(|hours| class(hours * 3_600_000)).collect();
        assert!(classes.len() < 60, "{}", classes.len());
    }

    #[test]
    fn a_newer_segment_is_told_from_damage() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::new(folder.path(), 7);
        let class = Class(9);
        let file = paths.create(7, class).unwrap();
        assert_eq!(read_head(&file).unwrap(), Head::Whole(class));
        assert_eq!(Paths::number(paths.log.file_name().unwrap().to_str().unwrap()), Some(7));
        let mut newer = head(7, class);
        newer[8] = VERSION + 1;
        let crc = crc32fast::hash(&newer[..28]);
        newer[28..].copy_from_slice(&crc.to_le_bytes());
        file.write_all_at(&newer, 0).unwrap();
        assert_eq!(read_head(&file).unwrap(), Head::Newer);
        file.write_all_at(&[1], 3).unwrap();
        assert_eq!(read_head(&file).unwrap(), Head::Damaged);
        file.set_len(31).unwrap();
        assert_eq!(read_head(&file).unwrap(), Head::Damaged);
    }
}
