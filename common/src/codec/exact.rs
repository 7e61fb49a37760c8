//! A value together with the very bytes it came as.

use std::ops::Deref;

use super::bounded::{TooLong, read_bytes, write_bytes};
use super::wire::{BorrowDecode, BorrowDecoder, Decoder, EncodeError, Encoder, Refused};
use super::{Decode, DecodeError, Encode, decode, encode};

/// A decoded value and its bytes, at most `MAX` of them; on the wire a `u32` length and the bytes.
///
/// Signatures and hashes are over *received* bytes, never over a re-encoding. Keeping both in one
/// value, which nobody can change, makes it impossible to check the one and act on another. Two
/// are equal when their bytes are.
#[derive(Debug, Clone)]
pub struct Exact<T, const MAX: usize> {
    bytes: Vec<u8>,
    value: T,
}

impl<T, const MAX: usize> Exact<T, MAX> {
    /// The limit in bytes.
    pub const MAX: usize = MAX;

    /// Encodes a value of our own, unless that is longer than the limit.
    pub fn of(value: T) -> Result<Self, TooLong>
    where
        T: Encode,
    {
        let bytes = encode(&value);
        TooLong::check(MAX, bytes.len())?;
        Ok(Self { bytes, value })
    }

    /// Decodes received bytes and keeps them.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, DecodeError>
    where
        T: Decode<()>,
    {
        if bytes.len() > MAX {
            return Err(DecodeError::TooLong {
                limit: MAX,
                found: bytes.len(),
            });
        }
        let value = decode(&bytes)?;
        Ok(Self { bytes, value })
    }

    /// The bytes as they came: what is signed and hashed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The value that the bytes say.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Keeps the bytes alone.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Keeps the value alone.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T, const MAX: usize> Deref for Exact<T, MAX> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T, const MAX: usize> PartialEq for Exact<T, MAX> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<T, const MAX: usize> Eq for Exact<T, MAX> {}

impl<T, const MAX: usize> Encode for Exact<T, MAX> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        write_bytes(encoder, &self.bytes)
    }
}

impl<C, T: Decode<()>, const MAX: usize> Decode<C> for Exact<T, MAX> {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, Refused> {
        let bytes = read_bytes(decoder, MAX)?;
        // The inner value has a budget of its own, justified by its own bytes.
        Self::parse(bytes).map_err(Refused::from)
    }
}

impl<'de, C, T: Decode<()>, const MAX: usize> BorrowDecode<'de, C> for Exact<T, MAX> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, Refused> {
        Self::decode(decoder)
    }
}
