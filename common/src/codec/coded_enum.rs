//! Enums whose code on the wire and name for people stand beside each variant.

use thiserror::Error;

/// A word is not the name of any variant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{word}` is not one of: {}.", allowed.join(", "))]
pub struct UnknownWord {
    /// What was given.
    pub word: String,
    /// The names that exist, in the order of their codes.
    pub allowed: &'static [&'static str],
}

/// Declares an enum with a one-byte code on the wire and a name for people for each variant.
///
/// The codes are part of the protocol: they are written down, never counted. A code that this
/// version does not know is refused. The enum is `Copy`, ordered by code, and has `ALL`, `code`,
/// `from_code`, `name`, `Display` and `FromStr`.
///
/// ```
/// maille_common::codec::coded_enum! {
///     /// How soon somebody must look.
///     pub enum Urgency: u8 {
///         /// At once.
///         Immediate = 1 => "immediate",
///         /// Today.
///         Expected = 2 => "expected",
///     }
/// }
/// assert_eq!(Urgency::from_code(2), Some(Urgency::Expected));
/// assert_eq!("immediate".parse(), Ok(Urgency::Immediate));
/// let error = "soon".parse::<Urgency>().unwrap_err();
/// assert_eq!(error.to_string(), "`soon` is not one of: immediate, expected.");
/// ```
#[macro_export]
macro_rules! coded_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident: u8 {
            $($(#[$variant_meta:meta])* $variant:ident = $code:literal => $word:literal),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        $vis enum $name {
            $($(#[$variant_meta])* $variant = $code,)+
        }

        impl $name {
            /// Every variant, in the order of declaration.
            $vis const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The names of all variants, in the same order.
            $vis const NAMES: &'static [&'static str] = &[$($word),+];

            /// The code on the wire.
            $vis const fn code(self) -> u8 {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The variant with this code on the wire.
            $vis const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The name for people and configuration.
            $vis const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.name())
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::codec::UnknownWord;

            fn from_str(word: &str) -> ::core::result::Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(Self::Err { word: word.to_owned(), allowed: Self::NAMES }),
                }
            }
        }

        impl $crate::codec::Encode for $name {
            fn encode<E: $crate::codec::wire::Encoder>(
                &self,
                encoder: &mut E,
            ) -> ::core::result::Result<(), $crate::codec::wire::EncodeError> {
                $crate::codec::Encode::encode(&self.code(), encoder)
            }
        }

        impl<C> $crate::codec::Decode<C> for $name {
            fn decode<D: $crate::codec::wire::Decoder<Context = C>>(
                decoder: &mut D,
            ) -> ::core::result::Result<Self, $crate::codec::wire::Refused> {
                let code: u8 = $crate::codec::Decode::<C>::decode(decoder)?;
                Self::from_code(code)
                    .ok_or_else(|| $crate::codec::unknown_code(stringify!($name), code.into()))
            }
        }

        $crate::codec::wire::impl_borrow_decode!($name);
    };
}
