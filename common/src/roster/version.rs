//! The version at the head of what is signed.

use crate::check::Check;
use crate::codec::coded_as;

/// The version of a signed structure, its first field. There is one so far.
///
/// It decodes first, so a structure of another version is refused as such, and what follows it is
/// never guessed at (PROTOCOL W3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u16);

impl Version {
    /// Version 1.
    pub const ONE: Self = Self(1);
}

coded_as!(
    Version as u16,
    |version| &version.0,
    |number| match number {
        number if Check::W3.holds(number == 1) => Ok(Version(number)),
        _ => Err("the version is not 1, the only one this program reads"),
    }
);
