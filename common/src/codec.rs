//! The one codec: bytes to values and back, exact and bounded.
//!
//! This file alone names `bincode`, so that the crate, which is unmaintained (RUSTSEC-2025-0141),
//! can be replaced in one place without a changed byte. The layout: integers little-endian at their
//! fixed width, structs and tuples as their fields in order, `[u8; N]` raw, `bool` and the tag of
//! an `Option` one byte (0 or 1), the variant of a derived enum a `u32` counted from 0 in the order
//! of declaration, everything of variable length a `u32` count and then the items.
//!
//! Wire types hold [`Text`], [`Bytes`], [`List`], [`SortedList`] and [`Exact`], never a plain
//! `String` or `Vec`: those carry no limit, and a `u64` count.

use thiserror::Error;

use crate::check::Check;

mod bounded;
mod coded_enum;
mod exact;
mod fixed_bytes;
mod list;

pub use bincode::{Decode, Encode};
pub use bounded::{Bytes, Text, TooLong};
pub use coded_enum::UnknownWord;
pub use exact::Exact;
pub use fixed_bytes::{NotHex, from_hex, to_hex};
pub use list::{List, ListError, SortedList};

pub use crate::{coded, coded_as, coded_choice, coded_enum, fixed_bytes};

/// What the macros of this module expand to, and hand-written types of this folder build on.
#[doc(hidden)]
pub mod wire {
    pub use bincode;
    pub use bincode::de::read::Reader;
    pub use bincode::de::{BorrowDecoder, Decoder};
    pub use bincode::enc::Encoder;
    pub use bincode::enc::write::Writer;
    pub use bincode::error::{AllowedEnumVariants, DecodeError as Refused, EncodeError};
    pub use bincode::{BorrowDecode, impl_borrow_decode};
}

/// The longest input that [`decode`] looks at, in bytes.
pub const INPUT_BYTES_MAX: usize = 16 << 20;

/// Up to this many bytes an input gets [`SMALL_BUDGET`], up to [`MEDIUM_BYTES`] the next.
const SMALL_BYTES: usize = 64 << 10;
const MEDIUM_BYTES: usize = 1 << 20;

/// What one call may allocate, in bytes: the bytes read plus the memory of every list at its
/// claimed count, before the list is allocated. Items take more room in memory than on the wire
/// (a `Text` 24 bytes more than its letters), so the budgets leave honest values a factor of 15,
/// 7 and 3. They are three constants because the codec below takes its limit as a constant.
const SMALL_BUDGET: usize = 1 << 20;
const MEDIUM_BUDGET: usize = 8 << 20;
const LARGE_BUDGET: usize = 64 << 20;

/// Reasons of our own, while they travel through the codec below.
const NOT_SORTED: &str = "not sorted";
const NOT_UTF8: &str = "not UTF-8";

/// Encodes a value. The same value always gives the same bytes.
pub fn encode<T: Encode>(value: &T) -> Vec<u8> {
    bincode::encode_to_vec(value, bincode::config::legacy())
        .expect("writing to memory does not fail, and lengths were checked when values were built")
}

/// Decodes a value from exactly these bytes.
///
/// What it accepts, [`encode`] turns into the same bytes again. It never panics, and allocates at
/// most 1 MiB for inputs up to 64 KiB, 8 MiB up to 1 MiB, and 64 MiB up to [`INPUT_BYTES_MAX`].
/// The value inside an [`Exact`] has a budget of its own, by the length of its own bytes.
pub fn decode<T: Decode<()>>(bytes: &[u8]) -> Result<T, DecodeError> {
    let config = bincode::config::legacy();
    let found = bytes.len();
    let (value, read) = if found <= SMALL_BYTES {
        bincode::decode_from_slice(bytes, config.with_limit::<SMALL_BUDGET>())?
    } else if found <= MEDIUM_BYTES {
        bincode::decode_from_slice(bytes, config.with_limit::<MEDIUM_BUDGET>())?
    } else if found <= INPUT_BYTES_MAX {
        bincode::decode_from_slice(bytes, config.with_limit::<LARGE_BUDGET>())?
    } else {
        return Err(DecodeError::TooLong {
            limit: INPUT_BYTES_MAX,
            found,
        });
    };
    match found - read {
        0 => Ok(value),
        bytes => Check::E1
            .found(Err(DecodeError::Trailing { bytes }))
            .map(|()| value),
    }
}

