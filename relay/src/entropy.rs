//! The operating system's randomness: the only source of the relay.

use maille_common::randomness::Randomness;
use ring::rand::{SecureRandom, SystemRandom};

/// Fresh bytes of the operating system's generator.
///
/// It holds nothing that is used up, so a copy is as good as the first, on any thread.
#[derive(Debug, Clone)]
pub struct OsRandomness(SystemRandom);

impl OsRandomness {
    /// Names the generator; nothing is opened.
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Default for OsRandomness {
    fn default() -> Self {
        Self::new()
    }
}

impl Randomness for OsRandomness {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0
            .fill(bytes)
            .expect("the generator of a running operating system answers");
    }
}
