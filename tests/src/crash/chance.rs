//! Chance that depends on a seed alone: every choice of the rig comes from here.

/// SplitMix64: small, fast, and good enough to choose faults and fill letters.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The choices of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The choices about one thing of many: of a letter, a world, a cycle.
    pub(crate) fn about(seed: u64, parts: &[u64]) -> Self {
        let mut chance = Self::new(seed);
        for part in parts {
            chance.0 = chance.next() ^ part;
        }
        chance
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A number from `least` up to `most`.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// True so many times of a hundred.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}

/// A seed that nobody has chosen.
pub(crate) fn any_seed() -> u64 {
    use maille_common::randomness::Randomness;
    let bytes: [u8; 4] = maille_client::entropy::OsRandomness::new().array();
    // Short enough to be typed again.
    u64::from(u32::from_le_bytes(bytes))
}
