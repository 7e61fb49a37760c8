//! Which keys a run certainly does not hold, and of which beginnings it holds none.
//!
//! A Bloom filter: ten bits a key and seven probes, so that one absent key in about a hundred costs
//! a look into the run. A key that stands in the run is never denied.

use crate::store::after_prefix;

const BITS_PER_KEY: u64 = 10;
const PROBES: u64 = 7;
const WORD_BYTES: usize = 8;

/// How long the beginning of a key is that a filter knows: table byte, and an identifier or hash.
const BEGINNING_BYTES: usize = 33;

/// The beginning of a key that is longer than that.
pub(crate) fn beginning_of(key: &[u8]) -> Option<&[u8]> {
    let (beginning, rest) = key.split_at_checked(BEGINNING_BYTES)?;
    (!rest.is_empty()).then_some(beginning)
}

/// The filter of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    bytes: Vec<u8>,
}

impl Filter {
    /// An empty filter with room for `keys`.
    pub(crate) fn for_keys(keys: u64) -> Self {
        let words = keys.saturating_mul(BITS_PER_KEY).div_ceil(64).max(1);
        let words = usize::try_from(words).unwrap_or(usize::MAX / WORD_BYTES);
        Self {
            bytes: vec![0; words * WORD_BYTES],
        }
    }

    /// Reads a filter back; `None` for bytes that cannot be one.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let whole = !bytes.is_empty() && bytes.len().is_multiple_of(WORD_BYTES);
        whole.then_some(Self { bytes })
    }

    /// The filter as it is stored.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Notes a key.
    pub(crate) fn insert(&mut self, key: &[u8]) {
        for bit in self.bits(key) {
            self.bytes[bit / 8] |= 1 << (bit % 8);
        }
    }

    /// Tells whether the run may hold a key in `from..to`, as far as all of them begin alike and
    /// the filter knows beginnings.
    pub(crate) fn may_hold_any(&self, from: &[u8], to: Option<&[u8]>) -> bool {
        let Some(beginning) = from.get(..BEGINNING_BYTES) else {
            return true;
        };
        let end = after_prefix(beginning);
        let alike = to.is_some_and(|to| end.is_empty() || to <= end.as_slice());
        !alike || self.may_hold(beginning)
    }

    /// Tells whether the run may hold the key.
    pub(crate) fn may_hold(&self, key: &[u8]) -> bool {
        self.bits(key)
            .all(|bit| self.bytes[bit / 8] & (1 << (bit % 8)) != 0)
    }

    /// The bits of a key, by double hashing (Kirsch and Mitzenmacher, 2006).
    fn bits(&self, key: &[u8]) -> impl Iterator<Item = usize> + use<> {
        let count = self.bytes.len() as u64 * 8;
        let hash = stable_hash(key);
        let (start, step) = (hash, hash.rotate_left(32) | 1);
        (0..PROBES).map(move |probe| {
            let bit = start.wrapping_add(probe.wrapping_mul(step)) % count;
            usize::try_from(bit).expect("a bit number is less than the bits in memory")
        })
    }
}

/// FNV-1a with the finish of SplitMix64: stored filters need a hash that never changes, and nobody
/// gains by colliding, since a false yes only costs one look.
fn stable_hash(key: &[u8]) -> u64 {
    let fnv = key.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mut mixed = fnv;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_denied_and_few_others_are_not() {
        let mut filter = Filter::for_keys(10_000);
        (0..10_000u32).for_each(|key| filter.insert(&key.to_be_bytes()));
        assert!((0..10_000u32).all(|key| filter.may_hold(&key.to_be_bytes())));
        let false_yes = (10_000..110_000u32)
            .filter(|key| filter.may_hold(&key.to_be_bytes()))
            .count();
        assert!(false_yes < 1_500, "{false_yes} of 100,000");
    }

    #[test]
    fn a_range_of_one_beginning_is_denied_where_none_of_it_was_noted() {
        let key = |first: u8, last: u8| [&[first; BEGINNING_BYTES][..], &[last]].concat();
        let mut filter = Filter::for_keys(100);
        for first in 0..20 {
            let key = key(first, 7);
            filter.insert(&key);
            filter.insert(beginning_of(&key).unwrap());
        }
        let any = |first: u8| {
            let from = vec![first; BEGINNING_BYTES];
            filter.may_hold_any(&from, Some(&after_prefix(&from)))
        };
        assert!((0..20).all(any));
        assert!((20..120).filter(|first| any(*first)).count() < 10);
        let (from, wider) = (key(40, 0), key(41, 0));
        assert!(!filter.may_hold_any(&from, Some(&key(40, 9))));
        assert!(
            filter.may_hold_any(&from, Some(&wider)),
            "several beginnings"
        );
        assert!(filter.may_hold_any(&from, None), "the end of the table");
        assert!(
            filter.may_hold_any(&from[..20], Some(&wider)),
            "a short one"
        );
        assert_eq!(beginning_of(&from[..BEGINNING_BYTES]), None);
    }

    #[test]
    fn the_hash_is_the_pinned_one() {
        assert_eq!(stable_hash(b""), 0xf52a_15e9_a9b5_e89b);
        assert_eq!(stable_hash(b"\x01key"), 0x0d4d_7848_59ae_1402);
    }
}