/// Why bytes are not the encoding of a value. Always the fault of whoever wrote them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes end before the value does.
    #[error("The bytes end before the value does.")]
    Truncated,
    /// Bytes follow after the end of the value.
    #[error("{bytes} bytes follow after the end of the value.")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// A length or count is above its limit.
    #[error("A length of {found} is above its limit of {limit}.")]
    TooLong {
        /// The most that is allowed here.
        limit: usize,
        /// What the bytes claim.
        found: usize,
    },
    /// The lists together would take more memory than the input justifies.
    #[error("The value would take more memory than its length justifies.")]
    TooLarge,
    /// A code that this version does not know, or a flag that is neither 0 nor 1.
    #[error("{code} is not a known code of {what}.")]
    UnknownCode {
        /// The name of the type.
        what: &'static str,
        /// The code found.
        code: u32,
    },
    /// A text is not UTF-8.
    #[error("A text is not UTF-8.")]
    NotUtf8,
    /// A list that must ascend strictly does not.
    #[error("A sorted list is out of order or repeats an item.")]
    NotSorted,
    /// A value has the right shape and breaks a rule of its type.
    #[error("A value breaks a rule: {0}.")]
    Invalid(&'static str),
}

impl DecodeError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Trailing { .. } => "trailing-bytes",
            Self::TooLong { .. } => "too-long",
            Self::TooLarge => "too-large",
            Self::UnknownCode { .. } => "unknown-code",
            Self::NotUtf8 => "not-utf8",
            Self::NotSorted => "not-sorted",
            Self::Invalid(_) => "invalid-value",
        }
    }
}

impl From<wire::Refused> for DecodeError {
    fn from(refused: wire::Refused) -> Self {
        use wire::Refused;
        match refused {
            Refused::UnexpectedEnd { .. } => Self::Truncated,
            Refused::OutsideUsizeRange(bytes) => Self::Trailing {
                bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            },
            Refused::ArrayLengthMismatch {
                required: limit,
                found,
            } => Self::TooLong { limit, found },
            Refused::LimitExceeded => Self::TooLarge,
            Refused::UnexpectedVariant {
                type_name: what,
                found: code,
                ..
            } => Self::UnknownCode { what, code },
            Refused::InvalidBooleanValue(code) => Self::UnknownCode {
                what: "bool",
                code: code.into(),
            },
            Refused::Other(NOT_UTF8) => Self::NotUtf8,
            Refused::Other(NOT_SORTED) => Self::NotSorted,
            Refused::Other(rule) => Self::Invalid(rule),
            _ => Self::Invalid("the codec refused it"),
        }
    }
}

/// The way back, for a value inside a value ([`Exact`]): it keeps the reason across the layer.
impl From<DecodeError> for wire::Refused {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Truncated => Self::UnexpectedEnd { additional: 1 },
            // No type of the wire has pointer size, so this variant is free to carry the count.
            DecodeError::Trailing { bytes } => {
                Self::OutsideUsizeRange(u64::try_from(bytes).unwrap_or(u64::MAX))
            }
            DecodeError::TooLong { limit, found } => Self::ArrayLengthMismatch {
                required: limit,
                found,
            },
            DecodeError::TooLarge => Self::LimitExceeded,
            DecodeError::UnknownCode { what, code } => unknown_code(what, code),
            DecodeError::NotUtf8 => Self::Other(NOT_UTF8),
            DecodeError::NotSorted => Self::Other(NOT_SORTED),
            DecodeError::Invalid(rule) => Self::Other(rule),
        }
    }
}

