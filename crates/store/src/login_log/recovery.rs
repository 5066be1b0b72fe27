//! Reading a segment frame by frame, past whatever is damaged.

use super::frame::{self, Entry, HEAD_BYTES, RECORD_BYTES};
use super::segment;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Bytes that are read at once: room for the largest frame.
const WINDOW: usize = 2 << 20;

/// What stands at a place of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// A whole frame.
    Login(Entry),
    /// Bytes that are no frame; a whole one follows.
    Damage(Range<u64>),
    /// Bytes that are no frame, up to the end.
    Torn(Range<u64>),
}

/// A walk over the frames of a segment.
#[derive(Debug)]
pub(crate) struct Scanner<'f> {
    file: &'f File,
    /// Where the walk ends.
    end: u64,
    /// The bytes from `start` on, of which those before `at` were passed.
    window: Vec<u8>,
    start: u64,
    at: usize,
}

impl<'f> Scanner<'f> {
    /// A walk from a place, where a frame begins, to another.
    pub(crate) fn new(file: &'f File, from: u64, end: u64) -> Self {
        Self { file, end, window: Vec::new(), start: from.max(segment::HEAD_BYTES), at: 0 }
    }

    /// What comes next; none at the end.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn next(&mut self) -> io::Result<Option<Found>> {
        self.fill(HEAD_BYTES + RECORD_BYTES)?;
        let offset = self.position();
        if self.at >= self.window.len() {
            return Ok(None);
        }
        if let Some(entry) = self.parse(self.at) {
            self.at = self.at.saturating_add(entry.place.frame_bytes());
            return Ok(Some(Found::Login(entry)));
        }
        // Past the mark of the frame that is damaged.
        self.at = self.at.saturating_add(1);
        loop {
            self.fill(HEAD_BYTES + RECORD_BYTES)?;
            match frame::next_mark(&self.window, self.at) {
                Some(at) if at.saturating_add(HEAD_BYTES + RECORD_BYTES) > self.window.len() && self.more() => {
                    self.at = at
                }
                Some(at) if self.parse(at).is_some() => {
                    self.at = at;
                    return Ok(Some(Found::Damage(offset..self.position())));
                }
                Some(at) => self.at = at.saturating_add(1),
                None if self.more() => self.at = self.window.len().saturating_sub(3).max(self.at),
                None => {
                    self.at = self.window.len();
                    return Ok(Some(Found::Torn(offset..self.end)));
                }
            }
        }
    }

    fn position(&self) -> u64 {
        self.start.saturating_add(self.at as u64)
    }

    fn parse(&self, at: usize) -> Option<Entry> {
        let offset = self.start.saturating_add(at as u64);
        frame::parse(self.window.get(at..)?, offset).map(|(entry, _)| entry)
    }

    /// Whether the file goes on behind the window.
    fn more(&self) -> bool {
        self.start.saturating_add(self.window.len() as u64) < self.end
    }

    /// Has so many bytes from here on in the window, as far as the file goes.
    fn fill(&mut self, bytes: usize) -> io::Result<()> {
        if self.window.len().saturating_sub(self.at) >= bytes || !self.more() {
            return Ok(());
        }
        self.window.drain(..self.at.min(self.window.len()));
        self.start = self.position();
        self.at = 0;
        let held = self.window.len();
        let behind = self.end.saturating_sub(self.start.saturating_add(held as u64));
        let more = WINDOW.saturating_sub(held).min(usize::try_from(behind).unwrap_or(usize::MAX));
        self.window.resize(held.saturating_add(more), 0);
        let to = self.window.get_mut(held..).unwrap_or_default();
        self.file.read_exact_at(to, self.start.saturating_add(held as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::Place;
    use super::*;
    use proptest::prelude::*;

    /// A segment of records of these sizes, and where each frame is.
    fn segment(sizes: &[usize]) -> (Vec<u8>, Vec<Place>) {
        let mut bytes = vec![0; segment::HEAD_BYTES as usize];
        let mut places = Vec::new();
        for (number, size) in (0_u8..).zip(sizes) {
            let entry = Entry { id_hash: u64::from(number), ..Entry::default() };
            // A record has what a head looks for as well.
            let record: Vec<u8> = b"LgF\x01".iter().copied().cycle().take(*size).collect();
            places.push(frame::append(&mut bytes, &entry, &record));
        }
        (bytes, places)
    }

    /// Everything that is found; the sum of what is passed over is in it as well.
    fn scan(bytes: &[u8]) -> Vec<Found> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("segment");
        std::fs::write(&path, bytes).unwrap();
        let file = File::open(path).unwrap();
        let mut scanner = Scanner::new(&file, 0, bytes.len() as u64);
        let mut all = Vec::new();
        while let Some(found) = scanner.next().unwrap() {
            all.push(found);
        }
        all
    }

    fn places(found: &[Found]) -> Vec<Place> {
        found
            .iter()
            .filter_map(|found| if let Found::Login(entry) = found { Some(entry.place) } else { None })
            .collect()
    }

    fn sizes() -> impl Strategy<Value = Vec<usize>> {
        prop::collection::vec(prop_oneof![9 => 0_usize..900, 1 => 200_000_usize..RECORD_BYTES], 1..12)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// R03: cut anywhere: the whole frames before the cut are found, and what is behind them is torn.
        #[test]
        fn a_segment_that_was_cut_keeps_what_is_whole(sizes in sizes(), cut: prop::sample::Index) {
            let (bytes, all) = segment(&sizes);
            let cut = segment::HEAD_BYTES as usize + cut.index(bytes.len() - segment::HEAD_BYTES as usize + 1);
            let whole: Vec<_> = all.into_iter().filter(|place| place.end() <= cut as u64).collect();
            let found = scan(&bytes[..cut]);
            prop_assert_eq!(places(&found), whole.clone());
            let end = whole.last().map_or(segment::HEAD_BYTES, |place| place.end());
            let torn = (end < cut as u64).then_some(Found::Torn(end..cut as u64));
            prop_assert_eq!(found.get(whole.len()), torn.as_ref());
        }

        /// R06: any byte changed: every frame but that one is found, and exactly that one is passed over.
        #[test]
        fn a_byte_that_changed_costs_one_frame(sizes in sizes(), at: prop::sample::Index, by in 1_u8..) {
            let (mut bytes, all) = segment(&sizes);
            let at = segment::HEAD_BYTES as usize + at.index(bytes.len() - segment::HEAD_BYTES as usize);
            bytes[at] ^= by;
            let found = scan(&bytes);
            let (hit, others): (Vec<_>, Vec<_>) =
                all.iter().partition(|place| (place.offset..place.end()).contains(&(at as u64)));
            prop_assert_eq!(places(&found), others);
            let hit = hit.first().unwrap();
            let last = hit.end() == bytes.len() as u64;
            let range = hit.offset..hit.end();
            prop_assert!(found.contains(&if last { Found::Torn(range) } else { Found::Damage(range) }), "{:?}", found);
        }

        /// Whatever stands there: no panic, and the walk ends at the end.
        #[test]
        fn any_bytes_can_be_walked_over(bytes in prop::collection::vec(prop_oneof![Just(b'L'), Just(b'g'), Just(b'F'), Just(1), any::<u8>()], 0..2000)) {
            prop_assert!(places(&scan(&bytes)).is_empty());
        }
    }

    /// More than a window of garbage between two frames.
    #[test]
    fn damage_may_be_longer_than_what_is_read_at_once() {
        let (mut bytes, _) = segment(&[10]);
        let from = bytes.len() as u64;
        bytes.extend(b"LgF\x01 garbage".iter().cycle().take(3 * WINDOW + 5));
        let to = bytes.len() as u64;
        frame::append(&mut bytes, &Entry::default(), b"whole");
        let found = scan(&bytes);
        assert_eq!(places(&found).len(), 2);
        assert!(found.contains(&Found::Damage(from..to)), "{:?}", found);
    }
}
