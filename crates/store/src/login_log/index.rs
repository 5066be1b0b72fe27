//! The index file of a sealed segment: two sorted lists of entries in pages, and what is kept of it in memory.
//!
//! | part | content |
//! |---|---|
//! | head | 64 bytes: magic, version, how many logins, how long the segment is, the last expiry and write, CRC-32 |
//! | filter | the [`Filter`] of the identifiers' hashes |
//! | fences | the first key of each page |
//! | CRC-32 | of filter and fences |
//! | identifiers | pages of 4,096 bytes: 255 entries of hash and place, sorted, and a CRC-32 |
//! | users | pages of 4,096 bytes: 170 entries of hash, time (the newest first) and place, sorted, and a CRC-32 |
//!
//! Head, filter and fences are in memory, some 1.4 bytes a login; a look that passes the filter reads one page. Numbers of the
//! head are little endian, those that are sorted big endian. The file can always be made anew from its segment.

use super::entries::{Entries, IndexEntry};
use super::filter::Filter;
use super::frame::Place;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;

const MAGIC: [u8; 8] = *b"PLLOGIDX";
const VERSION: u8 = 1;
const HEAD_BYTES: usize = 64;
const PAGE_BYTES: usize = 4096;
const ID_BYTES: usize = 16;
const USER_BYTES: usize = 24;

/// What a segment holds, as the head of its index says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Summary {
    pub(crate) logins: u64,
    /// The segment's bytes.
    pub(crate) length: u64,
    /// When the last of them expires.
    pub(crate) expires_at: u64,
    /// The host's clock when the last of them was written.
    pub(crate) changed_at: u64,
}

/// An entry of a user's list: the user's hash, the time turned round so that the newest comes first, and the place.
pub(crate) type UserEntry = (u64, u64, Place);

/// The entry of a login in its user's list.
pub(crate) fn user_entry(entry: &IndexEntry) -> UserEntry {
    (entry.user_hash, !entry.created_at, entry.place())
}

/// An index file, and what is in memory of it.
#[derive(Debug)]
pub(crate) struct Index {
    file: File,
    pub(crate) summary: Summary,
    filter: Filter,
    ids: Pages<u64>,
    users: Pages<(u64, u64)>,
}

/// Where the pages of a list are, and the first key of each.
#[derive(Debug)]
struct Pages<K> {
    start: u64,
    fences: Vec<K>,
}

/// The bytes of the index of a segment.
pub(crate) fn build(entries: &Entries, summary: &Summary) -> Vec<u8> {
    let mut ids: Vec<_> = entries.iter().map(|entry| (entry.id_hash, entry.place().packed())).collect();
    let mut users: Vec<_> =
        entries.iter().map(|entry| (entry.user_hash, !entry.created_at, entry.place().packed())).collect();
    ids.sort_unstable();
    users.sort_unstable();
    let mut filter = Filter::new(ids.len());
    ids.iter().for_each(|(hash, _)| filter.insert(*hash));
    let mut bytes = head(summary);
    let start = bytes.len();
    bytes.extend_from_slice(&filter.to_bytes());
    for (hash, _) in ids.iter().step_by(per_page(ID_BYTES)) {
        bytes.extend_from_slice(&hash.to_be_bytes());
    }
    for (hash, time, _) in users.iter().step_by(per_page(USER_BYTES)) {
        bytes.extend_from_slice(&hash.to_be_bytes());
        bytes.extend_from_slice(&time.to_be_bytes());
    }
    let crc = crc32fast::hash(bytes.get(start..).unwrap_or_default());
    bytes.extend_from_slice(&crc.to_le_bytes());
    for page in ids.chunks(per_page(ID_BYTES)) {
        put_page(&mut bytes, page.iter().flat_map(|(hash, place)| [*hash, *place]));
    }
    for page in users.chunks(per_page(USER_BYTES)) {
        put_page(&mut bytes, page.iter().flat_map(|(hash, time, place)| [*hash, *time, *place]));
    }
    bytes
}

