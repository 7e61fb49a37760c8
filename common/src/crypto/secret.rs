//! Newtypes over secret bytes.

/// Declares a secret of fixed length: wiped when dropped, hidden in `Debug`, compared in constant
/// time, never cloned, so that every copy is visible as a call of `expose`.
macro_rules! secret_bytes {
    ($(#[$meta:meta])* $vis:vis struct $name:ident([u8; $len:expr]);) => {
        $(#[$meta])*
        #[derive(::zeroize::Zeroize, ::zeroize::ZeroizeOnDrop)]
        $vis struct $name([u8; $len]);

        impl $name {
            /// The length in bytes.
            pub const LEN: usize = $len;

            /// Takes secret bytes: fresh output of the system's generator, or what was once that.
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The secret itself, to be stored encrypted or sealed to somebody.
            pub const fn expose(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                $crate::crypto::equal(&self.0, &other.0)
            }
        }

        impl Eq for $name {}
    };
}

pub(super) use secret_bytes;

#[cfg(test)]
mod tests {
    use crate::crypto::chunked::ContentKey;

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(
            format!("{:?}", ContentKey::from_bytes([7; 32])),
            "ContentKey(..)"
        );
    }

    #[test]
    fn secrets_are_equal_when_their_bytes_are() {
        assert_eq!(
            ContentKey::from_bytes([7; 32]),
            ContentKey::from_bytes([7; 32])
        );
        assert_ne!(
            ContentKey::from_bytes([7; 32]),
            ContentKey::from_bytes([8; 32])
        );
    }
}
