//! Where trust in a network begins.

use std::fmt;

use super::error::RosterError;
use super::signatures::{Signers, check_threshold};
use super::{DocumentName, Version};
use crate::check::Check;
use crate::codec::{Decode, Encode, SortedList, Text, encode};
use crate::crypto::ed25519::VerifyingKey;
use crate::hash::hash;
use crate::label::Label;
use crate::typed_code::is_typed_code;

/// The keys that sign part 1 of the roster, handed over once, in person.
///
/// Everything later proves itself from here: each part of the roster is signed by the keys of the
/// part before. The anchor is not secret, but whoever exchanges it exchanges the network.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Anchor {
    /// The version of this structure.
    pub version: Version,
    /// The name of the network, which every document of the roster repeats.
    pub network: Text<64>,
    /// How many of the keys have to sign part 1.
    pub threshold: u8,
    /// The keys.
    pub keys: SortedList<VerifyingKey, 16>,
}

impl Anchor {
    /// What a letter about this anchor carries.
    pub fn code(&self) -> AnchorCode {
        let digest = hash(Label::ANCHOR, &[&encode(self)]);
        let mut code = [0; AnchorCode::LEN];
        code.copy_from_slice(&digest.as_bytes()[..AnchorCode::LEN]);
        AnchorCode(code)
    }

    /// Checks that the threshold can be met and is not zero (PROTOCOL R4).
    pub(super) fn check(&self) -> Result<(), RosterError> {
        let possible = check_threshold(self.threshold, self.keys.len());
        Check::R4
            .found(possible)
            .map_err(|fault| RosterError::Threshold {
                document: DocumentName::Anchor,
                fault,
            })
    }

    /// The keys that may sign part 1.
    pub(super) fn signers(&self) -> Signers {
        Signers {
            threshold: self.threshold,
            keys: self.keys.iter().copied().collect(),
        }
    }
}

/// The beginning of an anchor's hash, as people write it into a letter and type it from there
/// (PROTOCOL section 3). Nobody finds a second anchor with the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnchorCode([u8; Self::LEN]);

impl AnchorCode {
    /// Bytes.
    pub const LEN: usize = 16;

    /// Whether somebody wrote this code down, with whatever between its digits.
    pub fn is(&self, typed: &str) -> bool {
        is_typed_code(self, typed)
    }
}

/// Eight groups of four digits.
impl fmt::Display for AnchorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, pair) in self.0.chunks(2).enumerate() {
            let between = if at == 0 { "" } else { "-" };
            write!(f, "{between}")?;
            for byte in pair {
                write!(f, "{byte:02x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::codec::SortedList;
    use crate::roster::fixture::{anchor, public};

    #[test]
    fn the_code_of_an_anchor_is_read_however_it_was_written_and_is_of_no_other() {
        let code = anchor().code();
        let text = code.to_string();
        assert_eq!(text.len(), 39);
        assert!(code.is(&text) && code.is(&text.replace('-', " ").to_uppercase()));
        let mut other = anchor();
        other.keys = SortedList::new([public(1), public(2), public(4)]).unwrap();
        assert!(!other.code().is(&text));
        other = anchor();
        other.threshold = 1;
        assert!(!other.code().is(&text));
    }
}
