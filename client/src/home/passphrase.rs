//! Passphrases, and what it costs to try one.

use std::fmt;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use maille_common::crypto::aead::AtRestKey;
use zeroize::{Zeroize, Zeroizing};

/// What an officer types to open a home: bytes of UTF-8 as given, wiped when dropped.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// The fewest characters of a new passphrase. A thief of the folder may try as many as the
    /// money for argon2id allows, so that four or five random words are what holds.
    pub const CHARS_MIN: usize = 12;

    /// Takes a passphrase. Its length is checked when a slot is made for it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for whoever passes it on to the process that holds the home. Whatever it
    /// is written into has to be wiped as well.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Tells whether a new slot may rest on it.
    pub(crate) fn is_long_enough(&self) -> bool {
        self.0.chars().count() >= Self::CHARS_MIN
    }

    /// key = argon2id(passphrase, salt, cost) of 32 bytes (RFC 9106, version 1.3).
    pub(crate) fn stretch(&self, salt: &[u8], cost: Cost) -> Result<AtRestKey, NotStretched> {
        let params = cost.params().ok_or(NotStretched)?;
        let mut blocks = Blocks::allocate(params.block_count()).ok_or(NotStretched)?;
        let mut key = Zeroizing::new([0; AtRestKey::LEN]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(self.0.as_bytes(), salt, key.as_mut(), &mut blocks.0)
            .map_err(|_| NotStretched)?;
        Ok(AtRestKey::from_bytes(*key))
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// The length of a salt in bytes, as RFC 9106 recommends.
pub(crate) const SALT_LEN: usize = 16;

/// There is not enough memory to try a passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotStretched;

/// What one try of a passphrase costs: the parameters of argon2id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// For officers: 64 MiB, 3 passes, 1 lane; about 0.1 s. RFC 9106 recommends it, with four
    /// lanes, where memory is short; one lane costs whoever has one core and a thief the same.
    pub const STANDARD: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };

    /// For tests: the least that argon2id allows, and no protection.
    pub const LEAST: Self = Self {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    /// Takes other parameters: 8 KiB per lane up to 1 GiB, 1 to 16 passes, 1 to 16 lanes.
    ///
    /// The upper bounds keep a changed file from taking all memory, or minutes.
    pub const fn new(memory_kib: u32, passes: u32, lanes: u32) -> Option<Self> {
        let few_lanes = lanes >= 1 && lanes <= 16;
        let few_passes = passes >= 1 && passes <= 16;
        if few_lanes && few_passes && memory_kib >= 8 * lanes && memory_kib <= 1024 * 1024 {
            Some(Self {
                memory_kib,
                passes,
                lanes,
            })
        } else {
            None
        }
    }

    /// Memory in KiB.
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes.
    pub const fn lanes(self) -> u32 {
        self.lanes
    }

    fn params(self) -> Option<Params> {
        Params::new(
            self.memory_kib,
            self.passes,
            self.lanes,
            Some(AtRestKey::LEN),
        )
        .ok()
    }
}

/// The working memory of one try, wiped when dropped: its last blocks give the key.
struct Blocks(Vec<Block>);

impl Blocks {
    fn allocate(count: usize) -> Option<Self> {
        let mut blocks = Vec::new();
        blocks.try_reserve_exact(count).ok()?;
        blocks.resize(count, Block::default());
        Some(Self(blocks))
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(Zeroize::zeroize);
    }
}

#[cfg(test)]
mod tests {
    use maille_common::codec::to_hex;

    use super::*;

    #[test]
    fn a_passphrase_is_stretched_as_the_reference_implementation_does() {
        // src/test.c of the reference in C: argon2id, version 0x13, t 2, m 2^16, p 1.
        let cost = Cost::new(65_536, 2, 1).unwrap();
        let key = Passphrase::new("password")
            .stretch(b"somesalt", cost)
            .unwrap();
        let expected = "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7";
        assert_eq!(to_hex(key.expose()), expected);
    }

    #[test]
    fn a_cost_out_of_bounds_is_no_cost() {
        assert_eq!(Cost::new(8, 1, 1), Some(Cost::LEAST));
        assert_eq!(Cost::new(64 * 1024, 3, 1), Some(Cost::STANDARD));
        for (memory_kib, passes, lanes) in [
            (7, 1, 1),
            (u32::MAX, 1, 1),
            (8, 0, 1),
            (8, 17, 1),
            (8, 1, 0),
            (8, 1, 2),
            (8, 1, u32::MAX),
        ] {
            assert_eq!(Cost::new(memory_kib, passes, lanes), None);
        }
    }

    #[test]
    fn a_passphrase_does_not_print() {
        assert_eq!(
            format!("{:?}", Passphrase::new("correct horse")),
            "Passphrase(..)"
        );
    }
}