impl Index {
    /// Opens an index file.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] where it is damaged, [`ErrorKind::Unsupported`] where a newer version of this program wrote it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut bytes = vec![0; HEAD_BYTES];
        file.read_exact_at(&mut bytes, 0).map_err(damaged)?;
        let summary = summary(&bytes)?;
        let layout = Layout::of(&summary).filter(|layout| file.metadata().is_ok_and(|file| file.len() == layout.end));
        let layout = layout.ok_or_else(|| damaged("its length is another one"))?;
        let mut bytes = vec![0; layout.kept];
        file.read_exact_at(&mut bytes, HEAD_BYTES as u64)?;
        let Some((kept, crc)) = bytes.split_last_chunk::<4>() else { return Err(damaged("it is cut off")) };
        if crc32fast::hash(kept) != u32::from_le_bytes(*crc) {
            return Err(damaged("its filter is"));
        }
        let (filter, fences) = kept.split_at_checked(layout.filter).ok_or_else(|| damaged("it is cut off"))?;
        let filter = Filter::from_bytes(filter).ok_or_else(|| damaged("its filter is"))?;
        let mut fences = numbers(fences);
        let ids = Pages { start: layout.ids, fences: fences.by_ref().take(layout.id_pages).collect() };
        let mut of_users = Vec::with_capacity(layout.user_pages);
        while let (Some(hash), Some(time)) = (fences.next(), fences.next()) {
            of_users.push((hash, time));
        }
        let users = Pages { start: layout.users, fences: of_users };
        Ok(Self { file, summary, filter, ids, users })
    }

    /// Whether a login of such a hash may be here.
    pub(crate) fn may_contain(&self, id_hash: u64) -> bool {
        self.filter.may_contain(id_hash)
    }

    /// The places of the logins of a hash.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] where a page is damaged, or that of the disk.
    pub(crate) fn of_id(&self, id_hash: u64) -> io::Result<Vec<Place>> {
        let mut found = Vec::new();
        let mut page = self.ids.fences.partition_point(|fence| *fence < id_hash).saturating_sub(1);
        while self.ids.fences.get(page).is_some_and(|fence| *fence <= id_hash) {
            let mut entries =
                numbers(&self.page(self.ids.start, page, self.ids_in(page))?).collect::<Vec<_>>().into_iter();
            while let (Some(hash), Some(place)) = (entries.next(), entries.next()) {
                if hash == id_hash {
                    found.push(Place::unpacked(place));
                }
            }
            page = page.saturating_add(1);
        }
        Ok(found)
    }

    /// The entries of the users' page with this number; none behind the last.
    ///
    /// # Errors
    /// As [`Self::of_id`].
    pub(crate) fn users_page(&self, page: usize) -> io::Result<Vec<UserEntry>> {
        if page >= self.users.fences.len() {
            return Ok(Vec::new());
        }
        let bytes = self.page(self.users.start, page, in_page(self.summary.logins, page, USER_BYTES))?;
        let mut fields = numbers(&bytes);
        let mut entries = Vec::with_capacity(per_page(USER_BYTES));
        while let (Some(hash), Some(time), Some(place)) = (fields.next(), fields.next(), fields.next()) {
            entries.push((hash, time, Place::unpacked(place)));
        }
        Ok(entries)
    }

    /// The page in which a user's logins that began at this time or before begin.
    pub(crate) fn first_users_page(&self, user_hash: u64, turned_time: u64) -> usize {
        self.users.fences.partition_point(|fence| *fence < (user_hash, turned_time)).saturating_sub(1)
    }

    fn ids_in(&self, page: usize) -> usize {
        in_page(self.summary.logins, page, ID_BYTES)
    }

    /// The entries of a page.
    fn page(&self, start: u64, page: usize, used: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; PAGE_BYTES];
        self.file.read_exact_at(&mut bytes, start.saturating_add((page * PAGE_BYTES) as u64))?;
        let Some((entries, crc)) = bytes.split_last_chunk::<4>() else { return Err(damaged("a page of it is")) };
        if crc32fast::hash(entries) != u32::from_le_bytes(*crc) {
            return Err(damaged("a page of it is"));
        }
        bytes.truncate(used);
        Ok(bytes)
    }
}

/// Where the parts of an index file are.
struct Layout {
    filter: usize,
    id_pages: usize,
    user_pages: usize,
    /// Filter, fences and their check.
    kept: usize,
    ids: u64,
    users: u64,
    end: u64,
}

impl Layout {
    fn of(summary: &Summary) -> Option<Self> {
        let logins = usize::try_from(summary.logins).ok().filter(|logins| *logins < 1 << 32)?;
        let filter = Filter::new(logins).to_bytes().len();
        let (id_pages, user_pages) = (logins.div_ceil(per_page(ID_BYTES)), logins.div_ceil(per_page(USER_BYTES)));
        let kept = filter + id_pages * 8 + user_pages * 16 + 4;
        let ids = (HEAD_BYTES + kept) as u64;
        let users = ids + (id_pages * PAGE_BYTES) as u64;
        Some(Self { filter, id_pages, user_pages, kept, ids, users, end: users + (user_pages * PAGE_BYTES) as u64 })
    }
}

const fn per_page(entry: usize) -> usize {
    (PAGE_BYTES - 4) / entry
}

/// Bytes that the entries of a page take.
fn in_page(logins: u64, page: usize, entry: usize) -> usize {
    let before = page.saturating_mul(per_page(entry));
    usize::try_from(logins).unwrap_or(usize::MAX).saturating_sub(before).min(per_page(entry)) * entry
}

fn put_page(to: &mut Vec<u8>, numbers: impl Iterator<Item = u64>) {
    let start = to.len();
    numbers.for_each(|number| to.extend_from_slice(&number.to_be_bytes()));
    to.resize(start + PAGE_BYTES - 4, 0);
    let crc = crc32fast::hash(to.get(start..).unwrap_or_default());
    to.extend_from_slice(&crc.to_le_bytes());
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks_exact(8).map(|eight| eight.first_chunk().map_or(0, |eight| u64::from_be_bytes(*eight)))
}

fn head(summary: &Summary) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&u64::from(VERSION).to_le_bytes());
    for number in [summary.logins, summary.length, summary.expires_at, summary.changed_at] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.resize(HEAD_BYTES - 4, 0);
    let crc = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

fn summary(head: &[u8]) -> io::Result<Summary> {
    let Some((checked, crc)) = head.split_last_chunk::<4>() else { return Err(damaged("it is cut off")) };
    if crc32fast::hash(checked) != u32::from_le_bytes(*crc) || !checked.starts_with(&MAGIC) {
        return Err(damaged("its head is"));
    }
    let mut fields =
        checked.chunks_exact(8).map(|eight| eight.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight)));
    let mut next = || fields.next().unwrap_or_default();
    let (_magic, version) = (next(), next());
    if version != u64::from(VERSION) {
        return Err(io::Error::new(ErrorKind::Unsupported, format!("it has version {version}")));
    }
    Ok(Summary { logins: next(), length: next(), expires_at: next(), changed_at: next() })
}

fn damaged(why: impl ToString) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why.to_string())
}
