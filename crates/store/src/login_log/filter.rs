//! The filter of a sealed segment: whether a hash may be in it, for ten bits a login and one look into memory.
//!
//! It is a Bloom filter in blocks of 64 bytes (Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters, 2007): a
//! hash sets six bits of one block. Of hashes that are not there, one or two in a hundred pass.

/// Bits for each hash.
const BITS: usize = 10;

/// Words of a block.
const WORDS: usize = 8;

/// The filter, as words of 64 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter(Vec<u64>);

impl Filter {
    /// An empty filter for so many hashes.
    pub(crate) fn new(hashes: usize) -> Self {
        Self(vec![0; hashes.saturating_mul(BITS).div_ceil(64 * WORDS).max(1).saturating_mul(WORDS)])
    }

    pub(crate) fn insert(&mut self, hash: u64) {
        let block = self.block(hash);
        for (word, bit) in bits(hash) {
            if let Some(word) = self.0.get_mut(block.saturating_add(word)) {
                *word |= bit;
            }
        }
    }

    pub(crate) fn may_contain(&self, hash: u64) -> bool {
        let block = self.block(hash);
        bits(hash).all(|(word, bit)| self.0.get(block.saturating_add(word)).is_some_and(|word| word & bit != 0))
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// None where the bytes are no whole blocks.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let words =
            bytes.chunks_exact(8).map(|eight| eight.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight)));
        (!bytes.is_empty() && bytes.len().is_multiple_of(8 * WORDS)).then(|| Self(words.collect()))
    }

    /// The first word of a hash's block, chosen by its upper bits.
    fn block(&self, hash: u64) -> usize {
        let blocks = (self.0.len() / WORDS) as u128;
        usize::try_from((u128::from(hash) * blocks) >> 64).unwrap_or_default() * WORDS
    }
}

/// Six bits of a block, chosen by the hash's lower 54 bits.
fn bits(hash: u64) -> impl Iterator<Item = (usize, u64)> {
    (0..6).map(move |number| {
        let bit = (hash >> (number * 9)) & 511;
        (usize::try_from(bit >> 6).unwrap_or_default(), 1 << (bit & 63))
    })
}

#[cfg(test)]
mod tests {
    use super::super::hash::hash;
    use super::*;

    #[test]
    fn what_was_inserted_passes_and_of_the_others_few() {
        let of = |number: u64| hash(&number.to_be_bytes());
        let mut filter = Filter::new(10_000);
        (0..10_000).for_each(|number| filter.insert(of(number)));
        let filter = Filter::from_bytes(&filter.to_bytes()).unwrap();
        assert!((0..10_000).all(|number| filter.may_contain(of(number))));
        let passed = (10_000..110_000).filter(|number| filter.may_contain(of(*number))).count();
        assert!((100..3000).contains(&passed), "{passed} of 100,000");
        assert!(!Filter::new(0).may_contain(1) && Filter::from_bytes(&[0; 63]).is_none());
    }
}
