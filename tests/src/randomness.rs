//! Fixed randomness, so that a run can be repeated. Never outside tests.

use maille_common::hash::hash;
use maille_common::label::Label;
use maille_common::randomness::Randomness;

/// A stream of bytes that depends on its seed alone.
#[derive(Debug, Clone)]
pub struct Seeded {
    seed: u64,
    block: u64,
}

impl Seeded {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, block: 0 }
    }
}

impl Randomness for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let parts = [self.seed.to_le_bytes(), self.block.to_le_bytes()];
            let block = hash(Label::REFERENCE, &[&parts[0], &parts[1]]);
            chunk.copy_from_slice(&block.as_bytes()[..chunk.len()]);
            self.block += 1;
        }
    }
}
