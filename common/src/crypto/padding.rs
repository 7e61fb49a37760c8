//! Padmé padding (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and
//! Communication with PURBs", PETS 2019, section 4): what the length gives away.
//!
//! padded = plaintext || 0x80 || zeros, up to Padmé(max(length + 1, 1024)). A length of L bytes
//! shows only as O(log log L) bits; the cost is at most 12 %, and 1 KiB for the shortest.

use thiserror::Error;

use crate::check::Check;

/// The shortest padded length in bytes: most alerts are shorter, and then look alike.
pub const PADDED_MIN: usize = 1_024;

/// Ends the plaintext (ISO/IEC 9797-1, padding method 2).
const MARK: u8 = 0x80;

/// The length of a padded plaintext, in bytes.
pub fn padded_len(plain_len: usize) -> usize {
    padme(plain_len.saturating_add(1).max(PADDED_MIN))
}

/// Pads a plaintext.
pub fn pad(plaintext: &[u8]) -> Vec<u8> {
    let length = padded_len(plaintext.len());
    let mut padded = Vec::with_capacity(length);
    padded.extend_from_slice(plaintext);
    padded.push(MARK);
    padded.resize(length, 0);
    padded
}

/// Finds the plaintext in its only valid padding. Not in constant time: it runs on what was
/// authenticated before.
pub fn unpad(padded: &[u8]) -> Result<&[u8], BadPadding> {
    let end = padded
        .iter()
        .rposition(|&byte| byte != 0)
        .ok_or(BadPadding)?;
    let (plaintext, rest) = padded.split_at(end);
    let valid = rest.first() == Some(&MARK) && padded_len(plaintext.len()) == padded.len();
    if Check::E15.holds(valid) {
        Ok(plaintext)
    } else {
        Err(BadPadding)
    }
}

/// The mark is missing, or the length is not the one that this plaintext is padded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("The padding is not the one that this content has.")]
pub struct BadPadding;

/// Rounds a length, at least 2, up until its binary mantissa is no longer than its exponent:
/// E = floor(log2 L), S = floor(log2 E) + 1, and the lowest E - S bits become zero.
fn padme(length: usize) -> usize {
    let exponent = length.ilog2();
    let mantissa_bits = exponent.ilog2() + 1;
    let mask = (1_usize << (exponent - mantissa_bits)) - 1;
    // What no memory holds is left as it is instead of wrapping to zero.
    length
        .checked_add(mask)
        .map_or(length, |rounded| rounded & !mask)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_lengths_are_padded_as_the_paper_says() {
        for (length, padded) in [
            (0, 1_024),
            (1_023, 1_024),
            (1_024, 1_088),
            (1_087, 1_088),
            (1_088, 1_152),
            (4_095, 4_096),
            (4_096, 4_352),
            (100_000, 100_352),
            (999_999, 1_015_808),
        ] {
            assert_eq!(padded_len(length), padded, "{length}");
        }
    }

    #[test]
    fn the_largest_length_does_not_overflow() {
        assert_eq!(padded_len(usize::MAX), usize::MAX);
    }

    #[test]
    fn what_is_not_the_one_valid_padding_is_refused() {
        let padded = pad(b"content");
        assert_eq!(unpad(&padded), Ok(b"content".as_slice()));
        assert_eq!(unpad(&padded[..1_023]), Err(BadPadding));
        assert_eq!(
            unpad(&[padded.clone(), vec![0; 64]].concat()),
            Err(BadPadding)
        );
        assert_eq!(unpad(b""), Err(BadPadding));
        assert_eq!(unpad(&[0; 1_024]), Err(BadPadding));
        let mut other_mark = padded.clone();
        other_mark[7] = 0x81;
        assert_eq!(unpad(&other_mark), Err(BadPadding));
        let mut behind = padded;
        behind[1_000] = 1;
        assert_eq!(unpad(&behind), Err(BadPadding));
    }

    proptest! {
        #[test]
        fn every_plaintext_comes_back(
            plaintext in proptest::collection::vec(any::<u8>(), 0..5_000),
        ) {
            let padded = pad(&plaintext);
            prop_assert_eq!(unpad(&padded), Ok(plaintext.as_slice()));
        }

        #[test]
        fn whatever_unpads_is_the_padding_of_its_plaintext(
            start in proptest::collection::vec(any::<u8>(), 0..40),
            length in 0..1_200_usize,
        ) {
            let mut padded = start;
            padded.resize(length, 0);
            if let Ok(plaintext) = unpad(&padded) {
                prop_assert_eq!(pad(plaintext), padded);
            }
        }

        #[test]
        fn padding_costs_at_most_12_percent(length in 1_023..1_usize << 40) {
            let padded = padded_len(length);
            prop_assert!(padded > length);
            prop_assert!(padded - length - 1 <= length / 100 * 12 + 12);
            prop_assert_eq!(padme(padded), padded);
        }
    }
}
