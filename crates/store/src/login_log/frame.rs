//! The frame of a login in a segment: a head of fixed size, and the record.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | a mark, by which the next frame is found after damage |
//! | 4 | CRC-32 of all that follows |
//! | 4 | length of the record |
//! | 8 each | hash of the key, hash of the user, when the login began, expires and was written, in ms |
//! | length | the record: length of its key (8 bytes, big endian), key, version, value, MAC |
//!
//! Numbers of the head are little endian.

/// Bytes of a head.
pub(crate) const HEAD_BYTES: usize = 52;

/// Bytes of a record at most, as in the database; beyond that a length is damage.
pub(crate) const RECORD_BYTES: usize = 1 << 20;

const MARK: [u8; 4] = *b"LgF\x01";

/// What an index knows of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Entry {
    /// The hash of the record's key.
    pub(crate) id_hash: u64,
    /// The hash of the key of its user's list.
    pub(crate) user_hash: u64,
    pub(crate) created_at: u64,
    pub(crate) expires_at: u64,
    /// The host's clock when it was written.
    pub(crate) changed_at: u64,
    pub(crate) place: Place,
}

/// Where a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Place {
    /// Its first byte.
    pub(crate) offset: u64,
    /// The length of its record.
    pub(crate) length: u32,
}

impl Place {
    /// Both in one number: a segment has less than 2^40 bytes, a record less than 2^24.
    pub(crate) const fn packed(self) -> u64 {
        self.offset << 24 | self.length as u64
    }

    pub(crate) fn unpacked(packed: u64) -> Self {
        Self { offset: packed >> 24, length: u32::try_from(packed & 0xff_ffff).unwrap_or_default() }
    }

    /// Bytes of the whole frame.
    pub(crate) fn frame_bytes(self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX).saturating_add(HEAD_BYTES)
    }

    /// The first byte after the frame.
    pub(crate) fn end(self) -> u64 {
        self.offset.saturating_add(self.frame_bytes() as u64)
    }
}

/// Appends a frame, and returns its place: the offset is that in `to`.
pub(crate) fn append(to: &mut Vec<u8>, entry: &Entry, record: &[u8]) -> Place {
    let place = Place { offset: to.len() as u64, length: u32::try_from(record.len()).unwrap_or(u32::MAX) };
    let start = to.len();
    to.extend_from_slice(&MARK);
    to.extend_from_slice(&[0; 4]);
    to.extend_from_slice(&place.length.to_le_bytes());
    for number in [entry.id_hash, entry.user_hash, entry.created_at, entry.expires_at, entry.changed_at] {
        to.extend_from_slice(&number.to_le_bytes());
    }
    to.extend_from_slice(record);
    let crc = crc32fast::hash(to.get(start + 8..).unwrap_or_default()).to_le_bytes();
    if let Some(field) = to.get_mut(start + 4..start + 8) {
        field.copy_from_slice(&crc);
    }
    place
}

/// The length of the record after a head; none where it is no head. Only the whole frame tells whether it is damaged.
pub(crate) fn record_length(head: &[u8]) -> Option<usize> {
    let (mark, rest) = head.split_first_chunk::<4>()?;
    let (_crc, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*rest.first_chunk()?)).ok()?;
    (*mark == MARK && length <= RECORD_BYTES).then_some(length)
}

/// The entry and the record of the frame that begins here; none where there is no whole frame. Its offset is set to `offset`.
pub(crate) fn parse(bytes: &[u8], offset: u64) -> Option<(Entry, &[u8])> {
    let length = record_length(bytes)?;
    let frame = bytes.get(..HEAD_BYTES.checked_add(length)?)?;
    let (crc, checked) = frame.get(4..)?.split_first_chunk::<4>()?;
    if crc32fast::hash(checked) != u32::from_le_bytes(*crc) {
        return None;
    }
    let (numbers, record) = checked.get(4..)?.split_at_checked(40)?;
    let mut numbers =
        numbers.chunks_exact(8).map(|eight| eight.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight)));
    let mut next = || numbers.next().unwrap_or_default();
    let entry = Entry {
        id_hash: next(),
        user_hash: next(),
        created_at: next(),
        expires_at: next(),
        changed_at: next(),
        place: Place { offset, length: u32::try_from(length).ok()? },
    };
    Some((entry, record))
}

/// The first place from `from` on where a frame may begin.
pub(crate) fn next_mark(bytes: &[u8], from: usize) -> Option<usize> {
    let found = bytes.get(from..)?.windows(MARK.len()).position(|four| four == MARK)?;
    from.checked_add(found)
}

/// The key of a record.
pub(crate) fn key_of(record: &[u8]) -> Option<&[u8]> {
    let (length, rest) = record.split_first_chunk::<8>()?;
    rest.get(..usize::try_from(u64::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_back_and_no_part_of_it_does() {
        let entry =
            Entry { id_hash: 1, user_hash: u64::MAX, created_at: 3, expires_at: 4, changed_at: 5, ..Entry::default() };
        let mut bytes = vec![7; 3];
        let place = append(&mut bytes, &entry, b"record");
        assert_eq!((place.offset, place.end(), Place::unpacked(place.packed())), (3, bytes.len() as u64, place));
        let frame = &bytes[3..];
        assert_eq!(parse(frame, 3), Some((Entry { place, ..entry }, b"record".as_slice())));
        for length in 0..frame.len() {
            assert_eq!(parse(&frame[..length], 3), None, "{length} bytes");
        }
        for at in 0..frame.len() {
            let mut bent = frame.to_vec();
            bent[at] ^= 0x10;
            assert_eq!(parse(&bent, 3), None, "byte {at}");
        }
        assert_eq!((next_mark(&bytes, 0), next_mark(&bytes, 4)), (Some(3), None));
    }
}
