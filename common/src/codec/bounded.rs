//! Texts and byte strings with a stated limit: a `u32` length, then the bytes.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use thiserror::Error;

use super::wire::{
    BorrowDecode, BorrowDecoder, Decoder, EncodeError, Encoder, Reader, Refused, Writer,
};
use super::{Decode, Encode, NOT_UTF8};
use crate::check::Check;

/// A value is longer than its type allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("A length of {found} is above the limit of {limit}.")]
pub struct TooLong {
    /// The most that is allowed: bytes of a text or byte string, items of a list.
    pub limit: usize,
    /// What was given.
    pub found: usize,
}

impl TooLong {
    /// Checks a length against a limit.
    pub(super) fn check(limit: usize, found: usize) -> Result<(), Self> {
        if found <= limit {
            Ok(())
        } else {
            Err(Self { limit, found })
        }
    }
}

/// A text of at most `MAX` bytes of UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// The limit in bytes.
    pub const MAX: usize = MAX;

    /// Takes a text, unless it is longer than the limit.
    pub fn new(text: impl Into<String>) -> Result<Self, TooLong> {
        let text = text.into();
        TooLong::check(MAX, text.len())?;
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the text back.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = TooLong;

    fn from_str(text: &str) -> Result<Self, TooLong> {
        Self::new(text)
    }
}

impl<const MAX: usize> Encode for Text<MAX> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        write_bytes(encoder, self.0.as_bytes())
    }
}

impl<C, const MAX: usize> Decode<C> for Text<MAX> {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, Refused> {
        let text =
            String::from_utf8(read_bytes(decoder, MAX)?).map_err(|_| Refused::Other(NOT_UTF8))?;
        Ok(Self(text))
    }
}

impl<'de, C, const MAX: usize> BorrowDecode<'de, C> for Text<MAX> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, Refused> {
        Self::decode(decoder)
    }
}

/// A byte string of at most `MAX` bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes<const MAX: usize>(Vec<u8>);

impl<const MAX: usize> Bytes<MAX> {
    /// The limit in bytes.
    pub const MAX: usize = MAX;

    /// Takes bytes, unless they are more than the limit.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, TooLong> {
        let bytes = bytes.into();
        TooLong::check(MAX, bytes.len())?;
        Ok(Self(bytes))
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// Gives the bytes back.
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl<const MAX: usize> Deref for Bytes<MAX> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// The length only: byte strings are mostly ciphertext, and long.
impl<const MAX: usize> fmt::Debug for Bytes<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} bytes)", self.0.len())
    }
}

impl<const MAX: usize> Encode for Bytes<MAX> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        write_bytes(encoder, &self.0)
    }
}

impl<C, const MAX: usize> Decode<C> for Bytes<MAX> {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, Refused> {
        read_bytes(decoder, MAX).map(Self)
    }
}

impl<'de, C, const MAX: usize> BorrowDecode<'de, C> for Bytes<MAX> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, Refused> {
        Self::decode(decoder)
    }
}

/// Writes a count of items as `u32`.
pub(super) fn write_count<E: Encoder>(encoder: &mut E, count: usize) -> Result<(), EncodeError> {
    u32::try_from(count)
        .expect("every limit of a wire type is below 4 GiB")
        .encode(encoder)
}

/// Writes a `u32` length and the bytes.
pub(super) fn write_bytes<E: Encoder>(encoder: &mut E, bytes: &[u8]) -> Result<(), EncodeError> {
    write_count(encoder, bytes.len())?;
    encoder.writer().write(bytes)
}

/// Reads a count and refuses one above `max`, or above the number of bytes that remain: an item
/// takes one byte at least, so such a count is a lie, found before anything is allocated.
pub(super) fn read_count<D: Decoder>(decoder: &mut D, max: usize) -> Result<usize, Refused> {
    let count = u32::decode(decoder)?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if Check::E1.refuses(count > max) {
        return Err(Refused::ArrayLengthMismatch {
            required: max,
            found: count,
        });
    }
    match decoder.reader().peek_read(count) {
        Some(_) => Ok(count),
        None => Err(Refused::UnexpectedEnd { additional: 1 }),
    }
}

/// Reads a `u32` length, at most `max`, and as many bytes.
pub(super) fn read_bytes<D: Decoder>(decoder: &mut D, max: usize) -> Result<Vec<u8>, Refused> {
    let length = read_count(decoder, max)?;
    decoder.claim_bytes_read(length)?;
    let mut bytes = vec![0; length];
    decoder.reader().read(&mut bytes)?;
    Ok(bytes)
}
