//! Lists with a stated limit: a `u32` count, then the items.

use std::ops::Deref;
use std::slice;

use thiserror::Error;

use super::bounded::{TooLong, read_count, write_count};
use super::wire::{BorrowDecode, BorrowDecoder, Decoder, EncodeError, Encoder, Refused};
use super::{Decode, Encode, NOT_SORTED};
use crate::check::Check;

/// At most `MAX` items in the order given. An item takes at least one byte on the wire.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct List<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> List<T, MAX> {
    /// The limit in items.
    pub const MAX: usize = MAX;

    /// Takes items, unless they are more than the limit.
    pub fn new(items: impl Into<Vec<T>>) -> Result<Self, TooLong> {
        let items = items.into();
        TooLong::check(MAX, items.len())?;
        Ok(Self(items))
    }

    /// A list of nothing.
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// The items.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// Gives the items back.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

/// At most `MAX` items, each greater than the one before: a set with one encoding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SortedList<T, const MAX: usize>(Vec<T>);

impl<T: Ord, const MAX: usize> SortedList<T, MAX> {
    /// The limit in items.
    pub const MAX: usize = MAX;

    /// Sorts the items, and refuses two equal ones or more than the limit.
    pub fn new(items: impl Into<Vec<T>>) -> Result<Self, ListError> {
        let mut items = items.into();
        TooLong::check(MAX, items.len())?;
        items.sort();
        if ascends(&items) {
            Ok(Self(items))
        } else {
            Err(ListError::Repeated)
        }
    }

    /// Whether an equal item is in the list, by binary search.
    pub fn has(&self, item: &T) -> bool {
        self.0.binary_search(item).is_ok()
    }
}

impl<T, const MAX: usize> SortedList<T, MAX> {
    /// A list of nothing.
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// The items, ascending.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// Gives the items back.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

/// Why items do not make a sorted list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ListError {
    /// There are more items than the limit.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// Two items are equal.
    #[error("An item stands twice in a list that may hold it once.")]
    Repeated,
}

/// Whether each item is greater than the one before.
fn ascends<T: Ord>(items: &[T]) -> bool {
    items.is_sorted_by(|left, right| left < right)
}

/// Room that a count alone is believed for, in bytes: a longer list grows as its items come.
const RESERVED_BYTES_MAX: usize = 512 * 1024;

/// Reads a list. Its memory is claimed from the budget of the call and never given back, so that
/// nested lists cannot take more together than one could alone.
fn read_items<C, T: Decode<C>, D: Decoder<Context = C>>(
    decoder: &mut D,
    max: usize,
) -> Result<Vec<T>, Refused> {
    let count = read_count(decoder, max)?;
    decoder.claim_container_read::<T>(count)?;
    let believed = RESERVED_BYTES_MAX / size_of::<T>().max(1);
    let mut items = Vec::with_capacity(count.min(believed));
    for _ in 0..count {
        items.push(T::decode(decoder)?);
    }
    Ok(items)
}

impl<C, T: Decode<C>, const MAX: usize> Decode<C> for List<T, MAX> {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, Refused> {
        read_items(decoder, MAX).map(Self)
    }
}

impl<C, T: Decode<C> + Ord, const MAX: usize> Decode<C> for SortedList<T, MAX> {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, Refused> {
        let items = read_items(decoder, MAX)?;
        if Check::E1.holds(ascends(&items)) {
            Ok(Self(items))
        } else {
            Err(Refused::Other(NOT_SORTED))
        }
    }
}

impl<'de, C, T: Decode<C> + Ord, const MAX: usize> BorrowDecode<'de, C> for SortedList<T, MAX> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, Refused> {
        Self::decode(decoder)
    }
}

impl<'de, C, T: Decode<C>, const MAX: usize> BorrowDecode<'de, C> for List<T, MAX> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, Refused> {
        Self::decode(decoder)
    }
}

/// What both lists have in common.
macro_rules! list_traits {
    ($list:ident) => {
        impl<T: Encode, const MAX: usize> Encode for $list<T, MAX> {
            fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
                write_count(encoder, self.0.len())?;
                self.0.iter().try_for_each(|item| item.encode(encoder))
            }
        }

        impl<T, const MAX: usize> Default for $list<T, MAX> {
            fn default() -> Self {
                Self::empty()
            }
        }

        impl<T, const MAX: usize> Deref for $list<T, MAX> {
            type Target = [T];

            fn deref(&self) -> &[T] {
                &self.0
            }
        }

        impl<T, const MAX: usize> IntoIterator for $list<T, MAX> {
            type Item = T;
            type IntoIter = std::vec::IntoIter<T>;

            fn into_iter(self) -> Self::IntoIter {
                self.0.into_iter()
            }
        }

        impl<'a, T, const MAX: usize> IntoIterator for &'a $list<T, MAX> {
            type Item = &'a T;
            type IntoIter = slice::Iter<'a, T>;

            fn into_iter(self) -> Self::IntoIter {
                self.0.iter()
            }
        }
    };
}

list_traits!(List);
list_traits!(SortedList);
