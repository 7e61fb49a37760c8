//! Newtypes over fixed arrays of bytes, and the hexadecimal they are shown in.

use std::fmt::Write;

use thiserror::Error;

/// A text is not the hexadecimal of as many bytes as wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{} hexadecimal digits are expected.", bytes * 2)]
pub struct NotHex {
    /// The number of bytes wanted.
    pub bytes: usize,
}

/// Writes bytes as lowercase hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to memory does not fail");
            text
        })
}

/// Reads exactly `N` bytes from hexadecimal, of either case.
pub fn from_hex<const N: usize>(text: &str) -> Result<[u8; N], NotHex> {
    let refused = NotHex { bytes: N };
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return Err(refused);
    }
    let digit = |at: usize| {
        char::from(digits[at])
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        let (high, low) = digit(2 * index).zip(digit(2 * index + 1)).ok_or(refused)?;
        *byte = high << 4 | low;
    }
    Ok(bytes)
}

/// Declares a newtype over a fixed array of bytes.
///
/// It is raw on the wire, without a length; shown and read in lowercase hexadecimal; `short` gives
/// the first eight digits for logs. Not for secrets: it prints, compares and copies.
///
/// ```
/// maille_common::codec::fixed_bytes! {
///     /// Names a parcel.
///     pub struct ParcelId([u8; 8]);
/// }
/// let id: ParcelId = "00112233445566ff".parse()?;
/// assert_eq!(id.as_bytes()[7], 0xff);
/// assert_eq!(id.to_string(), "00112233445566ff");
/// assert_eq!(id.short(), "00112233");
/// # Ok::<(), maille_common::codec::NotHex>(())
/// ```
#[macro_export]
macro_rules! fixed_bytes {
    ($(#[$meta:meta])* $vis:vis struct $name:ident([u8; $len:expr]);) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $name([u8; $len]);

        impl $name {
            /// The length in bytes.
            $vis const LEN: usize = $len;

            /// Takes bytes as they are.
            $vis const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            $vis const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// The first eight hexadecimal digits, for logs. Never compare these.
            $vis fn short(&self) -> String {
                $crate::codec::to_hex(&self.0[..4])
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(&$crate::codec::to_hex(&self.0))
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::codec::NotHex;

            fn from_str(text: &str) -> ::core::result::Result<Self, Self::Err> {
                $crate::codec::from_hex(text).map(Self)
            }
        }

        $crate::codec::coded_as!($name as [u8; $len], |value| &value.0, |bytes| Ok(Self(bytes)));
    };
}