/// Refuses a code of the named type.
#[doc(hidden)]
pub fn unknown_code(what: &'static str, code: u32) -> wire::Refused {
    wire::Refused::UnexpectedVariant {
        type_name: what,
        allowed: &wire::AllowedEnumVariants::Allowed(&[]),
        found: code,
    }
}

/// Gives a struct or enum of another crate its encoding, as the two derives do in this one.
///
/// ```
/// maille_common::codec::coded! {
///     #[derive(Debug, PartialEq)]
///     pub struct Cursor { number: u64, last: bool }
/// }
/// # use maille_common::codec::{encode, decode};
/// let cursor = Cursor { number: 7, last: true };
/// assert_eq!(encode(&cursor), [7, 0, 0, 0, 0, 0, 0, 0, 1]);
/// assert_eq!(decode(&encode(&cursor)), Ok(cursor));
/// ```
#[macro_export]
macro_rules! coded {
    ($item:item) => {
        #[derive($crate::codec::Encode, $crate::codec::Decode)]
        #[bincode(crate = "maille_common::codec::wire::bincode")]
        $item
    };
}

/// Gives an enum of another crate its encoding. It names the two derives itself, because the fields
/// of its variants have to be bound where they were written.
///
/// ```
/// use maille_common::codec::{Decode, Encode, decode, encode};
/// maille_common::codec::coded_choice! {
///     #[derive(Debug, PartialEq, Encode, Decode)]
///     pub enum Mail { Alert { number: u64 }, Receipt { number: u64 } }
/// }
/// let mail = Mail::Receipt { number: 7 };
/// assert_eq!(encode(&mail), [1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
/// assert_eq!(decode(&encode(&mail)), Ok(mail));
/// ```
#[macro_export]
macro_rules! coded_choice {
    ($(#[$meta:meta])* pub $(($($scope:tt)+))? enum $($rest:tt)+) => {
        $(#[$meta])*
        #[bincode(crate = "maille_common::codec::wire::bincode")]
        pub $(($($scope)+))? enum $($rest)+
    };
}

/// Encodes a checked type as a plainer one and checks again on decoding.
///
/// The first function borrows the plain value, the second builds the checked one or names, as a
/// clause without a full stop, the rule that is broken ([`DecodeError::Invalid`]).
///
/// ```
/// #[derive(Debug, PartialEq)]
/// pub struct Percent(u8);
/// impl Percent {
///     fn checked(n: u8) -> Result<Self, &'static str> {
///         if n <= 100 { Ok(Self(n)) } else { Err("a share is above 100 percent") }
///     }
/// }
/// maille_common::codec::coded_as!(Percent as u8, |percent| &percent.0, Percent::checked);
/// # use maille_common::codec::decode;
/// assert_eq!(decode::<Percent>(&[100]), Ok(Percent(100)));
/// assert!(decode::<Percent>(&[101]).is_err());
/// ```
#[macro_export]
macro_rules! coded_as {
    ($type:ty as $plain:ty, $to_plain:expr, $from_plain:expr $(,)?) => {
        impl $crate::codec::Encode for $type {
            fn encode<E: $crate::codec::wire::Encoder>(
                &self,
                encoder: &mut E,
            ) -> ::core::result::Result<(), $crate::codec::wire::EncodeError> {
                let to_plain: fn(&$type) -> &$plain = $to_plain;
                $crate::codec::Encode::encode(to_plain(self), encoder)
            }
        }

        impl<C> $crate::codec::Decode<C> for $type {
            fn decode<D: $crate::codec::wire::Decoder<Context = C>>(
                decoder: &mut D,
            ) -> ::core::result::Result<Self, $crate::codec::wire::Refused> {
                let from_plain: fn($plain) -> ::core::result::Result<$type, &'static str> =
                    $from_plain;
                from_plain($crate::codec::Decode::<C>::decode(decoder)?)
                    .map_err($crate::codec::wire::Refused::Other)
            }
        }

        $crate::codec::wire::impl_borrow_decode!($type);
    };
}

#[cfg(test)]
mod tests;
